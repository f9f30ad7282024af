import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Packr, pack } from 'msgpackr';
import {
  decodeFromClient,
  decodeFromPeer,
  decodeFromWorker,
  decodeToClient,
  decodeToWorker,
  encodeMessages,
  weigh,
} from '../../src/protocol/codec.ts';
import type { Decode } from '../../src/protocol/codec.ts';
import type { FromWorker, Message } from '../../src/protocol/messages.ts';
import { ProtocolError } from '../../src/protocol/protocol-error.ts';
import { fromClient, fromWorker, toClient, toWorker } from './arbitraries.ts';

const decoders = { decodeFromWorker, decodeToWorker, decodeFromClient, decodeToClient, decodeFromPeer };

test('every message of every direction arrives as it was sent', () => {
  roundTrips(fromWorker(), decodeFromWorker);
  roundTrips(toWorker(), decodeToWorker);
  roundTrips(fromClient(), decodeFromClient);
  roundTrips(toClient(), decodeToClient);
  roundTrips(fc.oneof(fromWorker(), fromClient()), decodeFromPeer);
});

test('a batch of no messages is a batch', () => {
  assert.deepEqual(decodeToWorker(encodeMessages([])), []);
});

test('a message of another direction is refused', () => {
  const frame = encodeMessages([{ type: 'forget', array: 1 }]);

  assert.throws(() => decodeFromWorker(frame), violation('no message of type "forget" may come this way'));
});

test('a refusal names the message, the field, what was expected and what came', () => {
  const block = { start: 0, count: '2', bytes: new Uint8Array(3) };
  const chunk = { array: 1, attempt: 1, ranges: [], lanes: 1, inputs: [{ array: 0, blocks: [block] }] };
  const frame = pack([{ type: 'run', ...chunk, notes: [], timedOut: [] }]);

  assert.throws(
    () => decodeToWorker(frame),
    violation('"run" message: inputs[0].blocks[0].count: expected a whole number from 0, got "2"', {
      messageType: 'run',
      path: '.inputs[0].blocks[0].count',
    }),
  );
});

for (const [what, batch, text] of [
  ['no list', { type: 'ended', attempt: 1 }, 'expected a batch of messages, got an object'],
  ['no message', [7], 'expected a message, got 7'],
  ['no type', [{}], 'no message of type nothing may come this way'],
  ['a type that every object has', [{ type: 'constructor' }], 'no message of type "constructor" may come this way'],
  ['a field too few', [{ type: 'ended' }], '"ended" message: attempt: expected a whole number from 0, got nothing'],
  ['a fraction', [ended(1.5)], '"ended" message: attempt: expected a whole number from 0, got 1.5'],
  ['a negative number', [ended(-1)], '"ended" message: attempt: expected a whole number from 0, got -1'],
  ['no number', [ended(Number.NaN)], '"ended" message: attempt: expected a whole number from 0, got NaN'],
  [
    'a 64-bit integer',
    [ended(2n ** 60n)],
    '"ended" message: attempt: expected a whole number from 0, got a 64-bit integer',
  ],
  ['null', [ended(null)], '"ended" message: attempt: expected a whole number from 0, got null'],
] as const) {
  test(`a batch with ${what} is refused`, () => {
    assert.throws(() => decodeFromWorker(pack(batch)), violation(text));
  });
}

test('a word outside of the list of words is refused', () => {
  const lost = { type: 'lost', attempt: 1, indices: [2], loss: { kind: 'toString' } };

  assert.throws(
    () => decodeFromWorker(pack([lost])),
    violation(
      '"lost" message: loss.kind: expected not-started or exit or out-of-memory or worker-memory or error or worker-left or timeout or cancelled, got "toString"',
    ),
  );
});

test('a field that only a later version knows is let be, so that its hello can be answered', () => {
  const hello = {
    type: 'hello',
    role: 'worker',
    protocol: 2,
    heddle: '9',
    node: '26',
    name: 'a',
    threads: 1,
    colour: 'red',
  };

  assert.equal(decodeFromPeer(pack([hello]))[0]?.type, 'hello');
});

test('a worker with more threads than any machine has is not believed', () => {
  const self = { role: 'worker', protocol: 1, heddle: '1', node: '24', name: 'eve' };

  assert.throws(
    () => decodeFromPeer(pack([{ type: 'hello', ...self, threads: 2 ** 40 }])),
    violation('"hello" message: threads: expected a whole number from 0 to 65536, got 1099511627776'),
  );
});

test('a time of 64 bits is refused like any other that is none', () => {
  const record = { time: 2n ** 60n, level: 'info', message: '' };

  assert.throws(
    () => decodeFromWorker(pack([{ type: 'logs', attempt: 1, records: [record] }])),
    violation('"logs" message: records[0].time: expected a time, got a 64-bit integer'),
  );
});

test('a body owns its memory, and is a plain Uint8Array whatever was sent', () => {
  const frame = Buffer.from(encodeMessages([settled(Buffer.from([1, 2, 3])), settled(new Uint8Array([4]))]));

  const [first, second] = decodeFromWorker(frame) as [ReturnType<typeof settled>, ReturnType<typeof settled>];
  frame.fill(0);

  assert.deepEqual(first.bytes, new Uint8Array([1, 2, 3]));
  assert.equal(first.bytes.buffer.byteLength, 3);
  assert.deepEqual(second.bytes, new Uint8Array([4]));
});

test('a frame is not touched by what is encoded after it', () => {
  const sizes = [10, 300_000, 20, 5_000_000, 30];
  const frames = sizes.map((size, i) => encodeMessages([settled(new Uint8Array(size).fill(i + 1))]));

  const bodies = frames.map((frame) => (decodeFromWorker(frame)[0] as ReturnType<typeof settled>).bytes);

  assert.deepEqual(
    bodies.map((body) => [body.length, body[0], body.at(-1)]),
    sizes.map((size, i) => [size, i + 1, i + 1]),
  );
});

test('a small frame does not keep the memory of a big one alive', () => {
  encodeMessages([settled(new Uint8Array(50_000_000))]);

  assert.ok(encodeMessages([settled(new Uint8Array(1))]).buffer.byteLength < 1_000_000);
});

test('bytes in shared memory are sent like any others', () => {
  const shared = new Uint8Array(new SharedArrayBuffer(4)).fill(9);

  const [message] = decodeFromWorker(encodeMessages([settled(shared)]));

  assert.deepEqual(message, settled(new Uint8Array(4).fill(9)));
});

test('no message is heavier than it was weighed', () => {
  fc.assert(
    fc.property(fc.oneof(fromWorker(), toWorker(), fromClient(), toClient()), (message) => {
      assert.ok(encodeMessages([message]).length - 1 <= weigh(message));
    }),
  );
});

test('a length that the frame cannot hold is refused before anything is made of that length', () => {
  for (const token of [0xc6, 0xdb, 0xdd, 0xdf]) {
    const problem = token < 0xdd ? /it ends too early/ : /it promises more values than it has bytes/;
    assertRefused(Uint8Array.of(token, 0xff, 0xff, 0xff, 0xff), problem);
    assertRefused(Uint8Array.of(0x91, token, 0xff, 0xff, 0xff, 0xf0, 1, 2, 3), problem);
  }
});

test('a frame that ends too early or goes on too long is refused [D097]', () => {
  const frame = encodeMessages([{ type: 'draining' }]);

  assertRefused(new Uint8Array(0), /it ends too early/);
  assertRefused(frame.subarray(0, -1), /it ends too early/);
  assertRefused(Uint8Array.of(...frame, 0x90), /1 bytes follow its end/);
});

test('lists in lists do not reach the end of the stack', () => {
  assertRefused(new Uint8Array(5_000_000).fill(0x91), /nested deeper than 16 levels/);
  assertRefused(new Uint8Array(5_000_000).fill(0x81), /nested deeper than 16 levels/);
});

test('what msgpackr would rebuild and no message needs is refused unread [D099]', () => {
  const generous = new Packr({ structuredClone: true, useBigIntExtension: true, useRecords: false });
  for (const value of [undefined, new Date(0), /x/, new Set([1]), new Error('x'), 2n ** 80n, new Float64Array(1)]) {
    assertRefused(generous.pack([{ ...ended(1), extra: value }]));
  }
  // A record, a reference to something, and the token that MessagePack never uses.
  assertRefused(Uint8Array.of(0x91, 0xd4, 0x72, 0x40, 0x91, 0xa1, 0x61, 0x01));
  assertRefused(Uint8Array.of(0x91, 0xd6, 0x70, 0, 0, 0, 1));
  assertRefused(Uint8Array.of(0x91, 0xc1));
});

test('a key named __proto__ changes nobody', () => {
  const frame = encodeMessages([JSON.parse('{"type":"ended","attempt":1,"__proto__":{"stolen":true}}') as FromWorker]);

  const [message] = decodeFromWorker(frame);

  assert.equal((message as { stolen?: boolean }).stolen, undefined);
});

test('whatever arrives, it is messages or a ProtocolError', () => {
  const frame = fc
    .oneof(fromWorker(), toWorker(), fromClient(), toClient())
    .map((message) => encodeMessages([message]));
  const random = fc.uint8Array({ maxLength: 64 });
  const truncated = fc.tuple(frame, fc.nat(400)).map(([bytes, end]) => bytes.subarray(0, end % bytes.length));
  const edit = fc.tuple(fc.nat(4000), fc.nat(255));
  const mutated = fc.tuple(frame, fc.array(edit, { minLength: 1, maxLength: 4 })).map(([bytes, edits]) => {
    const copy = Uint8Array.from(bytes);
    for (const [at, value] of edits) copy[at % copy.length] = value;
    return copy;
  });

  fc.assert(
    fc.property(fc.oneof(random, truncated, mutated), (bytes) => {
      for (const decode of Object.values(decoders)) assertMessagesOrRefusal(decode, bytes);
    }),
    { numRuns: 20_000 },
  );
});

function assertMessagesOrRefusal(decode: Decode<Message>, bytes: Uint8Array): void {
  let messages: Message[];
  try {
    messages = decode(bytes);
  } catch (error) {
    assert.ok(error instanceof ProtocolError, `expected a ProtocolError, got ${String(error)}`);
    return;
  }
  // What was let in would be let in again by the next end.
  assert.equal(decode(encodeMessages(messages)).length, messages.length);
}

function assertRefused(frame: Uint8Array, problem = /./): void {
  const refusal = { name: 'HeddleError', code: 'PROTOCOL_VIOLATION', message: problem };
  for (const decode of Object.values(decoders)) assert.throws(() => decode(frame), refusal);
}

function violation(message: string, facts: Record<string, unknown> = {}): object {
  return { name: 'HeddleError', code: 'PROTOCOL_VIOLATION', message, ...facts };
}

function roundTrips<M extends Message>(arbitrary: fc.Arbitrary<M>, decode: Decode<M>): void {
  fc.assert(
    fc.property(fc.array(arbitrary, { maxLength: 4 }), (messages) => {
      assert.deepEqual(decode(encodeMessages(messages)), messages);
    }),
  );
}

function settled(bytes: Uint8Array) {
  return { type: 'settled', attempt: 1, start: 0, count: 1, busyMs: 0.5, bytes } as const;
}

function ended(attempt: unknown) {
  return { type: 'ended', attempt };
}
