import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkOptions, describe as describeValue, rules } from '../../src/lib/options.ts';

const known = {
  retries: { ...rules.count, elsewhere: ['attempts', 'maxTries'] },
  workers: rules.positiveCount,
  name: rules.text,
  port: rules.port,
};
const check = (options: unknown) => checkOptions(`task 'load'`, options as object, known);

test('options that fit, are absent or undefined pass', () => {
  check({});
  check({ retries: 0, workers: 1, name: 'x', port: 65_535 });
  check({ retries: undefined });
});

test('an option that must be given is missed', () => {
  const needy = { ...known, name: { ...rules.text, isRequired: true } };

  for (const options of [{}, { name: undefined }]) {
    assert.throws(() => checkOptions(`task 'load'`, options, needy), {
      code: 'INVALID_OPTION',
      message: `option 'name' of task 'load' should be a text that is not empty; got undefined`,
    });
  }
  checkOptions(`task 'load'`, { name: 'x' }, needy);
});

test('an unknown option is an error that knows whose it is and what was meant', () => {
  assert.throws(() => check({ retrys: 3 }), {
    name: 'TypeError',
    code: 'UNKNOWN_OPTION',
    owner: `task 'load'`,
    option: 'retrys',
    message: `task 'load' has no option 'retrys'. Did you mean 'retries'?`,
  });
});

test('an unknown option that resembles none is answered with all there are', () => {
  assert.throws(() => check({ cacheFor: 3 }), {
    code: 'UNKNOWN_OPTION',
    message: `task 'load' has no option 'cacheFor'. It takes: retries, workers, name, port.`,
  });
});

test('an option that is called otherwise elsewhere is answered with its name here', () => {
  assert.throws(() => check({ attempts: 3 }), {
    code: 'UNKNOWN_OPTION',
    message: `task 'load' has no option 'attempts'. Here it is 'retries'.`,
  });
  assert.throws(() => check({ max_tries: 3 }), {
    message: `task 'load' has no option 'max_tries'. Here it is 'retries'.`,
  });
});

test('an unknown option that belongs inside of another is answered with where it is to stand', () => {
  const ofRun = { parameters: { ...rules.anything, members: ['path', 'workers'] }, signal: rules.anything };
  const run = (options: object) => checkOptions('f.run()', options, ofRun);

  assert.throws(() => run({ path: 1 }), {
    message: `f.run() has no option 'path'. Write it as parameters: { path: … }.`,
  });
  assert.throws(() => run({ worker: 1 }), {
    message: `f.run() has no option 'worker'. Did you mean parameters: { workers: … }?`,
  });
  assert.throws(() => run({ rows: 1 }), {
    message: `f.run() has no option 'rows'. It takes: parameters (path, workers), signal.`,
  });
});

test('what holds nothing by name, like a promise that was not awaited, is not taken for no options at all', () => {
  const none = Object.create(null) as object;
  const later = Promise.resolve({ retries: 3 });

  check(none);
  for (const [given, got] of [
    [later, 'a Promise'],
    [new Map([['retries', 3]]), 'a Map'],
    [new Date(0), 'a Date'],
  ] as const) {
    assert.throws(() => check(given), {
      code: 'INVALID_OPTION',
      message: new RegExp(`should be an object.*; got ${got}$`),
    });
  }
  check(
    new (class Options {
      retries = 3;
    })(),
  );
});

test('the options of an object of a class may be methods and getters', () => {
  class Given {
    get retries() {
      return 3;
    }
  }

  check(new Given());
});

test('a name that every object has is no option for that', () => {
  assert.throws(() => check({ constructor: 3 }), { code: 'UNKNOWN_OPTION', option: 'constructor' });
  assert.throws(() => check({ toString: 3 }), { code: 'UNKNOWN_OPTION', option: 'toString' });
});

const wrong: [options: object, message: string][] = [
  [{ retries: -1 }, `option 'retries' of task 'load' should be a whole number, 0 or more; got -1`],
  [{ retries: 1.5 }, `option 'retries' of task 'load' should be a whole number, 0 or more; got 1.5`],
  [{ retries: '3' }, `option 'retries' of task 'load' should be a whole number, 0 or more; got '3'`],
  [{ retries: null }, `option 'retries' of task 'load' should be a whole number, 0 or more; got null`],
  [{ workers: 0 }, `option 'workers' of task 'load' should be a whole number, 1 or more; got 0`],
  [{ name: '' }, `option 'name' of task 'load' should be a text that is not empty; got ''`],
  [{ port: 65_536 }, `option 'port' of task 'load' should be a port number from 0 to 65535; got 65536`],
];

for (const [options, message] of wrong) {
  test(`${JSON.stringify(options)} is refused with what was expected and what came`, () => {
    assert.throws(() => check(options), { name: 'TypeError', code: 'INVALID_OPTION', message });
  });
}

test('what is no object at all is refused in a few words', () => {
  const message = (shown: string) =>
    `the options of task 'load' should be an object, such as { retries: … }; got ${shown}`;
  assert.throws(() => check(null), { code: 'INVALID_OPTION', message: message('null') });
  assert.throws(() => check('3'), { code: 'INVALID_OPTION', message: message(`'3'`) });
  assert.throws(() => check(function load() {}), { code: 'INVALID_OPTION', message: message('the function load') });
  assert.throws(() => check(['retries']), { code: 'INVALID_OPTION', message: message('an array of 1') });
});

class Money {
  readonly cents = 5;
}

const described: [value: unknown, words: string][] = [
  ['text', `'text'`],
  [3, '3'],
  [3n, '3'],
  [null, 'null'],
  [undefined, 'undefined'],
  [Symbol('s'), 'Symbol(s)'],
  [function load() {}, 'the function load'],
  [() => {}, 'the function (anonymous)'],
  [[1, 2], 'an array of 2'],
  [{}, 'an object'],
  [Object.create(null), 'an object'],
  [new Map(), 'a Map'],
  [new Money(), 'a Money'],
];

for (const [value, words] of described) {
  test(`a value in a few words: ${words}`, () => {
    assert.equal(describeValue(value), words);
  });
}
