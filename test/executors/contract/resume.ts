import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { withConfig } from '../../with-config.ts';
import { linesOf, newDiary } from '../../fixtures/diary.ts';
import { halves } from '../../fixtures/resuming.ts';
import { newFolder } from '../../scheduler/folder.ts';
import type { FinishedRun, Rule, Run } from '../contract.ts';

export function resumeRules(rule: Rule): void {
  rule('a flow run that is started again with its id does only what is missing [P046] [D071]', async (run) => {
    await using first = await attempt(run);
    writeFileSync(`${first.diary}.mended`, '');

    const second = await first.again();

    assert.equal(first.state.type, 'Failed');
    assert.equal(second.state.type, 'Success');
    assert.deepEqual(second.lines.toSorted(), ['count-failed', 'half 3', 'sum', 'twice 1.5']);
    assert.equal(second.state.output.total, 15);
    assert.deepEqual(
      second.state.of('skip-odd').children.map(({ type }) => type),
      ['Skipped', 'Success', 'Skipped', 'Success', 'Skipped'],
    );
  });

  rule('what looked at an outcome that is made anew is made anew too', async (run) => {
    await using first = await attempt(run);
    writeFileSync(`${first.diary}.mended`, '');

    const second = await first.again();

    assert.equal(first.state.output.failed, 1);
    assert.equal(second.state.output.failed, 0);
  });

  rule('a run that is resumed keeps what it was begun with, and its log says since when that is [S12]', async (run) => {
    await using first = await attempt(run);

    const second = await first.again();

    assert.deepEqual(second.state.output.stamp, first.state.output.stamp);
    const since = new Date(first.state.output.stamp.date).toISOString();
    assert.equal(first.logs[0]!.message, "flow run 'nightly / 1' started");
    assert.equal(second.logs[0]!.message, `flow run 'nightly / 1' resumes what was begun ${since}`);
  });

  rule('a run that has succeeded does nothing when it is started again', async (run) => {
    await using first = await attempt(run);
    writeFileSync(`${first.diary}.mended`, '');
    await first.again();

    const third = await first.again();

    assert.deepEqual(third.lines, []);
    assert.equal(third.state.output.total, 15);
    const { taskRuns, keptTaskRuns } = third.state.statistics;
    assert.equal(keptTaskRuns, taskRuns);
  });

  rule('a run that failed says how only what is missing is done', async (run) => {
    await using first = await attempt(run);

    assert.match(first.logs.at(-1)!.message, /only what is missing, run the flow again with flowRunId 'nightly \/ 1'/);
  });

  rule('a run that is cancelled before anything of it began does not say that, since nothing is done', async (run) => {
    using folder = newFolder();
    const options = { flowRunId: 'nightly', signal: AbortSignal.abort(), parameters: { diary: folder.path } };

    const { logs } = await withConfig({ results: { directory: folder.path } }, () => run(halves, options));

    assert.match(logs.at(-1)!.message, /^Cancelled: /);
  });
}

/** A run under an id, and the same again with what was noted in between. */
async function attempt(run: Run) {
  const diary = newDiary();
  const directory = dirname(diary.path);
  const start = () =>
    withConfig({ results: { directory } }, () =>
      run(halves, { flowRunId: 'nightly / 1', parameters: { diary: diary.path } }),
    );
  const again = async (): Promise<FinishedRun<typeof halves.plan> & { lines: string[] }> => {
    const before = linesOf(diary.path).length;
    const finished = await start();
    return { ...finished, lines: linesOf(diary.path).slice(before) };
  };
  const dispose = () => {
    diary[Symbol.dispose]();
    return Promise.resolve();
  };
  return { ...(await start()), diary: diary.path, again, [Symbol.asyncDispose]: dispose };
}
