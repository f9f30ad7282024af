import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import type { LogRecord } from '../../src/lib/log-record.ts';
import { UnsaidLines } from '../../src/lib/unsaid-lines.ts';

const line = (message: string): LogRecord => ({ time: 7, level: 'info', message, task: 'talk' });

const all = () => true;

function twoEnds(): { writer: UnsaidLines; watcher: UnsaidLines } {
  const writer = new UnsaidLines();
  return { writer, watcher: new UnsaidLines(writer.memory) };
}

test('what one end adds the other takes, once', () => {
  const { writer, watcher } = twoEnds();

  assert.deepEqual(watcher.take(all), []);
  assert.deepEqual([writer.add(line('one')), writer.add(line('zwei\nLinien, é 🧵'))], ['first', 'more']);
  assert.deepEqual(watcher.take(all), [line('one'), line('zwei\nLinien, é 🧵')]);
  assert.deepEqual(watcher.take(all), []);
});

test('the writer learns that what he wrote was taken', () => {
  const { writer, watcher } = twoEnds();
  writer.add(line('one'));
  watcher.take(all);

  assert.equal(writer.claim(3), false);
  assert.equal(writer.add(line('two')), 'first');
  assert.equal(writer.claim(3), true);
});

test('what the writer is about to say is not taken, but is there to be read until he has said it', () => {
  const { writer, watcher } = twoEnds();
  writer.add(line('one'));
  writer.claim(3);

  assert.deepEqual(watcher.take(all), []);
  assert.deepEqual(watcher.takeLast(3), [line('one')]);
  writer.clear();
  assert.deepEqual(watcher.takeLast(3), []);
});

test('of a writer who is gone, what he was about to say is left unless it was heard, and is taken once', () => {
  const { writer, watcher } = twoEnds();
  writer.add(line('one'));
  assert.deepEqual([watcher.takeLast(9), watcher.takeLast(9), watcher.take(all)], [[line('one')], [], []]);

  writer.add(line('two'));
  writer.claim(3);
  assert.deepEqual(watcher.takeLast(4), []);
  writer.add(line('three'));
  writer.claim(4);
  assert.deepEqual(watcher.takeLast(4), [line('three')]);
});

test('as long as what the writer said is not heard, nothing is taken that he wrote after it', () => {
  const { writer, watcher } = twoEnds();
  writer.add(line('two'));

  assert.deepEqual(
    watcher.take(() => false),
    [],
  );
  assert.deepEqual(watcher.take(all), [line('two')]);
});

test('a line for which there is no room is not added, and harms no other', () => {
  const { writer, watcher } = twoEnds();
  writer.add(line('one'));

  assert.equal(writer.add(line('é'.repeat(40_000))), 'full');
  assert.deepEqual(watcher.takeLast(3), [line('one')]);
});

test(
  'of a writer and a watcher who are both busy, each line is said by one of them, once',
  { timeout: 60_000 },
  async () => {
    const count = 60_000;
    const watcher = new UnsaidLines();
    const url = new URL('../fixtures/writes-lines.ts', import.meta.url);
    const writer = new Worker(url, { workerData: { memory: watcher.memory, count } });
    const writing = { said: [] as number[] };
    writer.once('message', (said: number[]) => (writing.said = said));
    const taken: number[] = [];
    while (writing.said.length === 0) {
      for (let look = 0; look < 1_000; look += 1) taken.push(...watcher.take(all).map(({ time }) => time - 1_000_000));
      await nextTurn();
    }

    assert.ok(taken.length > 0, 'they met');
    assert.deepEqual(
      [...writing.said, ...taken].toSorted((a, b) => a - b),
      Array.from({ length: count }, (_, number) => number),
    );
  },
);
