// What becomes of resources when threads, workers and schedulers end before they are closed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Flow, resourceManager, task, type LogRecord } from 'heddle';
import { DistributedExecutor, LocalCluster, LocalExecutor, WebSocketCluster } from 'heddle/executors';
import { linesOf, newDiary, note, until, untilNoted } from '../fixtures/diary.ts';
import { openedInside } from '../fixtures/made-inside.ts';
import * as resources from '../fixtures/resources.ts';
import { runOn, type Run } from './contract.ts';
import { joinedWorker } from './worker-process.ts';

const { askAndExit, askDeaf, askWhenTold, client } = resources;
const bounded = { timeout: 20_000 };
const token = 'resources';

test(
  'what was open, or being opened, on a thread that ended is opened again on another, and that is told',
  bounded,
  async () => {
    using diary = newDiary();

    const { state, logs } = await onThreads(1)(new Flow('exits', () => askAndExit(client(diary.path))));

    const [lost, again] = placesOf(diary.path, 'open');
    assert.notEqual(lost, again);
    assert.equal(state.output, again);
    assert.deepEqual(placesOf(diary.path, 'close'), [again]);
    assertTold(logs, "resource 'client' was open, or being opened, on a thread that ended, so it was not closed there");
  },
);

test('a function that does not hear of a cancel takes its resource with it', bounded, async () => {
  using diary = newDiary();
  const stop = new AbortController();

  const running = onThreads(1)(new Flow('deaf', () => askDeaf(client(diary.path))), {
    signal: stop.signal,
    cancelGrace: 0,
  });
  await untilNoted(diary.path, 'deaf');
  stop.abort();

  const { state, logs } = await running;
  assert.equal(state.type, 'Cancelled');
  assert.deepEqual(placesOf(diary.path, 'close'), []);
  assertTold(logs, "resource 'client' was open, or being opened, on a thread that ended, so it was not closed there");
});

test('a run that succeeds while it is cancelled, as one with a resource may, says that it was cancelled', async () => {
  const stop = new AbortController();
  const last = task('last', ({ path }: { readonly path: string }) => {
    stop.abort();
    return path;
  });
  const here = resourceManager('here', { setup: () => ({ path: 'a' }) });

  const { state } = await runOn(new LocalExecutor())(new Flow('late', () => last(here())), { signal: stop.signal });

  assert.deepEqual([state.type, state.message], ['Cancelled', 'The flow run was cancelled: its signal was aborted.']);
  assert.equal(state.of('last').type, 'Success');
});

test('a cleanup that blocks its thread is ended with it, and the run ends', bounded, async () => {
  const { state, logs } = await onThreads(2)(new Flow('blocks', () => resources.read(resources.blocking())));

  assert.equal(state.type, 'Success');
  assertTold(logs, "resource 'blocking' was open, or being opened, on a thread that ended, so it was not closed there");
});

test('the time that a setup takes does not count as that of the task', bounded, async () => {
  const read = resources.read.with({ timeout: 300 });
  const flow = new Flow('slow', () => read(resources.slowToOpen()));

  for (const run of [onThreads(1), runOn(new LocalExecutor())]) {
    const { state } = await run(flow);

    assert.equal(state.output, 'open at last', state.message);
  }
});

test('a setup that goes on is told of after 10 s, by name, and then more and more rarely', bounded, async (t) => {
  const opening = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<string>();
  const slow = resourceManager('slow', {
    setup: async () => {
      t.mock.timers.enable({ apis: ['setTimeout'] });
      opening.resolve();
      return await opened.promise;
    },
  });
  const told: string[] = [];
  const both = Promise.withResolvers<void>();
  const onLog = ({ message }: LogRecord) => {
    if (message.includes('being opened') && told.push(message) === 2) both.resolve();
  };

  const running = runOn(new LocalExecutor())(new Flow('slow', () => resources.read(slow())), { onLog });
  await opening.promise;
  t.mock.timers.tick(10_000);
  t.mock.timers.tick(60_000);
  await both.promise;
  t.mock.timers.reset();
  opened.resolve('open at last');

  assert.equal((await running).state.output, 'open at last');
  const times = ['10.0 s', '1 min 10 s'];
  assert.deepEqual(told, times.map((time) => `resource 'slow' is still being opened, for ${time} so far`)); // prettier-ignore
});

test('a cancel while a resource is being opened does not say that it was open', bounded, async () => {
  const flow = new Flow('hangs', () => resources.read(resources.neverOpens()));

  for (const run of [onThreads(1), runOn(new LocalExecutor())]) {
    const stop = new AbortController();
    const onLog = ({ message }: LogRecord) => void (message === 'opening' && stop.abort());

    const { state, logs } = await run(flow, { signal: stop.signal, cancelGrace: 50, onLog });

    assert.equal(state.type, 'Cancelled');
    assertTold(logs, "resource 'never-opens' was still being opened when the run was cancelled");
    assert.ok(!logs.some(({ message }) => message.includes('was open on')));
  }
});

test('a resource made inside a function is refused before anything runs, but for this thread', bounded, async () => {
  const open = openedInside('inside');
  const flow = new Flow('inside', () => resources.read(open()));

  await assert.rejects(onThreads(1)(flow), {
    code: 'RESOURCE_NOT_ADDRESSABLE',
    message:
      /^resource 'opened-inside' was made inside a function \(test\/fixtures\/made-inside\.ts:\d+\).*LocalExecutor/,
  });
  assert.equal((await runOn(new LocalExecutor())(flow)).state.output, 'inside');
});

test(
  'what was open, or being opened, on a worker that is killed is opened on another, and that is told',
  bounded,
  async () => {
    using diary = newDiary();
    await using cluster = await started();
    const ada = await joinedWorker({ url: cluster.url!, token, name: 'ada' });

    // Its line is behind the news that something was opened.
    const onLog = ({ message }: LogRecord) => void (message === `told ${ada.pid}` && ada.kill('SIGKILL'));
    const running = on(cluster)(new Flow('killed', () => askWhenTold(client(diary.path))), { onLog });
    await ada.exited();
    await using bob = await joinedWorker({ url: cluster.url!, token, name: 'bob' });
    await untilNoted(diary.path, `started ${bob.pid}`);
    note(diary.path, 'go');

    const { state, logs } = await running;
    const [lost, again] = placesOf(diary.path, 'open');
    assert.ok(lost!.startsWith(`${ada.pid}/`));
    assert.equal(state.output, again);
    assert.deepEqual(placesOf(diary.path, 'close'), [again]);
    assertTold(
      logs,
      "resource 'client' was open, or being opened, on a worker that was lost, so it was not closed there",
    );
  },
);

test('a worker that is told to go closes what it has open before it goes', bounded, async () => {
  using diary = newDiary();
  await using cluster = await started();
  const ada = await joinedWorker({ url: cluster.url!, token, name: 'ada' });
  const flow = new Flow('drained', () => {
    const opened = client(diary.path);
    const first = resources.ask('x', opened);
    return askWhenTold.with({ upstreamTasks: [first] })(opened);
  });

  const running = on(cluster)(flow);
  await untilNoted(diary.path, `started ${ada.pid}`);
  ada.kill('SIGTERM');
  await ada.said(/finishing what runs/);
  note(diary.path, 'go');

  assert.equal(await ada.exited(), 0);
  const { state, logs } = await running;
  assert.deepEqual(placesOf(diary.path, 'close'), [state.output]);
  assert.deepEqual(logs.filter(({ message }) => message.includes('not closed')), []); // prettier-ignore
});

test('a worker closes what it has open also when its scheduler is gone', bounded, async () => {
  using diary = newDiary();
  const cluster = await started();
  await using _ = await joinedWorker({ url: cluster.url!, token, name: 'ada' });

  const flow = new Flow('orphan', () => {
    const opened = client(diary.path);
    const nothing = resources.waitForNothing.with({ upstreamTasks: [resources.ask('now', opened)] })(diary.path);
    return resources.ask.with({ upstreamTasks: [nothing] })('later', opened);
  });

  const running = on(cluster)(flow);
  await untilNoted(diary.path, 'waiting');
  await cluster.close();

  await until(diary.path, () => placesOf(diary.path, 'close').length === 1);
  assert.equal((await running).state.type, 'Failed');
});

test('a worker closes what it has open also when the flow is gone', bounded, async () => {
  using diary = newDiary();
  await using cluster = await started();
  await using ada = await joinedWorker({ url: cluster.url!, token, name: 'ada' });
  const executor = new DistributedExecutor(cluster.url, { token });
  const onLog = ({ message }: LogRecord) => {
    if (message === 'asked') throw new Error('nobody listens any more');
  };

  const flow = new Flow('gone', () => resources.askUntilAborted(client(diary.path)));
  await assert.rejects(flow.run({ executor, onLog }), { code: 'LOG_LISTENER_FAILED' });

  await until(diary.path, () => placesOf(diary.path, 'close').length === 1);
  assert.ok(ada.pid > 0);
});

function onThreads(workers: number): Run {
  return runOn(new DistributedExecutor(() => new LocalCluster({ workers })));
}

function on(cluster: WebSocketCluster): Run {
  return runOn(new DistributedExecutor(() => cluster));
}

async function started(): Promise<WebSocketCluster> {
  const cluster = new WebSocketCluster({ port: 0, token });
  await cluster.start();
  return cluster;
}

function placesOf(diary: string, what: 'open' | 'close'): string[] {
  return linesOf(diary).flatMap((line) => (line.startsWith(`${what} `) ? line.slice(what.length + 1) : []));
}

function assertTold(logs: readonly LogRecord[], message: string): void {
  const told = logs.filter((record) => record.message === message);
  assert.deepEqual(told.map(({ level }) => level), ['warn']); // prettier-ignore
}
