import assert from 'node:assert/strict';
import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { withConfig } from '../with-config.ts';
import { newDiary } from '../fixtures/diary.ts';
import { squares } from '../fixtures/resuming.ts';

test('what is noted twice, by processes in containers that did not see each other, counts once', async () => {
  using diary = newDiary();
  const directory = dirname(diary.path);
  const run = () => resume(diary.path, 'twice');
  await run();
  const journal = join(directory, 'runs', 'twice.journal');
  const outcomes = recordsIn(readFileSync(journal)).filter((record) => record.includes('{"type":"block"'));
  appendFileSync(journal, Buffer.concat(outcomes));

  const state = await run();

  assert.equal(state.type, 'Success', state.message);
  assert.equal(state.output, 30);
  assert.equal(state.statistics.keptTaskRuns, 7);
});

test('a journal has a name that is one on every file system, whatever the id of its run', async () => {
  using diary = newDiary();

  await resume(diary.path, 'día 1/2: *.csv?');

  const names = readdirSync(join(dirname(diary.path), 'runs'));
  assert.deepEqual(names, ['d%C3%ADa%201%2F2%3A%20%2A.csv%3F.journal']);
});

test(
  'a lock is not kept by another process that has got the number of the one that left it, as after a reboot',
  { skip: existsSync('/proc/self/stat') ? false : 'needs /proc' },
  async () => {
    using diary = newDiary();
    await resume(diary.path, 'rebooted');
    // The process that started this one lives, and began at another time.
    const holder = { pid: process.ppid, host: hostname(), started: '1' };
    const lock = join(dirname(diary.path), 'runs', 'rebooted.journal.lock');
    writeFileSync(lock, JSON.stringify(holder));

    const state = await resume(diary.path, 'rebooted');

    assert.equal(state.statistics.keptTaskRuns, 7);
    assert.equal(existsSync(lock), false);
  },
);

async function resume(diary: string, flowRunId: string) {
  return await withConfig({ results: { directory: dirname(diary) } }, () =>
    squares.run({ flowRunId, parameters: { diary, length: 5 }, onLog: () => {} }),
  );
}

/** Each has two lengths and a checksum in front. */
function recordsIn(bytes: Buffer): Buffer[] {
  const records: Buffer[] = [];
  for (let rest = bytes; rest.length > 0; rest = rest.subarray(records.at(-1)!.length)) {
    records.push(rest.subarray(0, 12 + rest.readUInt32LE(0) + rest.readUInt32LE(4)));
  }
  return records;
}
