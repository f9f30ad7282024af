import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogRecord } from '../../src/lib/log-record.ts';
import { UnsaidLines } from '../../src/lib/unsaid-lines.ts';

const line = (message: string): LogRecord => ({ time: 7, level: 'info', message, task: 'talk' });

test('what one end adds the other reads, until it is cleared', () => {
  const writer = new UnsaidLines();
  const reader = new UnsaidLines(writer.memory);

  assert.deepEqual(reader.read(), []);
  assert.ok(writer.add(line('one')) && writer.add(line('zwei\nLinien, é 🧵')));
  assert.deepEqual(reader.read(), [line('one'), line('zwei\nLinien, é 🧵')]);

  reader.clear();
  assert.deepEqual(writer.read(), []);
});

test('a line for which there is no room is not added, and harms no other', () => {
  const lines = new UnsaidLines();
  lines.add(line('one'));

  assert.equal(lines.add(line('é'.repeat(40_000))), false);
  assert.deepEqual(lines.read(), [line('one')]);
});
