import assert from 'node:assert/strict';
import { Flow, unmapped, type LogRecord } from 'heddle';
import { withConfig } from '../../with-config.ts';
import { newDiary, note } from '../../fixtures/diary.ts';
import { failOddOnce, failOnceThenWait, failUntil, hold } from '../../fixtures/failing.ts';
import { watchedLoop } from '../../fixtures/handlers.ts';
import { livesOf, writtenByTasks } from '../../fixtures/log-lines.ts';
import { tellOfAnything } from '../../fixtures/logging.ts';
import { check, end, inc, say, sum } from '../../fixtures/tasks.ts';
import type { Rule } from '../contract.ts';

export function logLineRules(rule: Rule): void {
  rule('a flow run and a task run begin and end with a line each, around their own', async (run) => {
    const { logs } = await run(new Flow('told', () => say('hello')), { flowRunName: 'monday' });

    const lines = logs.filter(({ message }) => !/^(?:running on|connecting|connected)/.test(message));
    assert.deepEqual(
      lines.map(({ level, task, message }) => [level, task, message.replace(/[\d.]+ (?:ms|s)\b/, 'N ms')]),
      [
        ['info', undefined, "flow run 'monday' started"],
        ['info', 'say', 'started'],
        ['info', 'say', 'hello'],
        ['info', 'say', 'finished in N ms: Success'],
        ['info', undefined, 'Success: All reference tasks succeeded. (N ms)'],
      ],
    );
  });

  rule('the children of a mapped task are told in one line, with those that failed or were skipped', async (run) => {
    const { logs } = await run(new Flow('many', () => [inc.map([1, 2, 3]), end.map(['fail', 'skip', 'success'])]));

    assert.deepEqual(livesOf(logs, 'inc'), ['finished: 3 runs']);
    assert.deepEqual(livesOf(logs, 'end'), ['finished: 3 runs, 1 failed (index 0), 1 skipped']);
    const summaries = logs.filter(({ message }) => /^finished.* runs/.test(message));
    assert.deepEqual(new Map(summaries.map(({ task, level }) => [task, level])), new Map([['inc', 'info'], ['end', 'warn']])); // prettier-ignore
  });

  rule('while a mapped task goes on, a line now and then says how far it is', async (run) => {
    using diary = newDiary();
    note(diary.path, 'go 0');
    const isProgress = ({ task, message }: LogRecord) => task === 'hold' && message === '1 of 2 done';
    const onLog = (record: LogRecord) => {
      if (isProgress(record)) note(diary.path, 'go 1');
    };
    const flow = new Flow('long', () => hold.map([0, 1], unmapped(diary.path)));

    const { state, logs } = await withConfig({ logging: { progressInterval: 10 } }, () => run(flow, { onLog }));

    assert.deepEqual(state.output, [0, 1]);
    assert.deepEqual(logs.filter(isProgress).map(({ level }) => level), ['info']); // prettier-ignore
  });

  rule('a debug log has two lines for each child, in order [P156]', async (run) => {
    const flow = new Flow('verbose', () => say.map(['a', 'b']));

    const { logs } = await withConfig({ logging: { level: 'debug' } }, () => run(flow));

    for (const index of [0, 1]) {
      const own = logs.filter(({ task, mapIndex }) => task === 'say' && mapIndex === index);
      assert.deepEqual(
        own.map(({ level, message }) => [level, message.replace(/[\d.]+ (?:ms|s)\b/, 'N ms')]),
        [
          ['debug', 'started'],
          ['info', ['a', 'b'][index]],
          ['debug', 'finished in N ms: Success'],
        ],
      );
    }
  });

  rule('a line of what cannot be sent, or not even be shown, arrives, and harms nobody [D149] [D150]', async (run) => {
    const { state, logs } = await run(new Flow('anything', () => tellOfAnything()));

    assert.equal(state.output, 'unharmed');
    assert.deepEqual(
      writtenByTasks(logs).map(({ level, message }) => [level, message]),
      [
        ['info', 'a socket { close: [Function: close], pool: WeakMap { <items unknown> } }'],
        ['warn', 'somebody [it cannot be shown: none of your business] 7'],
        ['info', 'printed { done: WeakSet { <items unknown> } } [it cannot be shown: none of your business]'],
      ],
    );
  });

  rule('a run that is tried again says so in the line of its failure, and starts again in a debug log', async (run) => {
    const info = await run(new Flow('retried', () => failUntil(2)));
    const debug = await withConfig({ logging: { level: 'debug' } }, () => run(new Flow('retried', () => failUntil(2))));
    const mapped = await run(new Flow('some-retried', () => failOddOnce.map([1])));

    assert.deepEqual(livesOf(info.logs, 'fail-until'), ['started', 'finished: Success']);
    assert.deepEqual(livesOf(debug.logs, 'fail-until'), ['started', 'started again, run 2', 'finished: Success']);
    assert.deepEqual(livesOf(mapped.logs, 'fail-odd-once'), ['finished: 1 run']);
  });

  rule(
    'a mapped task took as long as from its first start to its last end, waits for retries included',
    async (run) => {
      const { logs } = await run(new Flow('slow', () => failOnceThenWait.map([1])));

      const { message } = logs.findLast(({ task }) => task === failOnceThenWait.name)!;
      const [, number, unit] = /^finished: 1 run in ([\d.]+) (ms|s)$/.exec(message)!;
      assert.ok(Number(number) * (unit === 's' ? 1_000 : 1) >= 299, message);
    },
  );

  rule('a loop starts and finishes once, however often it goes round [P170]', async (run) => {
    const flow = new Flow('loops', () => watchedLoop());

    const { logs } = await withConfig({ logging: { level: 'debug' } }, () => run(flow));

    assert.deepEqual(livesOf(logs, 'watched-loop'), ['started', 'finished: Success']);
  });

  rule('what did not run ends with the reason; a failure has its own line before it does', async (run) => {
    const flow = new Flow('reasons', () => [
      end('skip'),
      inc(end.with({ slug: 'skipped' })('skip') as never),
      sum.with({ slug: 'failed' })([check(1, [1])]),
      inc.map(check(2, [2]) as never),
    ]);

    const { logs } = await run(flow);

    assert.deepEqual(livesOf(logs, 'end'), ['started', 'finished: Skipped: told to skip']);
    const [skipped, ...others] = livesOf(logs, 'inc');
    assert.match(skipped ?? '', /^finished: Skipped: An upstream task was skipped/);
    assert.deepEqual(others, []);
    assert.match(livesOf(logs, 'failed').join(), /^finished: TriggerFailed: /);
    const check1 = logs.filter(({ task }) => task === 'check').map(({ level }) => level);
    assert.deepEqual(check1, ['info', 'error', 'info']);
    assert.deepEqual(livesOf(logs, 'check'), ['started', 'finished: Failed']);
    const [neverSent] = logs.filter(({ task }) => task === 'inc-2');
    assert.match(neverSent?.message ?? '', /'check-2' gave no list to map 'inc-2' over/);
  });
}
