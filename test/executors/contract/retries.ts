import assert from 'node:assert/strict';
import { Flow, unmapped, type FlowState, type HeddleError, type LogRecord } from 'heddle';
import { withConfig } from '../../with-config.ts';
import * as failing from '../../fixtures/failing.ts';
import { askAgain } from '../../fixtures/loops.ts';
import { chatter, check, inc, list, nothing, reportContext, say, sum } from '../../fixtures/tasks.ts';
import { textsOf, writtenByTasks } from '../../fixtures/log-lines.ts';
import type { Rule, Run } from '../contract.ts';

const {
  busyAtFirst,
  busyFor,
  busyThenThrow,
  failFirstTwo,
  failOddOnce,
  failUntil,
  listLater,
  retryThenFail,
  slowAtFirst,
  waitForAbort,
} = failing;
const { rejectLater, returnUnsendable, throwValue } = failing;

export function retryRules(rule: Rule): void {
  rule(
    'a failure that does not say why has its cause behind it, in the line of its retry and in the last one',
    async (run) => {
      const origin = new Error('connect ECONNREFUSED 127.0.0.1:9999');
      const cause = new Error('no connection', { cause: origin });
      const refused = throwValue.with({ retries: 1 });

      const { state, logs } = await run(new Flow('down', () => refused(new TypeError('fetch failed', { cause }))));

      const why = `cause: ${origin.message}`;
      assert.deepEqual(textsOf(logs, 'warn'), [`TypeError: fetch failed (retry 1 of 1 in 0 ms); ${why}`]);
      assert.equal(state.message, `Some reference tasks failed: throw-value: TypeError: fetch failed; ${why}`);
    },
  );

  rule('of many retries for one error some are in the log, and all of them at the level debug', async (run) => {
    const many = Array.from({ length: 401 }, (_, x) => x);
    const flow = new Flow('many-retried', () => failOddOnce.map(many));
    const retriesIn = ({ logs }: { logs: readonly LogRecord[] }, level: LogRecord['level']) =>
      logs.filter((line) => line.level === level && line.message.includes('(retry 1 of 1'));

    const info = await run(flow);
    const debug = await withConfig({ logging: { level: 'debug' } }, () => run(flow));

    const told = retriesIn(info, 'warn').length;
    assert.ok(told >= 5 && told < 100, `${told} of 200 retries are told`);
    assert.equal(retriesIn(debug, 'warn').length + retriesIn(debug, 'debug').length, 200);
    const others =
      /^more retries of 'fail-odd-once' for this kind of failure \(Error\) on this thread are told at level debug; /;
    assert.ok(info.logs.some(({ level, message }) => level === 'warn' && others.test(message)));
    assert.match(info.logs.at(-1)!.message, /, 200 retried\)$/);
  });

  rule('a task is tried again as often as it may be, and counts its runs [D065]', async (run) => {
    const { state, logs } = await run(new Flow('retried', () => failUntil(3)));

    assert.equal(state.output, 3);
    assert.deepEqual(textsOf(logs, 'info'), ['run 1', 'run 2', 'run 3']);
    assert.deepEqual(textsOf(logs, 'warn'), [
      'Error: run 1 fails (retry 1 of 2 in 0 ms)',
      'Error: run 2 fails (retry 2 of 2 in 0 ms)',
    ]);
    assert.equal(state.statistics.taskRuns, 1);
  });

  rule('a task whose retries are used up fails with its last error [P131] [D066]', async (run) => {
    const { state, logs } = await run(new Flow('exhausted', () => failUntil(9)));

    assert.deepEqual([state.of('fail-until').type, state.of('fail-until').message], ['Failed', 'Error: run 3 fails']);
    assert.deepEqual(textsOf(logs, 'info'), ['run 1', 'run 2', 'run 3']);
  });

  rule('the last line of the log says how many task runs were tried again, if any were', async (run) => {
    const hundred = Array.from({ length: 100 }, (_, x) => x);
    const some = await run(new Flow('some', () => [inc.map(failOddOnce.map(hundred)), failUntil(3)]));
    const failed = await run(new Flow('failed', () => failUntil(9)));
    const none = await run(new Flow('none', () => inc.map([1, 2])));

    assert.match(some.logs.at(-1)!.message, / \([\d.]+ m?s, 51 retried\)$/);
    assert.equal(some.state.statistics.retriedTaskRuns, 51);
    assert.match(failed.logs.at(-1)!.message, / \(\d+ ms, 1 retried\)$/);
    assert.match(none.logs.at(-1)!.message, / \(\d+ ms\)$/);
    assert.equal(none.state.statistics.retriedTaskRuns, 0);
  });

  rule('a RETRY takes none of the retries', async (run) => {
    const { state, logs } = await run(new Flow('patient-first', () => retryThenFail()));

    assert.equal(state.output, 4);
    assert.deepEqual(textsOf(logs, 'warn'), ['Error: run 3 fails (retry 1 of 1 in 0 ms)']);
  });

  rule('only the children that failed are tried again [P053]', async (run) => {
    const { state, logs } = await run(new Flow('some-retried', () => failOddOnce.map([0, 1, 2, 3, 4])));

    assert.deepEqual(state.output, [0, 1, 2, 3, 4]);
    const runs = textsOf(logs, 'info').toSorted();
    assert.deepEqual(runs, ['0: run 1', '1: run 1', '1: run 2', '2: run 1', '3: run 1', '3: run 2', '4: run 1']);
  });

  rule('tasks beside each other count their own runs, each up to its own retries [P230]', async (run) => {
    const flow = new Flow('side-by-side', () => [
      failUntil.with({ slug: 'once-more', retries: 1 })(9),
      failUntil.with({ slug: 'twice-more', retries: 2 })(9),
    ]);

    const { state, logs } = await run(flow);

    const runsOf = (slug: string) =>
      textsOf(
        logs.filter(({ task }) => task === slug),
        'info',
      );
    assert.deepEqual(runsOf('once-more'), ['run 1', 'run 2']);
    assert.deepEqual(runsOf('twice-more'), ['run 1', 'run 2', 'run 3']);
    assert.deepEqual([state.of('once-more').type, state.of('twice-more').type], ['Failed', 'Failed']);
  });

  rule(
    'a child that is tried again is waited for by its own index below, and runs nothing twice [P020] [P395]',
    async (run) => {
      const flow = new Flow('middle', () => say.map(failOddOnce.map(inc.map([-1, 0, 1])) as never));

      const { state, logs } = await run(flow);

      assert.deepEqual(state.output, [0, 1, 2]);
      assert.deepEqual(
        textsOf(
          logs.filter(({ task }) => task === 'fail-odd-once'),
          'info',
        ).toSorted(),
        ['0: run 1', '1: run 1', '1: run 2', '2: run 1'],
      );
      assert.deepEqual(
        textsOf(
          logs.filter(({ task }) => task === 'say'),
          'info',
        ).toSorted(),
        ['0', '1', '2'],
      );
    },
  );

  rule(
    'a run goes on until every task run is settled, also when it is clear that it has failed [P222] [P223]',
    async (run) => {
      const flow = new Flow('to-the-end', () => {
        const bad = check(1, [1]);
        return { bad, good: failUntil(3) };
      });
      flow.setReferenceTasks([flow.plan.bad]);

      const { state } = await run(flow);

      assert.deepEqual([state.type, state.of('fail-until').type, state.output.good], ['Failed', 'Success', 3]);
      assert.match(state.message, /^Some reference tasks failed: check: RangeError: 1 is bad/);
    },
  );

  rule(
    'retryOn says which errors are worth a retry: by class, by one of several, by a question [P132]',
    async (run) => {
      const { retryOneClass, retryTwoClasses, retryEveryClass, retryAsAsked } = failing;
      const tasks = [retryOneClass, retryTwoClasses, retryEveryClass, retryAsAsked];
      const flow = new Flow('worth-it', () => tasks.map((each) => each.map(['range', 'type', 'uri'])));

      const { state } = await run(flow);

      assert.deepEqual(
        tasks.map(({ name }) => state.of(name).result),
        [
          ['range again', undefined, undefined],
          ['range again', 'type again', undefined],
          ['range again', 'type again', 'uri again'],
          [undefined, undefined, 'uri again'],
        ],
      );
      const [, refused] = state.of('retry-one-class').children;
      assert.deepEqual([refused?.type, refused?.message], ['Failed', 'TypeError: a type that is none']);
    },
  );

  rule('retryJitter spreads the delays of retries to both sides, as far as it says', async (run) => {
    const spread = failing.retryEveryClass.with({ retryDelay: 40, retryJitter: 1 });

    const { logs } = await run(new Flow('spread', () => spread.map(Array<'range'>(4).fill('range'))));

    const delays = textsOf(logs, 'warn').map((text) => Number(/ in (\d+) ms\)$/.exec(text)?.[1]));
    assert.equal(delays.length, 4);
    assert.ok(new Set(delays).size > 1 && Math.max(...delays) <= 80, delays.join());
  });

  rule('a retryOn or a retryDelay that fails ends its run, with what the task threw as the cause', async (run) => {
    const { retryOnThrowing, retryOnLater, retryDelayMissing, retryDelayLater } = failing;
    const { handledRetryOn, handledRetryDelay } = failing;
    const unhandled = [retryOnThrowing, retryOnLater, retryDelayMissing, retryDelayLater];
    const faulty = [...unhandled, handledRetryOn, handledRetryDelay];

    const { state, logs } = await run(new Flow('faulty', () => [faulty.map((each) => each('range')), inc(1)]));

    const errors = faulty.map(({ name }) => state.of(name).error as HeddleError);
    const what = ["retryOn of task 'retry-on-throwing' failed: TypeError: Cannot read properties of undefined", ''];
    assert.ok(errors[0]?.message.startsWith(`the ${what[0]} (reading 'status'). So the run is not tried again`));
    assert.match(errors[1]!.message, /^the retryOn of task 'retry-on-later' failed: TypeError: it gave a promise/);
    assert.match(
      errors[2]!.message,
      /^the retryDelay of task 'retry-delay-missing' failed: .* for retry 1 .*undefined/,
    );
    assert.match(
      errors[3]!.message,
      /^the retryDelay of task 'retry-delay-later' failed: TypeError: it gave a promise/,
    );
    for (const { code, cause, message } of errors) {
      assert.deepEqual([code, String(cause)], ['RETRY_RULE_FAILED', 'RangeError: a range that is none']);
      assert.match(message, /Mend that retry\w+: .* The run had ended with .*a range that is none/);
    }
    const told = textsOf(logs, 'info').filter((text) => text.includes(': Failed'));
    assert.deepEqual(told.toSorted(), ['handled-retry-delay: Failed false', 'handled-retry-on: Failed false']);
    assert.equal(state.of('inc').result, 2);
  });

  rule('RETRY tries again at its own time, and does not count [P133]', async (run) => {
    const { state } = await run(new Flow('asked-for', () => askAgain(Date.now() - 1_000)));

    assert.deepEqual([state.output, state.statistics.taskRuns], [3, 1]);
  });

  rule('a retry comes no sooner than its delay', async (run) => {
    const { logs } = await run(new Flow('delayed', () => failUntil.with({ retryDelay: '150ms' })(2)));

    const [first, second] = writtenByTasks(logs).filter(({ level }) => level === 'info');
    assert.ok(second!.time - first!.time >= 145, `${second!.time - first!.time} ms`);
  });

  rule('waiting for a retry holds no slot: all the others run meanwhile [P224]', async (run) => {
    const patient = failFirstTwo.with({ retryDelay: '60d' });
    const warned = new Set<string>();
    const warn = ({ name }: Error) => warned.add(name);
    process.on('warning', warn);
    const stop = new AbortController();
    const missing = new Set(['did 0', 'did 1', 'did 2', 'did 3', 'did 4', 'did 5']);
    const onLog = ({ message }: LogRecord) => {
      if (missing.delete(message) && missing.size === 0) stop.abort();
    };

    const { state, logs } = await run(new Flow('patient', () => patient.map([0, 1, 2, 3, 4, 5])), {
      signal: stop.signal,
      onLog,
    });

    process.off('warning', warn);
    assert.equal(state.type, 'Cancelled');
    assert.ok(!warned.has('TimeoutOverflowWarning'));
    assert.equal(textsOf(logs, 'info').filter((message) => message === 'did 0').length, 1);
  });

  rule('while a child waits for its retry its neighbours go on, and a reduce waits [P023] [P144]', async (run) => {
    const patient = failFirstTwo.with({ retryDelay: '60d' });
    const flow = new Flow('waiting', () => {
      const first = patient.map([0, 1, 2, 3]);
      const second = say.with({ slug: 'second' }).map(first as never);
      say.with({ slug: 'third' }).map(second);
      sum(first);
    });

    const state = await untilWritten(run, flow, ['did 0', 'did 1', 'third: 2', 'third: 3']);

    const types = state.of('second').children.map(({ type }) => type);
    assert.deepEqual(types, ['Cancelled', 'Cancelled', 'Success', 'Success']);
    assert.equal(state.of('sum').type, 'Cancelled');
  });

  rule('what is mapped over a task that waits for its retry waits too [P047]', async (run) => {
    const flow = new Flow('no-list-yet', () => {
      say.map(listLater());
      say.with({ slug: 'other' })('meanwhile');
    });

    const state = await untilWritten(run, flow, ['list-later: ', 'other: meanwhile']);

    assert.deepEqual([state.of('list-later').type, state.of('say').type], ['Cancelled', 'Cancelled']);
  });

  rule('an async function whose time is up is told, and TimedOut [P232] [P240]', async (run) => {
    const hasty = waitForAbort.with({ timeout: 30 });

    const { state, logs } = await run(new Flow('slow', () => hasty.map([1, 2])));

    const [first] = state.of('wait-for-abort').children;
    assert.equal(first?.type, 'TimedOut');
    assert.match(first.message, /^task 'wait-for-abort' ran longer than its timeout of 30 ms\. Look at what it waits /);
    assert.deepEqual(Object.assign({}, first.error), { code: 'TASK_TIMED_OUT', task: 'wait-for-abort', timeoutMs: 30 });
    assert.equal(first.error?.stack, `TimeoutError: ${first.message}`);
    const told = textsOf(logs, 'info')
      .filter((message) => message.startsWith('told'))
      .toSorted();
    assert.deepEqual(told, ['told 1: TimeoutError in run 1', 'told 2: TimeoutError in run 1']);
    assert.equal(state.type, 'Failed');
  });

  rule('a task that timed out is tried again like one that failed', async (run) => {
    const hasty = slowAtFirst.with({ timeout: 300, retries: 1 });

    const { state, logs } = await run(new Flow('slow-once', () => hasty.map([5, 6])));

    assert.deepEqual(state.output, [5, 6]);
    assert.deepEqual(
      textsOf(logs, 'info').filter((message) => message.startsWith('told')),
      ['told TimeoutError', 'told TimeoutError'],
    );
  });

  rule('a sync function that returns late is TimedOut too, and what follows it goes on', async (run) => {
    const hasty = busyFor.with({ timeout: 300 });

    const { state } = await run(new Flow('late', () => [hasty.map([0, 350, 0]), inc(1)]));

    const types = state.of('busy-for').children.map(({ type }) => type);
    assert.deepEqual(types, ['Success', 'TimedOut', 'Success']);
    assert.equal(state.of('inc').result, 2);
  });

  rule('so is an async function that computes for longer, and one that throws when its time is up', async (run) => {
    const [late, failing] = [busyAtFirst, busyThenThrow].map((each) => each.with({ timeout: 300 }));
    const flow = new Flow('late', () => [late!(0), late!(350), late!(350, 'too late to say'), failing!(350)]);

    const { state } = await run(flow);

    const types = ['busy-at-first', 'busy-at-first-2', 'busy-at-first-3', 'busy-then-throw'].map(
      (slug) => state.of(slug).type,
    );
    assert.deepEqual(types, ['Success', 'TimedOut', 'TimedOut', 'TimedOut']);
  });

  rule(
    'a time limit that is kept changes nothing else: inputs, results, errors, context and log [P357]',
    async (run) => {
      const limit = { timeout: '1m' } as const;
      const flow = new Flow('limited', () => {
        nothing.with(limit)();
        check.with(limit)(1, [1]);
        rejectLater.with(limit)(2);
        returnUnsendable.with(limit)(1);
        reportContext.with(limit)();
        return { inputs: list.with(limit)('a', new Map([[1, 2]])), said: chatter.with(limit).map([7], unmapped(3)) };
      });

      const { state, logs } = await run(flow);

      assert.deepEqual(state.of('list').result, ['a', new Map([[1, 2]])]);
      assert.deepEqual([state.of('nothing').type, state.of('nothing').result], ['Success', undefined]);
      assert.equal(state.of('check').message, 'RangeError: 1 is bad');
      assert.equal(state.of('reject-later').message, 'TypeError: later, 2');
      assert.equal((state.of('return-unsendable').error as { code?: string }).code, 'VALUE_NOT_SERIALIZABLE');
      assert.equal((state.of('report-context').result as { taskName: string }).taskName, 'report-context');
      assert.deepEqual(
        textsOf(
          logs.filter(({ task }) => task === 'chatter'),
          'info',
        ).length,
        3,
      );
    },
  );

  rule('a timeout of weeks is no timeout of nothing', async (run) => {
    const { state } = await run(new Flow('weeks', () => chatter.with({ timeout: '60d' })(1, 200)));

    assert.equal(state.output, 1);
  });
}

/** The state of a run that is cancelled as soon as lines were written that begin like these, or are these. */
async function untilWritten(run: Run, flow: Flow, lines: readonly string[]): Promise<FlowState> {
  const stop = new AbortController();
  const missing = new Set(lines);
  const onLog = ({ task, message }: LogRecord) => {
    for (const line of missing) if (message === line || `${task}: ${message}`.startsWith(line)) missing.delete(line);
    if (missing.size === 0) stop.abort();
  };
  const { state } = await run(flow, { signal: stop.signal, onLog });
  assert.equal(state.type, 'Cancelled');
  return state;
}
