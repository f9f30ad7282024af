// What becomes of a run when threads die, hang, or cannot even begin.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Flow, unmapped, type LogRecord, type State } from 'heddle';
import { DistributedExecutor, LocalCluster, type LocalClusterOptions } from 'heddle/executors';
import { countOf, linesOf, newDiary, note, untilNoted } from '../fixtures/diary.ts';
import { neverLoaded } from '../fixtures/exits-in-workers.ts';
import { render } from '../fixtures/fails-in-workers.ts';
import { madeInside } from '../fixtures/made-inside.ts';
import { unreached } from '../fixtures/never-loads-in-workers.ts';
import * as failing from '../fixtures/failing.ts';
import { inc, say, sum } from '../fixtures/tasks.ts';
import { runOn } from './contract.ts';

// Some start processes, beside those of others.
const bounded = { timeout: 60_000 };
const numbers = (length: number) => Array.from({ length }, (_, x) => x);

test('an index whose function ends the thread is run again elsewhere, and only that one [D078]', bounded, async () => {
  using diary = newDiary();
  const flow = new Flow('exit-once', () => failing.exitOnce.map(numbers(200), unmapped(77), unmapped(diary.path)));

  const { state } = await run(flow);

  assert.deepEqual(state.output, numbers(200));
  const counts = numbers(200).map((x) => countOf(diary.path, `run ${x}`));
  assert.deepEqual(counts, numbers(200).map((x) => (x === 77 ? 2 : 1))); // prettier-ignore
});

test('a thread that dies has one in its place, and no others are started', bounded, async () => {
  using diary = newDiary();
  let threads = 0;
  const count = () => (threads += 1);
  process.on('worker', count);
  const flow = new Flow('exit-once', () => failing.exitOnce.map(numbers(20), unmapped(7), unmapped(diary.path)));

  await run(flow, { workers: 1 });
  process.off('worker', count);

  assert.equal(threads, 2);
});

test(
  'an index that always ends its thread is Crashed in the end, and its neighbours run once [P420] [D012 D014 D152]',
  bounded,
  async () => {
    using diary = newDiary();
    const flow = new Flow('exit-always', () => {
      const mapped = failing.exitAlways.map(numbers(100), unmapped(50), unmapped(diary.path));
      return { mapped, after: inc.map(mapped), total: sum(mapped) };
    });

    const { state, logs } = await run(flow, { allowedFailures: 2 });

    const { type, message, error } = state.of('exit-always').children[50]!;
    assert.equal(type, 'Crashed');
    assert.match(message, /task 'exit-always' \[map index 50\].* lost 3 times; last on worker-\d: .*exit code 7/);
    assert.partialDeepStrictEqual(Object.assign({}, error), {
      code: 'TASK_RUN_CRASHED',
      task: 'exit-always',
      mapIndex: 50,
      losses: 3,
      exitCode: 7,
    });
    assert.deepEqual(types(state.of('exit-always')), { Success: 99, Crashed: 1 });
    assert.deepEqual(types(state.of('inc')), { Success: 99, TriggerFailed: 1 });
    assert.equal((state.of('inc').children[50]?.error?.cause as Error | undefined)?.message, message);
    assert.deepEqual([state.of('sum').type, state.type], ['TriggerFailed', 'Failed']);
    const counts = numbers(100).map((x) => countOf(diary.path, `run ${x}`));
    assert.deepEqual(counts, numbers(100).map((x) => (x === 50 ? 3 : 1))); // prettier-ignore
    assert.ok(
      logs.some((record) => record.message === 'about to do 50'),
      'the last words of a dying thread arrive',
    );
  },
);

test('a task that is not mapped and ends its thread is Crashed without a map index', bounded, async () => {
  const { state } = await run(new Flow('exit-alone', () => failing.exitAlone()), { allowedFailures: 0 });

  assert.match(state.of('exit-alone').message, /^task 'exit-alone' was given up .* lost once/);
  assert.ok(!('mapIndex' in state.of('exit-alone').error!));
});

test('an index that fills the memory is Crashed with the limit in its message [S23] [N07]', bounded, async () => {
  const flow = new Flow('hungry', () => failing.eatMemory.map(numbers(20), unmapped(3)));

  const { state } = await run(flow, { allowedFailures: 1, memoryLimit: 64 });

  const { type, message, error } = state.of('eat-memory').children[3]!;
  assert.equal(type, 'Crashed');
  assert.match(message, /\[map index 3\].* ran out of memory \(limit 64 MB; see memoryLimit\)/);
  assert.partialDeepStrictEqual(Object.assign({}, error), { kind: 'out-of-memory', memoryLimitMb: 64, losses: 2 });
  assert.deepEqual(types(state.of('eat-memory')), { Success: 19, Crashed: 1 });
});

test('a rejection that nobody handles is charged to the index that was running', bounded, async () => {
  const flow = new Flow('floating', () => failing.floatingRejection.map(numbers(10), unmapped(4)));

  const { state } = await run(flow, { allowedFailures: 1 });

  assert.match(
    state.of('floating-rejection').children[4]?.message ?? '',
    /an error of a timer, a listener or a promise, which nobody caught, ended its thread/,
  );
  const cause = state.of('floating-rejection').children[4]?.error?.cause as Error;
  assert.match(cause.stack ?? '', /^Error: nobody caught me\n[^]*at .*failing\.ts:\d+/);
  assert.deepEqual(types(state.of('floating-rejection')), { Success: 9, Crashed: 1 });
});

test(
  'a busy loop past its timeout is TimedOut, its thread is replaced, its neighbours keep their results [P358]',
  bounded,
  async () => {
    using diary = newDiary();
    const hasty = failing.busyForever.with({ timeout: 300, retries: 1 });
    const flow = new Flow('busy', () => hasty.map(numbers(20), unmapped(7), unmapped(diary.path)));

    const { state } = await run(flow, { workers: 1, allowedFailures: 0 });

    assert.deepEqual(types(state.of('busy-forever')), { Success: 19, TimedOut: 1 });
    assert.match(state.of('busy-forever').children[7]?.message ?? '', /ran longer than its timeout of 300 ms/);
    assert.equal(countOf(diary.path, 'run 7'), 2, 'it is tried again, as often as its retries allow');
  },
);

test('of runs that overlap with one that keeps its thread busy, only that one is TimedOut', bounded, async () => {
  const flow = new Flow('busy', () => failing.busyAmongOthers.map(numbers(20), unmapped(7)));

  const { state, logs } = await run(flow, { workers: 1, allowedFailures: 0 });

  assert.deepEqual(types(state.of('busy-among-others')), { Success: 19, TimedOut: 1 });
  assert.equal(state.of('busy-among-others').children[7]?.type, 'TimedOut');
  assert.ok(logs.some(({ message }) => /^its thread was ended because the time was up; the \d+ runs/.test(message)));
});

test(
  'a function that is deaf to a cancel is ended after the grace, and its thread replaced [P352] [D104]',
  bounded,
  async () => {
    using diary = newDiary();
    await using cluster = new LocalCluster({ workers: 1 });
    await cluster.start();
    const onCluster = runOn(new DistributedExecutor(() => cluster));

    for (const task of [failing.deaf, failing.stuck]) {
      const stop = new AbortController();
      const running = onCluster(new Flow('deaf', () => task(diary.path)), { signal: stop.signal, cancelGrace: 50 });
      await untilNoted(diary.path, 'started');
      stop.abort();
      assert.equal((await running).state.type, 'Cancelled');
    }

    const { state } = await onCluster(new Flow('next', () => sum(inc.map([1, 2, 3]))));
    assert.equal(state.output, 9);
  },
);

test('a busy loop that polls context.signal ends by itself on a cancel', bounded, async () => {
  using diary = newDiary();
  const stop = new AbortController();
  const flow = new Flow('polls', () => failing.busyUntilAborted(diary.path));

  const running = run(flow, {}, { signal: stop.signal, cancelGrace: '1h' });
  await untilNoted(diary.path, 'started');
  stop.abort();

  assert.equal((await running).state.type, 'Cancelled');
  assert.deepEqual(linesOf(diary.path), ['started', 'ended: true']);
});

test('a thread that dies while it runs nothing is replaced before the next chunk', bounded, async () => {
  using diary = newDiary();
  await using cluster = new LocalCluster({ workers: 1 });
  await cluster.start();
  const onCluster = runOn(new DistributedExecutor(() => cluster));

  const first = await onCluster(new Flow('leaves-a-bomb', () => failing.exitWhenIdle(diary.path)));
  await untilNoted(diary.path, 'goodbye');
  const second = await onCluster(new Flow('after', () => sum(inc.map(numbers(100)))));
  const third = await onCluster(new Flow('and-again', () => sum(inc.map(numbers(100)))));

  assert.equal(first.state.output, 'fine');
  assert.deepEqual([second.state.output, third.state.output], [5050, 5050]);
});

test('bombs that go off while others run cost nobody a result', bounded, async () => {
  using diary = newDiary();
  const flow = new Flow('bombs', () => ({
    bombs: failing.exitWhenIdle.map(Array.from({ length: 6 }, () => diary.path)),
    work: failing.brief.map(numbers(60), unmapped(diary.path)),
  }));

  const { state } = await run(flow, { workers: 2, allowedFailures: 50 });

  assert.deepEqual(state.output.work, numbers(60).map((x) => x * x)); // prettier-ignore
});

test(
  'a module that ends every thread which imports it crashes its tasks instead of starting for ever',
  bounded,
  async () => {
    const flow = new Flow('deadly-module', () => [neverLoaded.map([1, 2]), inc(1)]);

    const { state } = await run(flow, { allowedFailures: 1 });

    assert.deepEqual(types(state.of('never-loaded')), { Crashed: 2 });
    assert.match(state.of('never-loaded').children[1]?.message ?? '', /\[map index 1\].*exit code 5/);
    assert.equal(state.of('inc').result, 2);
  },
);

test('a memory limit with which nothing could be run, or that no machine has, is refused', bounded, () => {
  const wrong = [
    [{ memoryLimit: 4 }, /from 16 to 1048576 .*; got 4$/],
    [{ memoryLimit: 1e9 }, /from 16 to 1048576 .*; got 1000000000$/],
    [{ resultMemory: 0 }, /'resultMemory' of LocalCluster should be 1 MB or more.*; got 0$/],
    [{ resultMemory: 1.5 }, /'resultMemory' of LocalCluster should be 1 MB or more.*; got 1\.5$/],
    [{ workerMemory: 0 }, /'workerMemory' of LocalCluster should be 256 MB or more.*; got 0$/],
  ] as const;

  for (const [options, message] of wrong) {
    assert.throws(() => new LocalCluster(options), { code: 'INVALID_OPTION', message });
  }
});

test('a cluster that is closed under a run ends it as Failed [D057]', bounded, async () => {
  using diary = newDiary();
  const cluster = new LocalCluster({ workers: 2 });
  await cluster.start();
  const flow = new Flow('closed', () => sum(failing.stuck.map([diary.path, diary.path, diary.path]) as never));

  const running = runOn(new DistributedExecutor(() => cluster))(flow);
  await untilNoted(diary.path, 'started');
  await cluster[Symbol.asyncDispose]();

  const { state } = await running;
  assert.deepEqual([state.type, state.of('stuck').type], ['Failed', 'Failed']);
  assert.match(state.message, /the connection to the scheduler .* was lost/);
});

test(
  'a task made inside a function is refused before anything runs, when it captures what cannot travel',
  bounded,
  async () => {
    using diary = newDiary();
    const flow = new Flow('captures', () => [failing.brief(1, diary.path), madeInside(Promise.resolve(5))(1)]);

    await assert.rejects(run(flow), { code: 'CAPTURE_NOT_SERIALIZABLE', message: /'made-inside'.*made-inside\.ts:5/s });
    assert.deepEqual(linesOf(diary.path), []);
  },
);

test('a module that throws in a worker fails its tasks, with the reason as the cause [D085]', bounded, async () => {
  const { state, logs } = await run(new Flow('no-import', () => [render.map([1, 2, 3]), inc(1)]));

  for (const { type, error } of state.of('render').children) {
    assert.deepEqual([type, (error as { code?: string }).code], ['Failed', 'TASK_MODULE_FAILED']);
    assert.match(error?.message ?? '', /could not import .*fails-in-workers\.ts.*'render'.*no graphics card/);
    assert.ok(error?.cause instanceof RangeError);
  }
  const told = logs.find(({ level }) => level === 'error')?.message ?? '';
  assert.match(told, /^HeddleError \[TASK_MODULE_FAILED\]: .*\ncaused by RangeError: .*\n +at .*-workers\.ts:6:/);
  assert.equal(state.of('inc').result, 2);
});

test('a module that never finishes loading can be cancelled [D108 N12]', bounded, async () => {
  const stop = new AbortController();
  const flow = new Flow('never', () => [unreached.map([1]), say('the other worker is done')]);
  const onLog = ({ task }: LogRecord) => {
    if (task === 'say') stop.abort();
  };

  const { state } = await run(flow, {}, { signal: stop.signal, cancelGrace: 10, onLog });

  assert.deepEqual([state.type, state.of('unreached').type], ['Cancelled', 'Cancelled']);
});

test('whoever asks why nothing runs hears of the module whose import does not end', bounded, async () => {
  await using cluster = new LocalCluster({ workers: 1 });
  await cluster.start();
  const stop = new AbortController();
  const flow = new Flow('never', () => unreached.map([1, 2]));
  const request = { flowRunName: 'never', executor: new DistributedExecutor(() => cluster), onLog: () => {} };

  const running = flow.run({ ...request, signal: stop.signal, cancelGrace: 10 });
  let why = '';
  while (!why.includes('the import of')) {
    why = await cluster.explain({ flowRunName: 'never', task: 'unreached', mapIndex: 1 });
    await new Promise((resolve) => setImmediate(resolve));
  }
  stop.abort();

  const module = `the import of test/fixtures/never-loads-in-workers.ts for task 'unreached', whose top level has not ended`;
  assert.ok(why.endsWith(`and the only thread is busy with ${module}.`), why);
  assert.equal((await running).type, 'Cancelled');
});

test('a run that is cancelled while its cluster starts ends as Cancelled', bounded, async () => {
  const stop = new AbortController();
  const factory = () => {
    stop.abort();
    return new LocalCluster({ workers: 1 });
  };

  const { state } = await runOn(new DistributedExecutor(factory))(new Flow('early', () => failing.waitForAbort(1)), {
    signal: stop.signal,
  });

  assert.equal(state.type, 'Cancelled');
});

test('a factory that throws, and one that returns nonsense, reject the run', bounded, async () => {
  const flow = new Flow('bad-factory', () => inc(1));
  const broken = () => {
    throw new RangeError('no such region');
  };

  const rejected = runOn(new DistributedExecutor(broken))(flow);
  await assert.rejects(rejected, { code: 'CLUSTER_FACTORY_FAILED', message: /'bad-factory' threw: no such region/ });
  const nonsense = runOn(new DistributedExecutor((() => 7) as never))(flow);
  await assert.rejects(nonsense, { code: 'INVALID_CLUSTER', message: /it returned 7/ });
});

test('two runs at once on a cluster that nobody started share it, and the last one closes it', bounded, async () => {
  using diary = newDiary();
  const cluster = new LocalCluster({ workers: 2 });
  const onCluster = runOn(new DistributedExecutor(() => cluster));

  const longer = onCluster(new Flow('longer', () => failing.hold(1, diary.path)));
  const shorter = await onCluster(new Flow('shorter', () => inc(1)));
  note(diary.path, 'go 1');

  assert.deepEqual([shorter.state.output, (await longer).state.output], [2, 1]);
  assert.equal(cluster.isStarted, false);
});

test('a thread whose port a task closed is replaced, and the task Crashed', bounded, async () => {
  const { state } = await run(new Flow('cut-off', () => [failing.closePort(), inc(1)]), { allowedFailures: 1 });

  assert.match(state.of('close-port').message, /its parentPort was closed/);
  assert.deepEqual([state.of('close-port').type, state.of('inc').result], ['Crashed', 2]);
});

test('what a task posts on its own to the parent of its thread disturbs nothing, and is told', bounded, async () => {
  const { state, logs } = await run(new Flow('junk', () => failing.postJunk.map([1, 2, 3])), { workers: 1 });

  const told = logs.filter(({ message }) => message.startsWith("task 'post-junk' posts messages to its parentPort"));
  assert.deepEqual([state.output, told.length], [[1, 2, 3], 1]);
});

test('a cluster that a run started is gone with it: the process ends by itself [P346]', bounded, async () => {
  for (const how of ['done', 'cancelled', 'closed'] as const) {
    const script = fileURLToPath(new URL('../fixtures/ends-by-itself.ts', import.meta.url));
    const child = spawn(process.execPath, [script, how], { stdio: ['ignore', 'pipe', 'inherit'] });
    const output: Buffer[] = [];
    child.stdout.on('data', (data: Buffer) => output.push(data));

    const [code] = (await once(child, 'close')) as [number];

    assert.deepEqual([code, Buffer.concat(output).toString().trim()], [0, `${how} is over`]);
  }
});

const unawaited =
  /^it left a promise behind that nobody awaited.*Await it.*Error: nobody awaits me\n +at .*failing\.ts/s;

test(
  'of a promise that nobody awaited, the log and the crash say whose it was, where and what to do, of no other',
  bounded,
  async () => {
    const { state, logs } = await run(
      new Flow('forgets', () => ({ all: failing.forgets.map([...Array(40).keys()], unmapped(30)) })),
      { workers: 1, allowedFailures: 0 },
    );

    const told = logs.find(({ level }) => level === 'error')!;
    assert.deepEqual([told.task, told.mapIndex], ['forgets', 30]);
    assert.match(told.message, unawaited);
    const { message } = state.of('forgets').children[30]!;
    assert.deepEqual(types(state.of('forgets')), { Success: 39, Crashed: 1 });
    assert.match(message, /await or return every promise.*nobody awaits me\n +at .*failing\.ts/s);
  },
);

function run<Plan>(flow: Flow<Plan>, cluster: LocalClusterOptions = {}, options: Parameters<Flow['run']>[0] = {}) {
  return runOn(new DistributedExecutor(() => new LocalCluster({ workers: 2, ...cluster })))(flow, options);
}

/** How many children ended in which state. */
function types(state: State): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { type } of state.children) counts[type] = (counts[type] ?? 0) + 1;
  return counts;
}
