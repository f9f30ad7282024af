import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { Flow, task } from './house.ts';

const save = task('save', (items: readonly number[]) => {
  // oxlint-disable-next-line typescript/no-misused-promises -- this is what is told
  items.forEach(async (item) => await Promise.resolve(item));
});

const saveEach = task('save-each', (items: readonly number[]) => {
  // oxlint-disable-next-line typescript/no-floating-promises -- this is what is told
  items.map(async (item) => await Promise.resolve(item));
});

const saveAll = task('save-all', async (items: readonly number[]) => {
  await Promise.all(items.map(async (item) => await Promise.resolve(item)));
  // Not items.forEach(async (item) => …), which waits for none.
  items.forEach((item) => String(item));
  await Readable.from(items).forEach(async (item) => await Promise.resolve(item), { concurrency: 2 });
});

test('a task that hands an async function to what waits for none is told before it runs, once, and where', async () => {
  const messages: string[] = [];
  const flow = new Flow('f', () => [save([1]), save([2]), saveEach([3]), saveAll([4])]);

  await flow.run({ onLog: ({ level, message }) => void (level === 'warn' && messages.push(message)) });

  assert.equal(messages.length, 2, messages.join('\n'));
  assert.match(
    messages[0]!,
    /^task 'save' hands an async function to forEach \(test\/engine\/async-for-each\.test\.ts:8:9\), .*\(ASYNC_FOR_EACH\)$/,
  );
  assert.match(messages[1]!, /^task 'save-each' hands an async function to map \(.*:13:9\), and awaits none of /);
});
