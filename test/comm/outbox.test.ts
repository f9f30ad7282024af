import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Outbox } from '../../src/comm/outbox.ts';

const mb = 1024 * 1024;

test('a frame longer than a part leaves part by part, each when the one before it was taken', () => {
  const { outbox, written, take } = socket();

  outbox.push(frame(2.5 * mb));
  assert.deepEqual(written, [[mb, false]]);

  take();
  assert.deepEqual(written, [
    [mb, false],
    [mb, false],
  ]);

  take();
  assert.deepEqual(written.at(-1), [mb / 2, true]);
});

test('small frames leave together, up to the size of one part', () => {
  const { outbox, written, take } = socket();

  for (let i = 0; i < 5; i += 1) outbox.push(frame(0.4 * mb));
  assert.equal(written.length, 2);

  take();
  assert.equal(written.length, 3);
});

test('what waits is counted until it is taken', () => {
  const { outbox, take } = socket();

  outbox.push(frame(1.5 * mb));
  assert.equal(outbox.bytes, 1.5 * mb);

  take();
  assert.equal(outbox.bytes, 0.5 * mb);
  take();
  assert.equal(outbox.bytes, 0);
});

test('thousands of frames leave in the order in which they came', () => {
  const sent: number[] = [];
  const waiting: (() => void)[] = [];
  const outbox = new Outbox((part, _isLast, taken) => {
    sent.push(part.length);
    waiting.push(taken);
  });

  outbox.push(frame(2 * mb));
  for (let i = 1; i <= 5000; i += 1) outbox.push(frame(i % 300));
  for (let taken = waiting.shift(); taken !== undefined; taken = waiting.shift()) taken();

  assert.deepEqual(sent, [mb, mb, ...Array.from({ length: 5000 }, (_, i) => (i + 1) % 300)]);
});

test('the end is told when the last part is handed over', () => {
  const { outbox, take } = socket();
  const ends: string[] = [];

  outbox.push(frame(2 * mb));
  outbox.end(() => ends.push('end'));
  assert.deepEqual(ends, []);

  take();
  assert.deepEqual(ends, ['end']);
  take();
  assert.deepEqual(ends, ['end']);
});

test('what is cleared is never written', () => {
  const { outbox, written, take } = socket();

  outbox.push(frame(3 * mb));
  outbox.clear();
  take();

  assert.deepEqual(written, [[mb, false]]);
  assert.equal(outbox.bytes, 0);
});

/** A socket that takes what was written when the test says so. */
function socket() {
  const written: [bytes: number, isLast: boolean][] = [];
  const waiting: (() => void)[] = [];
  const outbox = new Outbox((part, isLast, taken) => {
    written.push([part.length, isLast]);
    waiting.push(taken);
  });
  return { outbox, written, take: () => waiting.shift()?.() };
}

function frame(bytes: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}
