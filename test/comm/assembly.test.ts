import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Assembly } from '../../src/comm/assembly.ts';
import { minBodyBytes } from '../../src/protocol/bodies.ts';
import { encodePartHead, maxBegun, partBytes, readPart, type PartHead } from '../../src/protocol/part.ts';

const size = 2 * partBytes + 100;

test('parts become the body that they were, whatever comes between them', () => {
  const assembly = new Assembly(10 * size);
  const bodies = [0, 1].map((seed) => new Uint8Array(size).map((_, i) => (i * 31) ^ seed));

  for (const offset of [0, partBytes, 2 * partBytes]) {
    for (const [id, body] of bodies.entries()) {
      assembly.add(part({ id, offset }, body.subarray(offset, offset + partBytes)));
    }
  }

  assert.equal(assembly.size, 2);
  for (const [id, body] of bodies.entries()) {
    const whole = assembly.take(id)!;
    assert.ok(Buffer.compare(whole, body) === 0);
    assert.ok(whole.constructor === Uint8Array && whole.buffer.byteLength === size);
  }
  assert.equal(assembly.take(0), undefined, 'it is given once');
});

test('a part that a proxy has cut otherwise is the same part', () => {
  const frame = Buffer.concat([head({ offset: 0 }), new Uint8Array(partBytes)]);

  for (const cut of [1, 7, 19, 20, 21, 100_000]) {
    const assembly = new Assembly(10 * size);
    assembly.add(readPart([frame.subarray(0, cut), frame.subarray(cut)])!);
    assembly.add(part({ offset: partBytes }));
    assembly.add(part({ offset: 2 * partBytes }, new Uint8Array(100)));
    assert.equal(assembly.take(0)?.length, size);
  }
});

test('a frame of messages is given when its last part is there, and held no longer', () => {
  const assembly = new Assembly(size);

  for (let round = 0; round < 3; round += 1) {
    assert.equal(assembly.add(part({ kind: 'frame', offset: 0 })), undefined);
    assert.equal(assembly.add(part({ kind: 'frame', offset: partBytes })), undefined);
    const whole = assembly.add(part({ kind: 'frame', offset: 2 * partBytes }, new Uint8Array(100)));
    assert.equal(whole?.length, size);
  }
  assert.equal(assembly.size, 0);
});

for (const [what, parts, text] of [
  ['out of order', [part({ offset: partBytes })], 'does not follow the 0 of 2097252 bytes'],
  ['that comes twice', [part({ offset: 0 }), part({ offset: 0 })], 'does not follow the 1048576 of 2097252 bytes'],
  ['of another size than it began with', [part({ offset: 0 }), part({ offset: partBytes, size: size + 1 })], 'follow'],
  ['of another kind', [part({ offset: 0 }), part({ offset: partBytes, kind: 'frame' })], 'does not follow'],
  ['that is too short', [part({ offset: 0 }, new Uint8Array(10))], 'does not follow'],
  ['that is empty', [part({ offset: 0 }, new Uint8Array(0))], 'does not follow'],
  ['that is too long', [part({ offset: 0, size: 70_000 }, new Uint8Array(70_001))], 'does not follow'],
  ['of something small', [part({ offset: 0, size: 10 }, new Uint8Array(10))], 'of 10 bytes only'],
  ['of something empty', [part({ offset: 0, size: 0 }, new Uint8Array(0))], 'of 0 bytes only'],
  ['of more than is held', [part({ offset: 0, size: 2 ** 40 })], 'more than may be held for one connection'],
  [
    'of the fifth thing begun',
    Array.from({ length: maxBegun + 1 }, (_, id) => part({ id, offset: 0 })),
    'begins one more while 4 are not finished',
  ],
  [
    'of a body that nobody has fetched',
    [0, 1].map(() => part({ offset: 0, size: 70_000 }, new Uint8Array(70_000))),
    'belongs to what is finished',
  ],
] as const) {
  test(`a part ${what} is refused`, () => {
    const assembly = new Assembly(10 * size);

    assert.throws(
      () => parts.forEach((each) => assembly.add(each)),
      ({ code, message }: Error & { code: string }) => code === 'PROTOCOL_VIOLATION' && message.includes(text),
    );
  });
}

test('bodies that no message ever fetches are held up to the limit, and not beyond', () => {
  const assembly = new Assembly(10 * 70_000);
  const add = (id: number) => assembly.add(part({ id, size: 70_000, offset: 0 }, new Uint8Array(70_000)));

  for (let id = 0; id < 10; id += 1) add(id);
  assert.throws(() => add(10), { code: 'PROTOCOL_VIOLATION' });

  assembly.take(3);
  add(10);
});

test('it tells how much it holds of what is not whole, or not fetched, until all is let go of', () => {
  const assembly = new Assembly(2 * size);
  assembly.add(part({ id: 0, offset: 0 }));
  assembly.add(part({ id: 1, size: minBodyBytes, offset: 0 }, new Uint8Array(minBodyBytes)));
  assert.equal(assembly.filledBytes, partBytes + minBodyBytes);

  assembly.clear();

  assert.equal(assembly.filledBytes, 0);
  assert.equal(assembly.add(part({ size: 2 * size, offset: 0 })), undefined, 'there is room for all that may be held');
});

for (const [what, frame] of [
  ['a head cut short', [new Uint8Array([0xc1, 0, 0])]],
  ['nothing but its mark', [new Uint8Array([0xc1])]],
  ['a kind that is none', [Buffer.concat([new Uint8Array([0xc1, 9]), new Uint8Array(100)])]],
] as const) {
  test(`a part with ${what} is refused`, () => {
    assert.throws(() => readPart(frame), { code: 'PROTOCOL_VIOLATION' });
  });
}

test('what does not begin like a part is none', () => {
  assert.equal(readPart([]), undefined);
  assert.equal(readPart([new Uint8Array(0)]), undefined);
  assert.equal(readPart([new Uint8Array([0x90])]), undefined);
});

function head(facts: Partial<PartHead>): Uint8Array {
  return encodePartHead({ id: 0, kind: 'body', size, offset: 0, ...facts });
}

function part(facts: Partial<PartHead>, bytes: Uint8Array = new Uint8Array(partBytes)) {
  return readPart([head(facts), bytes])!;
}
