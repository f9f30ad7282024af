import assert from 'node:assert/strict';
import { Flow, type LogRecord } from 'heddle';
import { failWhenTold, lookWhenTold, waitForAbort } from '../../fixtures/failing.ts';
import { writtenByTasks } from '../../fixtures/log-lines.ts';
import { inc, sum } from '../../fixtures/tasks.ts';
import type { Rule } from '../contract.ts';

export function cancelRules(rule: Rule): void {
  rule('a cancelled run tells what is running, drops the rest, and ends Cancelled [P351]', async (run) => {
    const stop = new AbortController();
    const onLog = (record: LogRecord) => {
      if (writtenByTasks([record]).length > 0) stop.abort();
    };
    const flow = new Flow('cancelled', () => {
      const before = inc(1);
      const mapped = waitForAbort.map([...Array(20).keys()]).setUpstream(before);
      return { before, total: sum(mapped) };
    });

    const { state, logs } = await run(flow, { signal: stop.signal, onLog, cancelGrace: '1h' });

    assert.deepEqual([state.type, state.message], ['Cancelled', 'The flow run was cancelled: its signal was aborted.']);
    const own = writtenByTasks(logs);
    const started = own.filter(({ message }) => message.startsWith('started')).map(({ mapIndex }) => mapIndex);
    const told = own.filter(({ message }) => message.includes('AbortError')).map(({ mapIndex }) => mapIndex);
    assert.ok(started.length >= 1 && started.length <= 2, `${started.length} started`);
    assert.deepEqual(new Set(told), new Set(started));
    assert.deepEqual([state.of('sum').type, state.output.before], ['Cancelled', 2]);
    assert.ok(state.of('wait-for-abort').isCancelled());
    assert.ok(
      logs.some(({ task, message }) => task === 'wait-for-abort' && /^stopped after .*: 0 of 20 done$/.test(message)),
    );
  });

  rule('who is told that his time is up may look at his context', async (run) => {
    const { state, logs } = await run(new Flow('looking', () => lookWhenTold()));

    assert.equal(state.of('look-when-told').type, 'TimedOut');
    assert.ok(logs.some(({ task, message }) => task === 'look-when-told' && message === 'told in run 1'));
  });

  rule("who fails when he is told to stop was cancelled, and his failure is nobody's news [D106]", async (run) => {
    for (const retries of [0, 2]) {
      const stop = new AbortController();
      const onLog = ({ message }: LogRecord) => {
        if (message === 'started') stop.abort();
      };
      const flow = new Flow('stubborn', () => sum([failWhenTold.with({ retries })()] as never));

      const { state, logs } = await run(flow, { signal: stop.signal, onLog, cancelGrace: '1h' });

      assert.deepEqual(
        [state.type, state.of('fail-when-told').type, state.of('sum').type],
        ['Cancelled', 'Cancelled', 'Cancelled'],
      );
      assert.ok(!logs.some(({ message }) => message.includes('what I had to do')));
    }
  });

  rule('nothing is left of a cancelled run: the next one has all the room', async (run) => {
    const stop = new AbortController();
    const onLog = (record: LogRecord) => {
      if (record.task !== undefined) stop.abort();
    };
    const flow = new Flow('first', () => waitForAbort.map([1, 2, 3, 4]));
    await run(flow, { signal: stop.signal, onLog });

    const { state } = await run(new Flow('second', () => sum(inc.map([1, 2, 3, 4]))));

    assert.equal(state.output, 14);
  });

  rule('a cancelled run says why its signal was aborted, if a reason was given', async (run) => {
    const reasons: [unknown, string][] = [
      [new Error('the day is over'), ' (the day is over)'],
      ['enough', ' (enough)'],
      [undefined, ''],
      [new Error(''), ''],
      [Object.create(null), ''],
      [new Proxy({}, { getPrototypeOf: () => assert.fail() }), ''],
    ];
    for (const [reason, told] of reasons) {
      const { state } = await run(new Flow('late', () => sum([1])), { signal: AbortSignal.abort(reason) });

      assert.equal(state.message, `The flow run was cancelled: its signal was aborted${told}.`);
    }
  });

  rule('a run is cancelled alone: another one beside it goes on [D101]', async (run) => {
    const stop = new AbortController();
    const doomed = run(new Flow('doomed', () => waitForAbort(1)), { signal: stop.signal });
    const other = await run(new Flow('other', () => sum(inc.map([1, 2, 3]))));
    stop.abort();

    assert.equal(other.state.output, 9);
    assert.equal((await doomed).state.type, 'Cancelled');
  });

  rule('a run whose signal is aborted before it starts is Cancelled, and nothing of it runs [D103]', async (run) => {
    const flow = new Flow('late', () => {
      return { one: sum([1]), mapped: inc.map(inc.map([1, 2, 3])) };
    });

    const { state, logs } = await run(flow, { signal: AbortSignal.abort() });

    const message = 'The flow run was cancelled: its signal was aborted.';
    assert.deepEqual([state.type, state.message, state.statistics.taskRuns], ['Cancelled', message, 0]);
    assert.equal(state.of('sum').type, 'Cancelled');
    assert.ok(!logs.some(({ task }) => task !== undefined));
    const { children, result } = state.of('inc-2');
    assert.deepEqual(
      children.map(({ type }) => type),
      ['Cancelled', 'Cancelled', 'Cancelled'],
    );
    assert.deepEqual(result, [undefined, undefined, undefined]);
  });
}
