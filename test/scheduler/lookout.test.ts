// What a scheduler tells of itself: to those who ask, and to flow runs of which nothing moves.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Scheduler } from '../../src/scheduler/scheduler.ts';
import { connect, settled, submission } from './peers.ts';

test('a status shows workers, flow runs and the phases of their task runs, and the bytes that are held', async () => {
  await using scheduler = new Scheduler();
  const ada = connect(scheduler, { role: 'worker', threads: 2, name: 'ada' });
  const client = connect(scheduler, { role: 'client', name: 'fast-fox' });
  await client.next('welcome');
  client.send({
    type: 'submit',
    arrays: [
      submission({ array: 1, length: 4, name: 'load' }),
      submission({ array: 2, length: 4, elementwise: [1], name: 'score' }),
      submission({ array: 3, length: 1, whole: [2], name: 'total' }),
    ],
  });
  const first = await ada.next('run');
  await ada.next('run');
  ada.send({ type: 'vitals', memoryBytes: 123, memoryLimitBytes: 456, isPaused: false }, settled(first.attempt, 0));
  await client.next('settled');

  const { workers, flowRuns, ...rest } = scheduler.lookout.status;

  assert.partialDeepStrictEqual(workers, [{ name: 'ada', threads: 2, busy: 2, isDraining: false, memoryBytes: 123 }]);
  assert.ok(workers[0]!.lastSeen >= workers[0]!.since);
  assert.equal(flowRuns[0]!.flowRunName, 'fast-fox');
  const none = { waiting: 0, queued: 0, delayed: 0, assigned: 0, settled: 0, crashed: 0 };
  assert.deepEqual(flowRuns[0]!.arrays, [
    { ...none, task: 'load', length: 4, queued: 2, assigned: 1, settled: 1 },
    { ...none, task: 'score', length: 4, queued: 1, waiting: 3 },
    { ...none, task: 'total', length: 1, waiting: 1 },
  ]);
  assert.deepEqual(rest, { settled: 1, lost: 0, heldBytes: 1, spilledBytes: 0 });
});

test('what is lost with a worker or a thread is counted', async () => {
  await using scheduler = new Scheduler();
  const ada = connect(scheduler, { role: 'worker', threads: 1 });
  const client = connect(scheduler, { role: 'client' });
  await client.next('welcome');
  client.send({ type: 'submit', arrays: [submission({ array: 1, length: 1 })] });
  const { attempt } = await ada.next('run');

  ada.send({ type: 'lost', attempt, indices: [0], loss: { kind: 'exit', exitCode: 1 } }, { type: 'ended', attempt });
  await ada.next('run');

  assert.equal(scheduler.lookout.status.lost, 1);
});

test('metrics are what Prometheus reads', async () => {
  await using scheduler = new Scheduler();
  const client = connect(scheduler, { role: 'client' });
  await client.next('welcome');
  client.send({ type: 'submit', arrays: [submission({ array: 1, length: 3 })] });
  const ada = connect(scheduler, { role: 'worker', threads: 2 });
  await ada.next('run');

  const lines = scheduler.lookout.metrics.split('\n');

  assert.ok(lines.includes('# TYPE heddle_workers gauge'));
  assert.ok(lines.includes('# TYPE heddle_settled_total counter'));
  assert.deepEqual(
    lines.filter((line) => !line.startsWith('#')),
    [
      'heddle_workers 1',
      'heddle_threads 2',
      'heddle_threads_busy 2',
      'heddle_worker_memory_bytes 0',
      'heddle_workers_paused 0',
      'heddle_flow_runs 1',
      'heddle_flow_runs_paused 0',
      'heddle_arrays 1',
      'heddle_indices{phase="waiting"} 0',
      'heddle_indices{phase="queued"} 1',
      'heddle_indices{phase="delayed"} 0',
      'heddle_indices{phase="assigned"} 2',
      'heddle_indices{phase="settled"} 0',
      'heddle_settled_total 0',
      'heddle_lost_total 0',
      'heddle_held_bytes 0',
      'heddle_spilled_bytes 0',
      '',
    ],
  );
});

test('why a task run does not run is told in the words of the flow', async () => {
  await using scheduler = new Scheduler();
  const ada = connect(scheduler, { role: 'worker', threads: 1, name: 'ada' });
  const other = connect(scheduler, { role: 'client', name: 'slow-snail' });
  await other.next('welcome');
  other.send({ type: 'submit', arrays: [submission({ array: 1, length: 1, name: 'fit' })] });
  await ada.next('run');
  const client = connect(scheduler, { role: 'client', name: 'fast-fox' });
  await client.next('welcome');
  const load = submission({ array: 1, length: 3, name: 'load' });
  client.send({ type: 'submit', arrays: [load, submission({ array: 2, length: 1, whole: [1], name: 'total' })] });
  const explain = (task: string, mapIndex?: number, flowRunName = 'fast-fox') =>
    scheduler.lookout.explain({ flowRunName, task, ...(mapIndex !== undefined && { mapIndex }) });
  // Whoever comes later is welcomed later.
  await connect(scheduler, { role: 'client', name: 'late-lynx' }).next('welcome');

  const busy = `the only thread is busy with task 'fit' of flow run 'slow-snail'`;
  const queued = (indices: string) => `is queued behind ${indices} of its own array and 0 other arrays, and ${busy}.`;
  assert.equal(explain('load', 1), `Task 'load' [map index 1] ${queued('1 index')}`);
  const all = `Task 'load' has 3 task runs: 3 queued. Task 'load' [map index 0] ${queued('0 indices')}`;
  assert.equal(explain('load'), all);
  assert.equal(explain('load', 3), `Task 'load' has no index 3: its length is 3.`);
  assert.equal(explain('total'), `Task 'total' waits for all of task 'load' (0 of 3 are settled).`);
  assert.match(explain('fit', 0, 'slow-snail'), /^Task 'fit' was given to worker ada \d+ ms ago, as attempt 1\.$/);
  assert.match(explain('tota'), /^Flow run 'fast-fox' has submitted only load, total so far. Did you mean 'total'\?/);
  assert.match(
    explain('load', 0, 'fastfox'),
    /^No flow run 'fastfox' is connected. .*Those that are: slow-snail, fast-fox, late-/,
  );
});

test('who was refused is told once to each flow run that has no worker', async () => {
  await using scheduler = new Scheduler();
  const clients = ['fast-fox', 'late-lynx'].map((name) => connect(scheduler, { role: 'client', name }));
  await Promise.all(clients.map((client) => client.next('welcome')));
  const tell = (message: string) => scheduler.announce('warn', message, scheduler.lookout.takeUntold(message));

  tell('refused ada');
  tell('refused ada');
  tell('refused bob');
  await connect(scheduler, { role: 'worker', threads: 1, name: 'eve' }).next('welcome');
  tell('refused cem');
  scheduler.announce('info', 'the end');

  for (const client of clients) {
    const heard: (string | undefined)[] = [];
    while (heard.at(-1) !== 'the end') heard.push((await client.next('logs')).records[0]?.message);
    assert.deepEqual(heard, ['refused ada', 'refused bob', 'the end']);
  }
});

test('a worker of another version is told to the flow runs that have none, once for each version', async () => {
  const log: string[] = [];
  await using scheduler = new Scheduler({ log: ({ message }) => log.push(message) });
  const client = connect(scheduler, { role: 'client', name: 'fast-fox' });
  await client.next('welcome');

  for (const [name, heddle] of [
    ['ada', '99.0.0'],
    ['ada-again', '99.0.0'],
    ['bob', '98.0.0'],
  ] as const) {
    await connect(scheduler, { role: 'worker', name, heddle }).next('refused');
  }
  await connect(scheduler, { role: 'client', name: 'old-owl', heddle: '97.0.0' }).next('refused');
  scheduler.announce('warn', 'the end');

  const told =
    /^refused a worker from [^:]+: '(ada|bob)' runs Heddle 9[89]\.0\.0 .*, the scheduler runs .* at both ends\.$/;
  for (const name of ['ada', 'bob']) {
    const { level, message } = (await client.next('logs')).records[0]!;
    assert.deepEqual([level, told.exec(message)?.[1]], ['warn', name]);
  }
  assert.equal((await client.next('logs')).records[0]?.message, 'the end');
  const refused = log.flatMap((line) => /^refused a (\w+) from/.exec(line)?.[1] ?? []);
  assert.deepEqual(refused, ['worker', 'worker', 'worker', 'client']);
});

test('whoever starts workers says why there is none', async () => {
  const whyNoWorker = () => 'another one is started in 4.0 s';
  await using scheduler = new Scheduler({ standstillMs: 1, heartbeatTimeoutMs: 50, whyNoWorker });
  const client = connect(scheduler, { role: 'client', name: 'fast-fox' });
  client.send({ type: 'submit', arrays: [submission({ array: 1, length: 3, name: 'load' })] });

  const [record] = (await client.next('logs')).records;
  const none = 'there is no worker: another one is started in 4.0 s';
  assert.equal(record?.message, `nothing starts or ends: 3 task runs could start, but ${none}`);
  const why = scheduler.lookout.explain({ flowRunName: 'fast-fox', task: 'load', mapIndex: 0 });
  assert.ok(why.endsWith(`, and ${none}.`), why);
});

test('a flow run of which nothing moves is told why, once, and again when the reason is another', async () => {
  await using scheduler = new Scheduler({ standstillMs: 1, heartbeatTimeoutMs: 50 });
  const client = connect(scheduler, { role: 'client' });
  await client.next('welcome');
  client.send({ type: 'submit', arrays: [submission({ array: 1, length: 3, name: 'load' })] });

  const alone = (await client.next('logs')).records[0]!;
  assert.deepEqual(
    [alone.level, alone.message],
    ['warn', 'nothing starts or ends: 3 task runs could start, but there is no worker'],
  );

  const ada = connect(scheduler, { role: 'worker', threads: 1 });
  const { attempt } = await ada.next('run');
  const busy = (await client.next('logs')).records[0]!;
  assert.equal(busy.level, 'info');
  const why = `2 task runs could start, but the only thread is busy with task 'load'`;
  assert.equal(busy.message, `nothing starts or ends: ${why}`);

  ada.send({ type: 'delayed', attempt, index: 0, delayMs: 3_600_000, note: new Uint8Array(0) });
  ada.send({ type: 'ended', attempt });
  for (const index of [1, 2]) {
    const next = await ada.next('run');
    ada.send(settled(next.attempt, index), { type: 'ended', attempt: next.attempt });
  }
  const delayed = (await client.next('logs')).records[0]!;
  assert.match(delayed.message, /1 task run waits to be tried again, the next in \d+ \w+ \d+ \w+: task 'load'$/);
  assert.equal(client.has('logs'), false);
});

test('of what waits, that is told which somebody here can run; else whose it is that nobody can', async () => {
  await using scheduler = new Scheduler({ standstillMs: 1, heartbeatTimeoutMs: 50 });
  const ada = connect(scheduler, { role: 'worker', threads: 1, name: 'ada' });
  const client = connect(scheduler, { role: 'client' });
  await client.next('welcome');
  const needs = { resources: [], labels: ['eu'] };
  const pair = [
    submission({ array: 1, length: 2, name: 'fit', needs }),
    submission({ array: 2, length: 3, name: 'load' }),
  ];
  client.send({ type: 'submit', arrays: pair });
  const { attempt } = await ada.next('run');
  const told = async () => {
    for (;;) {
      const { message } = (await client.next('logs')).records[0]!;
      if (message.startsWith('nothing starts or ends: ')) return message.slice('nothing starts or ends: '.length);
    }
  };

  assert.equal(await told(), `2 task runs could start, but the only thread is busy with task 'load'`);

  client.send({ type: 'release', arrays: [2] });
  ada.send({ type: 'ended', attempt });
  const why = /^2 task runs wait, of task 'fit': it needs label 'eu', and no worker here has that; the nearest, ada, /;
  assert.match(await told(), why);
});

test('a flow run whose threads hang in the import of a module is told of that module', async () => {
  await using scheduler = new Scheduler({ standstillMs: 1, heartbeatTimeoutMs: 50 });
  const ada = connect(scheduler, { role: 'worker', threads: 1 });
  const client = connect(scheduler, { role: 'client' });
  await client.next('welcome');
  client.send({ type: 'submit', arrays: [submission({ array: 1, length: 1, name: 'load' })] });
  const { attempt } = await ada.next('run');
  ada.send({ type: 'importing', attempt, module: 'src/load.ts' });

  const module = `the import of src/load.ts for task 'load', whose top level has not ended`;
  const remedy = 'What takes long there belongs into a task, or behind if (import.meta.main)';
  const alone = (await client.next('logs')).records[0]!.message;
  assert.equal(alone, `nothing starts or ends: all that it waits for is ${module}. ${remedy}`);

  client.send({ type: 'submit', arrays: [submission({ array: 2, length: 1 })] });
  const queued = (await client.next('logs')).records[0]!.message;
  assert.equal(queued, `nothing starts or ends: 1 task run could start, but the only thread is busy with ${module}`);
});

test('a flow run whose inputs are on their way to a worker is told so, with how much has not gone', async () => {
  await using scheduler = new Scheduler({ standstillMs: 1, heartbeatTimeoutMs: 50 });
  const ada = connect(scheduler, { role: 'worker', threads: 1, name: 'ada' }, { backlogBytes: 18 * 2 ** 20 });
  const client = connect(scheduler, { role: 'client' });
  await client.next('welcome');
  client.send({ type: 'submit', arrays: [submission({ array: 1, length: 1, name: 'load' })] });
  await ada.next('run');

  const { message } = (await client.next('logs')).records[0]!;
  const why = 'worker ada is being sent what it is to run with, of which 18 MB have not gone yet';
  assert.equal(message, `nothing starts or ends: ${why}`);
});

test('a flow run whose results are on their way from a worker is told so, with how much has arrived', async () => {
  await using scheduler = new Scheduler({ standstillMs: 1, heartbeatTimeoutMs: 50 });
  const ada = connect(scheduler, { role: 'worker', threads: 1, name: 'ada' }, { arrivingBytes: 12 * 2 ** 20 });
  const client = connect(scheduler, { role: 'client' });
  await client.next('welcome');
  client.send({ type: 'submit', arrays: [submission({ array: 1, length: 1, name: 'big' })] });
  await ada.next('run');

  const sending = 'worker ada is sending results, of which 12 MB have arrived so far';
  const alone = (await client.next('logs')).records[0]!.message;
  assert.equal(alone, `nothing starts or ends: ${sending}`);

  client.send({ type: 'submit', arrays: [submission({ array: 2, length: 1, name: 'small' })] });
  const queued = (await client.next('logs')).records[0]!.message;
  const busy = `1 task run could start, but the only thread is busy with task 'big'`;
  assert.equal(queued, `nothing starts or ends: ${busy}; ${sending}`);
});

test('a flow run of which the first tasks are still on their way is told how much of that has arrived', async () => {
  await using scheduler = new Scheduler({ standstillMs: 1, heartbeatTimeoutMs: 50 });
  const client = connect(scheduler, { role: 'client' }, { arrivingBytes: 3 * 2 ** 20 });

  const { level, message } = (await client.next('logs')).records[0]!;

  const sending = 'the flow run is sending what its tasks need, of which 3 MB have arrived so far';
  assert.deepEqual([level, message], ['info', `nothing starts or ends: ${sending}`]);
});

test('a flow run that was started by a task which has the only thread is told that it waits for itself', async () => {
  await using scheduler = new Scheduler({ standstillMs: 1, heartbeatTimeoutMs: 50 });
  const ada = connect(scheduler, { role: 'worker', threads: 1 });
  const outer = connect(scheduler, { role: 'client', name: 'outer' });
  await outer.next('welcome');
  outer.send({ type: 'submit', arrays: [submission({ array: 1, length: 1, name: 'start-another' })] });
  await ada.next('run');
  const inner = connect(scheduler, { role: 'client', name: 'inner', within: 'outer' });
  await inner.next('welcome');
  inner.send({ type: 'submit', arrays: [submission({ array: 1, length: 1 })] });

  const { level, message } = (await inner.next('logs')).records[0]!;

  assert.equal(level, 'warn');
  assert.match(
    message,
    /the only thread is busy with task 'start-another' of flow run 'outer'; .*waits for it. Run it on/,
  );
  assert.equal(outer.has('logs'), false);
});

test('a worker that goes as it said is no reason for a warning', async () => {
  await using scheduler = new Scheduler();
  const client = connect(scheduler, { role: 'client' });
  await client.next('workers');
  const ada = connect(scheduler, { role: 'worker', threads: 2, name: 'ada' });
  assert.equal((await client.next('workers')).threads, 2);

  ada.send({ type: 'draining' });
  await ada.next('close');
  await ada.close();

  assert.deepEqual(await client.next('workers'), { type: 'workers', workers: 0, threads: 0 });
  const [record] = (await client.next('logs')).records;
  assert.deepEqual([record?.level, record?.message], ['info', 'worker ada left (the test is through with it)']);
});

test('a worker that has the name of another one is called otherwise, and both ends say so', async () => {
  const lines: string[] = [];
  await using scheduler = new Scheduler({ log: ({ message }) => lines.push(message) });
  const names: string[] = [];
  for (const name of ['ada', 'ada', 'ada']) {
    const worker = connect(scheduler, { role: 'worker', threads: 1, name });
    names.push((await worker.next('welcome')).name);
  }

  assert.deepEqual(names, ['ada', 'ada-2', 'ada-3']);
  assert.equal(lines[1], 'worker ada-2 joined from this process with 1 thread; another one is called ada as well');
  assert.deepEqual(
    scheduler.lookout.status.workers.map(({ name }) => name),
    names,
  );
});

test('a worker whose clock is off is told of, since the times of its lines are off too', async () => {
  const lines: string[] = [];
  await using scheduler = new Scheduler({ log: ({ message }) => lines.push(message) });
  const offBy = { ada: -240_000, bob: 240_000, eve: 5_000 };
  for (const [name, ms] of Object.entries(offBy)) {
    await connect(scheduler, { role: 'worker', threads: 1, name, time: Date.now() + ms }).next('welcome');
  }

  const told = lines.map((line) => line.replace(/4 min \d s|3 min 59 s/, '4 min'));
  const remedy = 'and so are times in its lines of the log and of its retries: have the clocks of both set by NTP';
  assert.deepEqual(told, [
    `worker ada joined from this process with 1 thread; its clock is 4 min behind that of the scheduler, ${remedy}`,
    `worker bob joined from this process with 1 thread; its clock is 4 min ahead of that of the scheduler, ${remedy}`,
    'worker eve joined from this process with 1 thread',
  ]);
});

test('who comes and goes is told to those who look after the scheduler', async () => {
  const lines: string[] = [];
  await using scheduler = new Scheduler({ log: ({ level, message }) => lines.push(`${level} ${message}`) });
  const client = connect(scheduler, { role: 'client', name: 'fast-fox' });
  await client.next('welcome');
  const ada = connect(scheduler, { role: 'worker', threads: 2, name: 'ada' });
  client.send({ type: 'submit', arrays: [submission({ array: 1, length: 1 })] });
  await ada.next('run');
  await ada.close();
  await client.close();

  assert.deepEqual(
    lines.map((line) => line.replaceAll(/\d+ ms/g, 'N ms')),
    [
      'info flow run fast-fox connected from this process',
      'info worker ada joined from this process with 2 threads',
      'warn worker ada was lost (the test is through with it; it was last heard N ms ago, and had been at work on ' +
        "task 'test' for N ms); what it ran is run again elsewhere",
      'info flow run fast-fox left (the test is through with it)',
    ],
  );
});
