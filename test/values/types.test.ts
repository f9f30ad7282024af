import assert from 'node:assert/strict';
import { test } from 'node:test';
import { registerError, registerType } from 'heddle';
import { HeddleError, UsageError } from '../../src/lib/heddle-error.ts';
import { diagnose } from '../../src/values/diagnosis.ts';
import { decodeValue, encodeValue } from '../../src/values/encode.ts';
import { RemoteError } from '../../src/values/error-record.ts';
import { encodeThrown } from '../../src/values/thrown.ts';
import { decodeThrown } from '../../src/values/thrown-again.ts';
import { packed } from '../../src/values/travels.ts';

class Money {
  readonly #cents: number;

  constructor(cents: number) {
    this.#cents = cents;
  }

  get cents(): number {
    return this.#cents;
  }
}
registerType(Money, { tag: 'Money', encode: (money) => money.cents, decode: (cents: number) => new Money(cents) });

class Price {
  readonly amount: Money;
  readonly notes: unknown;

  private constructor(amount: Money, notes?: unknown) {
    this.amount = amount;
    this.notes = notes;
  }

  static of(amount: Money, notes?: unknown): Price {
    return new Price(amount, notes);
  }
}
registerType(Price, {
  tag: 'Price',
  encode: ({ amount, notes }) => [amount, notes] as const,
  decode: ([amount, notes]) => Price.of(amount, notes),
});

class HttpError extends Error {
  readonly status: number;
  readonly #secret: string;

  constructor(message: string, status: number) {
    super(message);
    this.name = 'HttpError';
    this.status = status;
    this.#secret = `of ${status}`;
  }

  get secret(): string {
    return this.#secret;
  }
}
class NotFoundError extends HttpError {}
registerError(HttpError, { decode: (error) => new HttpError(error.message, Number(error['status'])) });

class TimeoutError extends Error {
  get isTimeout(): boolean {
    return true;
  }
}
registerError(TimeoutError);

test('an instance of a registered class arrives as one, wherever in a value it is', () => {
  const money = new Money(5);
  const value = { rows: [{ price: money }, money], byName: new Map([['a', money]]), all: new Set([money]) };

  const back = arrived(value) as typeof value;

  const [row, alone] = back.rows as [{ price: Money }, Money];
  assert.ok(alone instanceof Money);
  assert.equal(alone.cents, 5);
  assert.ok(row.price === alone && back.byName.get('a') === alone && back.all.has(alone));
  assert.deepEqual(diagnose(value).changed, []);
});

test('the value that is sent stays as it is, and so do the parts around', () => {
  const shared = { a: [1, 2] };
  const value = { shared, again: shared, price: new Money(1) };
  const before = Object.entries(value);

  const back = arrived(value) as typeof value;

  assert.deepEqual(Object.entries(value), before);
  assert.equal(back.shared, back.again);
});

test('what encode gives may hold instances of other registered types, and errors and URLs', () => {
  const notes = [new URL('https://a.b'), Object.assign(new Error('m'), { code: 'E' })];

  const back = arrived(Price.of(new Money(7), notes)) as Price;

  assert.ok(back instanceof Price && back.amount instanceof Money);
  assert.equal(back.amount.cents, 7);
  assert.deepEqual(back.notes, notes);
});

test('an instance within an instance of a class that is not registered arrives, and the outer one is told', () => {
  class Order {
    readonly price = new Money(3);
  }

  const { changed, packed: sent } = diagnose([new Order()]);

  assert.deepEqual(
    changed.map(({ path, kind }) => [path, kind]),
    [['[0]', 'class']],
  );
  const [order] = decodeValue(encodeValue(sent)) as [Order];
  assert.ok(order.price instanceof Money);
});

test('a subclass of a registered class is another class', () => {
  class Tip extends Money {}

  assert.equal(diagnose(new Tip(1)).changed[0]?.kind, 'class');
});

test('an encode that throws, or gives what cannot travel, is told with its place', () => {
  class Broken {
    readonly is = 1;
  }
  class Live {
    readonly is = 1;
  }
  registerType(Broken, { tag: 'Broken', encode: () => fail('no cents'), decode: () => new Broken() });
  registerType(Live, { tag: 'Live', encode: () => ({ socket: Promise.resolve(1) }), decode: () => new Live() });

  const [broken, live] = diagnose({ rows: [new Broken(), new Live()] }).refused;

  assert.deepEqual(
    [broken?.path, broken?.what],
    ['.rows[0]', 'is a Broken (class instance) whose registered encode() threw: no cents'],
  );
  assert.deepEqual([live?.path, live?.what], ['.rows[1].encode().socket', 'is a Promise']);
});

test('an instance whose data holds the instance is refused, since neither could be made first', () => {
  const looped: unknown[] = [];
  const price = Price.of(new Money(1), looped);
  looped.push(price);

  const [finding] = diagnose([price]).refused;

  assert.deepEqual([finding?.path, finding?.what], ['[0]', 'is a Price (class instance) that holds itself']);
});

test('an instance inside of a cycle of other things arrives', () => {
  const around: { self?: unknown; price: Price } = { price: Price.of(new Money(1)) };
  around.self = around;

  const back = arrived(around) as typeof around;

  assert.equal(back.self, back);
  assert.equal(back.price.amount.cents, 1);
});

test('a value of a type that is not known where it arrives is an error that says where to register it', () => {
  class Local {
    readonly is = 1;
  }
  registerType(Local, { tag: 'Local', encode: () => 1, decode: () => new Local() });
  const bytes = encodeValue(packed([new Local()]));
  const elsewhere = Buffer.from(Buffer.from(bytes).toString('latin1').replace('Local', 'Alien'), 'latin1');

  assert.throws(
    () => decodeValue(elsewhere),
    (error) =>
      error instanceof HeddleError &&
      error.code === 'TYPE_NOT_REGISTERED' &&
      error.message ===
        `a value of type 'Alien' arrived where no such type is registered. Call registerType(…, { tag: 'Alien', … }) ` +
          `at the top level of a module, which workers can import.`,
  );
  const passedOn = encodeValue(decodeValue(elsewhere, { unknownTypes: 'pass on' }));
  assert.ok(elsewhere.equals(passedOn));
});

test('a decode that throws is an error that names the type', () => {
  class Fragile {
    readonly is = 1;
  }
  registerType(Fragile, { tag: 'Fragile', encode: () => 1, decode: () => fail('bad data') });

  assert.throws(() => arrived(new Fragile()), { code: 'TYPE_CODEC_FAILED', tag: 'Fragile', message: /bad data/ });
});

for (const [name, made] of [
  ['nothing', undefined],
  ['a number', 5],
  ['a Promise', Promise.resolve({})],
] as const) {
  test(`a decode that gives ${name} in place of an instance is an error that names the type`, () => {
    class Odd {
      readonly is = 1;
    }
    const tag = `odd ${name}`;
    registerType(Odd, { tag, encode: () => 1, decode: () => made as unknown as Odd });

    assert.throws(() => arrived(new Odd()), { code: 'TYPE_CODEC_FAILED', tag, message: /must return the instance/ });
  });
}

for (const [name, made] of [
  ['a plain object', { plain: true }],
  ['an error that is frozen', Object.freeze(new RangeError('m'))],
] as const) {
  test(`a decode may give ${name}, which is what arrives`, () => {
    class Lent {
      readonly is = 1;
    }
    registerType(Lent, { tag: `lent ${name}`, encode: () => 1, decode: () => made as unknown as Lent });

    const [first, second] = arrived([new Lent(), new Lent()]) as unknown[];

    assert.ok(first === made && second === made);
  });
}

test('an error that cannot be given its own message and stack is not rebuilt, and says so', () => {
  class FrozenError extends Error {}
  registerError(FrozenError, { decode: () => Object.freeze(new FrozenError('another')) });

  const back = decodeThrown(encodeThrown(new FrozenError('m')));

  assert.ok(back instanceof RemoteError);
  const { message, notRebuilt } = back as RemoteError & { notRebuilt?: string };
  assert.equal(message, 'm');
  assert.match(
    notRebuilt ?? '',
    /^the decode\(\) that is registered for 'FrozenError' threw: Cannot redefine property/,
  );
});

test('an error of a registered class arrives as one, thrown or not, with its stack and its private fields', () => {
  const error = Object.assign(new HttpError('down', 503), { url: new URL('https://a.b'), price: new Money(2) });

  for (const back of [decodeThrown(encodeThrown(error)), arrived(error) as Error]) {
    assert.ok(back instanceof HttpError);
    assert.deepEqual([back.status, back.secret, back.stack, back.name], [503, 'of 503', error.stack, 'HttpError']);
    const { url, price } = back as typeof error;
    assert.deepEqual([url.href, price.cents], ['https://a.b/', 2]);
    assert.ok(!('notSent' in back) && !('remoteClass' in back));
  }
  assert.deepEqual(diagnose(error).changed, []);
});

test('without a decode, an error of a registered class has its methods and fields', () => {
  const back = decodeThrown(encodeThrown(Object.assign(new TimeoutError('late'), { afterMs: 5 })));

  assert.ok(back instanceof TimeoutError && back.isTimeout);
  assert.deepEqual([back.message, (back as { afterMs?: number }).afterMs], ['late', 5]);
});

test('an error of a subclass arrives as one of the nearest registered class, which is told when it is data', () => {
  const back = decodeThrown(encodeThrown(new NotFoundError('gone', 404)));

  assert.equal(Object.getPrototypeOf(back), HttpError.prototype);
  assert.equal(diagnose(new NotFoundError('gone', 404)).changed[0]?.kind, 'error');
});

test('a thrown error arrives even if its class is not known, its decode throws, or a type in a field is unknown', () => {
  const record = encodeThrown(Object.assign(new HttpError('down', 503), { price: new Money(2) }));
  const text = JSON.stringify(record).replace('"tag":"HttpError"', '"tag":"Unknown"');
  const unknown = decodeThrown(JSON.parse(text));
  registerError(NotFoundError, { decode: () => fail('no such luck') });
  const broken = decodeThrown(encodeThrown(new NotFoundError('gone', 404)));

  assert.ok(unknown instanceof RemoteError);
  assert.deepEqual([unknown.remoteClass, unknown.message], [['HttpError', 'Error'], 'down']);
  assert.ok(broken instanceof RemoteError);
  assert.match((broken as { notRebuilt?: string }).notRebuilt ?? '', /no such luck/);
});

test('registering is checked at once', () => {
  class Other {
    readonly is = 1;
  }
  const codec = { tag: 'Other', encode: () => 1, decode: () => new Other() };
  const wrong: [() => void, string, RegExp][] = [
    [() => registerType('Other' as never, codec), 'INVALID_TYPE', /takes a class first; got 'Other'/],
    [() => registerType(Map, { ...codec, decode: () => new Map() }), 'INVALID_TYPE', /a Map travels as it is/],
    [() => registerType(HttpError, codec as never), 'INVALID_TYPE', /Use registerError\(HttpError\)/],
    [() => registerError(Other as never), 'INVALID_TYPE', /Other is no class of errors/],
    [() => registerType(Other, { ...codec, tag: 'Money' }), 'TYPE_TAG_TAKEN', /'Money' is that of the class Money/],
    [() => registerType(Other, { ...codec, tag: 'heddle:Other' }), 'INVALID_OPTION', /does not begin with 'heddle:'/],
    [() => registerType(Other, { ...codec, endcode: 1 } as never), 'UNKNOWN_OPTION', /'encode'/],
    [() => registerType(Other, { tag: 'Other' } as never), 'INVALID_OPTION', /needs the option 'encode'/],
  ];

  for (const [call, code, message] of wrong) {
    assert.throws(call, (error) => {
      assert.ok(error instanceof UsageError);
      assert.equal(error.code, code);
      assert.match(error.message, message);
      return true;
    });
  }
});

test('a class that is loaded again takes the place of the one before: its module may be there twice', () => {
  const again = {
    Money: class Money {
      readonly is = 1;
    },
  };

  registerType(again.Money, { tag: 'Money', encode: () => 9, decode: () => new again.Money() });

  assert.ok(arrived(new Money(5)) instanceof again.Money);
});

function arrived(value: unknown): unknown {
  return decodeValue(encodeValue(packed(value)));
}

function fail(message: string): never {
  throw new Error(message);
}
