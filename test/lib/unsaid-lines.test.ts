import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogRecord } from '../../src/lib/log-record.ts';
import { UnsaidLines } from '../../src/lib/unsaid-lines.ts';

const line = (message: string): LogRecord => ({ time: 7, level: 'info', message, task: 'talk' });

function twoEnds(): { writer: UnsaidLines; watcher: UnsaidLines } {
  const writer = new UnsaidLines();
  return { writer, watcher: new UnsaidLines(writer.memory) };
}

test('what one end adds the other takes, once', () => {
  const { writer, watcher } = twoEnds();

  assert.deepEqual(watcher.take(), []);
  assert.deepEqual([writer.add(line('one')), writer.add(line('zwei\nLinien, é 🧵'))], ['first', 'more']);
  assert.deepEqual(watcher.take(), [line('one'), line('zwei\nLinien, é 🧵')]);
  assert.deepEqual(watcher.take(), []);
});

test('the writer learns that what he wrote was taken', () => {
  const { writer, watcher } = twoEnds();
  writer.add(line('one'));
  watcher.take();

  assert.equal(writer.claim(), false);
  assert.equal(writer.add(line('two')), 'first');
  assert.equal(writer.claim(), true);
});

test('what the writer is about to say is not taken, but is there to be read until he has said it', () => {
  const { writer, watcher } = twoEnds();
  writer.add(line('one'));
  writer.claim();

  assert.deepEqual(watcher.take(), []);
  assert.deepEqual(watcher.read(), [line('one')]);
  writer.clear();
  assert.deepEqual(watcher.read(), []);
});

test('a line for which there is no room is not added, and harms no other', () => {
  const { writer, watcher } = twoEnds();
  writer.add(line('one'));

  assert.equal(writer.add(line('é'.repeat(40_000))), 'full');
  assert.deepEqual(watcher.read(), [line('one')]);
});
