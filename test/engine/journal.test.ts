import assert from 'node:assert/strict';
import { appendFileSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { withConfig } from '../../src/config/config.ts';
import { newDiary } from '../fixtures/diary.ts';
import { squares } from '../fixtures/resuming.ts';

test('what is noted twice, by processes in containers that did not see each other, counts once', async () => {
  using diary = newDiary();
  const directory = dirname(diary.path);
  const run = () =>
    withConfig({ results: { directory } }, () =>
      squares.run({ flowRunId: 'twice', parameters: { diary: diary.path, length: 5 }, onLog: () => {} }),
    );
  await run();
  const journal = join(directory, 'runs', 'twice.journal');
  const outcomes = recordsIn(readFileSync(journal)).filter((record) => record.includes('{"type":"block"'));
  appendFileSync(journal, Buffer.concat(outcomes));

  const state = await run();

  assert.equal(state.type, 'Success', state.message);
  assert.equal(state.output, 30);
  assert.equal(state.statistics.keptTaskRuns, 7);
});

/** Each has two lengths and a checksum in front. */
function recordsIn(bytes: Buffer): Buffer[] {
  const records: Buffer[] = [];
  for (let rest = bytes; rest.length > 0; rest = rest.subarray(records.at(-1)!.length)) {
    records.push(rest.subarray(0, 12 + rest.readUInt32LE(0) + rest.readUInt32LE(4)));
  }
  return records;
}
