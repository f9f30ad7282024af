import assert from 'node:assert/strict';
import { dirname } from 'node:path';
import { Flow, Parameter, type HeddleError, type LogRecord } from 'heddle';
import { withConfig } from '../../with-config.ts';
import { linesOf, newDiary, note } from '../../fixtures/diary.ts';
import * as resources from '../../fixtures/resources.ts';
import { newRoom } from '../../fixtures/room.ts';
import { end } from '../../fixtures/tasks.ts';
import type { Rule } from '../contract.ts';

const { ask, askFor2, askLater, askUntilAborted, client, closedIn, diaryOf, flaky, tagged, talk, talkative } =
  resources;
const numbers = [...Array(12).keys()];

export function resourceRules(rule: Rule): void {
  openingRules(rule);
  closingRules(rule);
  setupRules(rule);
}

function openingRules(rule: Rule): void {
  rule(
    'each thread that uses a resource opens it once, whatever is mapped, and closes it again [F176]',
    async (run) => {
      using diary = newDiary();
      const flow = new Flow('shared', () => {
        const opened = client(diary.path);
        const first = ask.map(numbers, opened);
        return { first, second: askLater.map(resources.what.map(first), opened), alone: askLater('alone', opened) };
      });

      const { state } = await run(flow);

      assert.equal(state.type, 'Success', state.message);
      const { first, second, alone } = state.output;
      const all = [...first, ...second, alone];
      assert.deepEqual(all.map(({ what }) => what), [...numbers, ...numbers, 'alone']); // prettier-ignore
      assert.ok(all.every((asked) => asked.place === asked.here));
      const places = [...new Set(all.map(({ here }) => here))];
      const lines = linesOf(diary.path).toSorted();
      assert.deepEqual(lines, [...places.map((at) => `close ${at}`), ...places.map((at) => `open ${at}`)].toSorted());
      assert.equal(state.statistics.taskRuns, 37);
      assert.equal(state.of('client').result, undefined);
    },
  );

  rule('what a setup is given may be a constant, a parameter or what a task returned', async (run) => {
    using diary = newDiary();
    const flow = new Flow('given', () => {
      const path = new Parameter<string>('path');
      return [client(diary.path), client(path), client(diaryOf(path))].map((opened) => ask('x', opened));
    });

    const { state } = await run(flow, { parameters: { path: diary.path } });

    assert.deepEqual(state.output.map(({ what }) => what), ['x', 'x', 'x']); // prettier-ignore
    assert.equal(linesOf(diary.path).length, 6);
    assertClosed(diary.path);
  });

  rule('a resource that nothing can be given to is not opened, and does not decide how the run ends', async (run) => {
    using diary = newDiary();
    const flow = new Flow('unused', () => {
      client(diary.path);
      return ask('x', client(resources.fail()));
    });

    const { state } = await run(flow);

    assert.deepEqual([state.of('ask').type, state.of('client-2').type], ['TriggerFailed', 'TriggerFailed']);
    assert.equal(state.of('client').type, 'Success');
    assert.deepEqual(linesOf(diary.path), []);
  });

  rule(
    'a result that is there stands for the run, by what its resource is opened with, which it is not',
    async (run) => {
      using diary = newDiary();
      using room = newRoom();
      const stored = ask.with({ target: '{inputs.1.0}-{inputs.0}.json', result: room.json });
      const flow = new Flow('stored', () => stored.map([1, 2], tagged('blue', diary.path)));

      const runs = [await run(flow), await run(flow)];

      assert.deepEqual(runs[1]!.state.output, runs[0]!.state.output);
      assert.deepEqual(runs[1]!.state.of('ask').children.map(({ type }) => type), ['Cached', 'Cached']); // prettier-ignore
      assert.ok(room.text('blue-1.json').includes('"what":1'), room.text('blue-1.json'));
      const opened = new Set(runs[0]!.state.output.map(({ here }) => here));
      assert.equal(linesOf(diary.path).length, 2 * opened.size);
    },
  );

  rule('setup and cleanup have a context, and their lines are in the log before the run ends', async (run) => {
    const flow = new Flow('talks', () => {
      new Parameter('region', { default: 'north' });
      return talk.map(talkative(), [1, 2, 3]);
    });

    const { logs } = await run(flow, { secrets: { KEY: 'sesame' } });

    const own = logs.filter(({ task }) => task === 'talkative').map(({ message }) => message);
    const [opening, closing] = ['opening', 'closing'].map((what) => own.filter((message) => message.startsWith(what)));
    assert.ok(opening!.length > 0 && opening!.length === closing!.length);
    for (const message of [...opening!, ...closing!]) {
      assert.match(message, /taskName: 'talkative'.*mapIndex: undefined.*flowName: 'talks'.*region: 'north'/s);
      assert.match(message, /key: '\*\*\*'/);
    }
    assert.ok(closing!.every((message) => message.endsWith('false')));
    assert.match(own[0]!, /^opening/);
    assert.equal(own.filter((message) => /^opened in \d+ ms$/.test(message)).length, opening!.length);
    assert.deepEqual(own.filter((message) => /^(started|finished)/.test(message)), []); // prettier-ignore
    assert.deepEqual(own.filter((message) => message.startsWith('from')).toSorted(), ['from 1', 'from 2', 'from 3']);
    assert.equal(own.filter((message) => message === 'a logger of the setup').length, opening!.length);
    assert.equal(logs.at(-1)?.task, undefined);
  });
}

function closingRules(rule: Rule): void {
  rule('a resource is closed also when a task that uses it failed [P329]', async (run) => {
    using diary = newDiary();

    const { state } = await run(new Flow('failed', () => askFor2.map([1, 2, 3], client(diary.path))));

    assert.deepEqual(state.of('ask-for-2').children.map(({ type }) => type), ['Success', 'Failed', 'Success']); // prettier-ignore
    assertClosed(diary.path);
  });

  rule('a resource is closed when a run is cancelled, once what uses it has ended', async (run) => {
    using diary = newDiary();
    const stop = new AbortController();
    const onLog = ({ message }: LogRecord) => void (message === 'asked' && stop.abort());
    const flow = new Flow('cancelled', () => askUntilAborted(client(diary.path)));

    const { state, logs } = await run(flow, { signal: stop.signal, onLog, cancelGrace: '1h' });

    assert.equal(state.type, 'Cancelled');
    assertClosed(diary.path);
    assert.ok(!logs.some(({ message }) => message.includes('it is closed')));
  });

  rule('a resource is closed as soon as no task needs it, though the run goes on', async (run) => {
    using diary = newDiary();
    const flow = new Flow('early', () => closedIn.with({ upstreamTasks: [ask(1, client(diary.path))] })(diary.path));

    const { state } = await run(flow);

    assert.equal(state.output, true);
    assertClosed(diary.path);
  });

  rule('a cleanup that fails is told in the log, and changes nothing [P327]', async (run) => {
    const { state, logs } = await run(new Flow('sticks', () => resources.read(resources.sticky())));

    assert.deepEqual([state.type, state.output], ['Success', 'sticky']);
    const [record] = logs.filter(({ level }) => level === 'warn');
    assert.equal(record?.task, 'sticky');
    assert.match(
      record.message,
      /^the cleanup of resource 'sticky' failed, and it may not be closed: TypeError: it sti/,
    );
  });

  rule('a cleanup that does not end is waited for as long as it may take', async (run) => {
    const { state, logs } = await run(new Flow('hangs', () => resources.read(resources.hanging())));

    assert.equal(state.type, 'Success');
    const told = logs.find(({ task, level }) => task === 'hanging' && level === 'warn')?.message;
    assert.match(told ?? '', /^resource 'hanging' was not closed within 20 ms\. .* give it a longer cleanupTimeout\.$/);
  });

  rule('without a cleanup, what is disposable is disposed of', async (run) => {
    using diary = newDiary();

    const { state } = await run(new Flow('disposes', () => resources.diaryFrom(resources.disposable(diary.path))));

    assert.equal(state.type, 'Success');
    assert.deepEqual(linesOf(diary.path), ['disposed']);
  });
}

function setupRules(rule: Rule): void {
  rule(
    'a setup that fails fails the runs that need it, with its error, and nothing is cleaned up [P326]',
    async (run) => {
      using diary = newDiary();
      const flow = new Flow('unreachable', () =>
        resources.useFlaky.with({ retries: 0 }).map([1, 2], flaky(diary.path, 99)),
      );

      const { state } = await run(flow);

      for (const child of state.of('use-flaky').children) {
        const error = child.error as HeddleError;
        assert.equal(error.code, 'RESOURCE_SETUP_FAILED');
        const failed = `task 'use-flaky' could not run, because the setup of its resource 'flaky' failed`;
        assert.equal(child.message, `HeddleError: ${failed}: Unreachable: nobody answers`);
        assert.deepEqual((error.cause as Error).cause, { port: 5432 });
      }
      assert.ok(linesOf(diary.path).every((line) => line.startsWith('try ')));
      assert.equal(linesOf(diary.path).length, 2);
    },
  );

  rule('a setup that takes longer than it may fails the run, and what is opened late is closed', async (run) => {
    using diary = newDiary();

    const { state } = await run(new Flow('late', () => resources.read(resources.lateToOpen(diary.path))));

    const { type, message, error } = state.of('read');
    const { code, cause } = error as HeddleError;
    const { name, code: why } = cause as HeddleError;
    assert.deepEqual(
      [type, code, name, why],
      ['Failed', 'RESOURCE_SETUP_FAILED', 'TimeoutError', 'RESOURCE_SETUP_TIMED_OUT'],
    );
    assert.match(
      message,
      /resource 'late-to-open' failed: TimeoutError: it took longer than its setupTimeout of 20 ms\./,
    );
    assert.deepEqual(linesOf(diary.path), ['told TimeoutError', 'close']);
  });

  rule('a setup that fails is tried again like a failure, and retryOn is asked of what it threw', async (run) => {
    using first = newDiary();
    using second = newDiary();
    using third = newDiary();
    const flow = new Flow('flaky', () => ({
      both: resources.useFlaky.map([1, 2], flaky(first.path, 2)),
      picky: resources.usePicky(flaky(second.path, 2), 3),
      once: resources.useOnce(flaky(third.path, 2), 4),
    }));

    const { state } = await run(flow);

    assert.deepEqual([state.output.both, state.output.picky], [[1, 2], 3]);
    assert.match(state.of('use-once').message, /nobody answers$/);
    assert.equal(linesOf(third.path).length, 1);
  });

  rule('a run that is resumed opens its resources again, and keeps what was done with them [P328]', async (run) => {
    using diary = newDiary();
    using switchedOn = newDiary();
    const results = { directory: dirname(diary.path) };
    const flow = new Flow('resumed', () => {
      const opened = client(diaryOf(diary.path));
      return { first: ask('x', opened), second: resources.askIfOn(switchedOn.path, opened) };
    });
    const attempt = () => withConfig({ results }, () => run(flow, { flowRunId: 'resumed' }));

    const before = await attempt();
    note(switchedOn.path, 'on');
    const after = await attempt();

    assert.deepEqual([before.state.type, after.state.type], ['Failed', 'Success']);
    assert.equal(after.state.statistics.keptTaskRuns, 2);
    assert.deepEqual(after.state.output.first, before.state.output.first);
    assertClosed(diary.path);
    assert.ok(linesOf(diary.path).filter((line) => line.startsWith('open')).length >= 2);
  });

  rule('a signal that a setup throws ends the run that needs it', async (run) => {
    const { state } = await run(new Flow('signals', () => resources.useNumber(resources.skipping())));

    const { type, message } = state.of('use-number');
    assert.deepEqual([type, message, state.type], ['Skipped', 'nothing to connect to', 'Success']);
  });

  rule('a resource whose arguments are skipped is skipped, and says why', async (run) => {
    const flow = new Flow('skipped', () => ask('x', client(end('skip') as never)));

    const { state } = await run(flow);

    const { type, message } = state.of('client');
    assert.deepEqual([type, state.of('ask').type], ['Skipped', 'Skipped']);
    assert.match(message, /^An upstream task was skipped/);
  });

  rule('a task that returns its resource is told that it cannot leave its thread', async (run) => {
    using diary = newDiary();

    const { state } = await run(new Flow('stolen', () => resources.steal(client(diary.path))));

    const { type, message, error } = state.of('steal');
    assert.deepEqual([type, (error as HeddleError).code], ['Failed', 'RESOURCE_MISPLACED']);
    assert.match(message, /task 'steal' returned its resource 'client', which only exists on the thread/);
    assertClosed(diary.path);
  });
}

/** Whatever was opened was closed, once. */
function assertClosed(diary: string): void {
  const places = (what: string) =>
    linesOf(diary).flatMap((line) => (line.startsWith(what) ? line.slice(what.length) : []));
  assert.ok(places('open').length > 0);
  assert.deepEqual(places('close').toSorted(), places('open').toSorted());
}
