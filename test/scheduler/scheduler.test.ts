import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blockKinds } from '../../src/lib/chunk.ts';
import { version } from '../../src/lib/version.ts';
import { protocolVersion, type Submission } from '../../src/protocol/messages.ts';
import { Scheduler } from '../../src/scheduler/scheduler.ts';
import { block, connect, payload, settled, submission, WorkerBehind } from './peers.ts';

test('a worker of another version is refused, with both versions and what to do', async () => {
  await using scheduler = new Scheduler();
  const stranger = connect(scheduler, { role: 'worker', heddle: '99.0.0' });

  const refused = await stranger.next('refused');

  assert.equal(refused.code, 'VERSION_MISMATCH');
  assert.match(refused.message, new RegExp(`'test' runs Heddle 99\\.0\\.0 .* scheduler runs Heddle ${version} `));
  assert.match(refused.message, /Install the same package at both ends\.$/);
});

test('another protocol is refused, whatever the version says', async () => {
  await using scheduler = new Scheduler();
  const stranger = connect(scheduler, { role: 'client', protocol: protocolVersion + 1 });

  assert.equal((await stranger.next('refused')).code, 'VERSION_MISMATCH');
});

test('a chunk is sent with its definition once, and its outcomes reach the client', async () => {
  await using scheduler = new Scheduler();
  const worker = connect(scheduler, { role: 'worker', threads: 1 });
  const client = connect(scheduler, { role: 'client' });
  await client.next('welcome');
  client.send({ type: 'submit', arrays: [submission({ array: 7, length: 2 })] });

  const { definition } = (await worker.next('define')).definition;
  assert.deepEqual(definition, { parts: ['plan'], values: new Uint8Array([1, 2, 3]) });
  const first = await worker.next('run');
  assert.deepEqual(first.ranges, [{ start: 0, end: 1 }]);
  worker.send(settled(first.attempt, 0), { type: 'ended', attempt: first.attempt });
  const ran = { worker: 'test', busyMs: 1 };
  const settledBlock = { type: 'settled', array: 7, start: 0, count: 1, bytes: payload, ran };
  assert.deepEqual(await client.next('settled'), settledBlock);

  const second = await worker.next('run');
  assert.deepEqual([second.ranges, second.array], [[{ start: 1, end: 2 }], first.array]);
});

test('an elementwise dependent gets the blocks of its own indices, unopened', async () => {
  await using scheduler = new Scheduler();
  const worker = connect(scheduler, { role: 'worker', threads: 1 });
  const client = connect(scheduler, { role: 'client' });
  await client.next('welcome');
  const given = [
    { start: 0, count: 1, bytes: Uint8Array.of(10) },
    { start: 1, count: 1, bytes: Uint8Array.of(11) },
  ];
  client.send({ type: 'submit', arrays: [submission({ array: 1, length: 2, given })] });
  client.send({ type: 'submit', arrays: [submission({ array: 2, length: 2, elementwise: [1] })] });

  const { ranges, inputs } = await worker.next('run');

  assert.equal(ranges[0]!.start, 0);
  assert.deepEqual(inputs[0]!.blocks, [given[0]]);
});

test('what a retrying index wants to be told is told at its next attempt', async () => {
  await using scheduler = new Scheduler();
  const worker = connect(scheduler, { role: 'worker', threads: 1 });
  const client = connect(scheduler, { role: 'client' });
  await client.next('welcome');
  client.send({ type: 'submit', arrays: [submission({ array: 1, length: 1 })] });
  const { attempt } = await worker.next('run');

  const note = Uint8Array.of(42);
  worker.send({ type: 'delayed', attempt, index: 0, delayMs: 0, note }, { type: 'ended', attempt });

  const again = await worker.next('run');
  assert.deepEqual(again.notes, [{ index: 0, bytes: note }]);
  assert.deepEqual(again.timedOut, []);
  worker.send({ type: 'timed-out', attempt: again.attempt, index: 0 }, { type: 'ended', attempt: again.attempt });
  const third = await worker.next('run');
  assert.deepEqual(third.notes, [{ index: 0, bytes: note }]);
  assert.deepEqual(third.timedOut, [0]);
});

test('what is tried again in one chunk is sent with what each index needs, and each block once', async () => {
  const lines: string[] = [];
  await using scheduler = new Scheduler({ log: ({ message }) => lines.push(message) });
  const worker = connect(scheduler, { role: 'worker', threads: 1 });
  const client = connect(scheduler, { role: 'client' });
  const given = [block(0, 3), block(3, 1), block(4, 2)];
  const asked = submission({ array: 2, length: 6, elementwise: [1], concurrency: 6 });
  client.send({ type: 'submit', arrays: [submission({ array: 1, length: 6, given }), asked] });
  const { attempt } = await worker.next('run');

  const note = Uint8Array.of(42);
  for (const index of [0, 2, 5]) worker.send({ type: 'delayed', attempt, index, delayMs: 0, note });
  worker.send(settled(attempt, 1), settled(attempt, 3), settled(attempt, 4), { type: 'ended', attempt });

  const { ranges, inputs, notes, lanes } = await worker.next('run');
  assert.deepEqual([ranges.map(({ start, end }) => [start, end]), lanes], [[[0, 1], [2, 3], [5, 6]], 3]); // prettier-ignore
  assert.deepEqual(inputs, [{ array: inputs[0]!.array, blocks: [given[0], given[2]] }]);
  assert.deepEqual(notes, [0, 2, 5].map((index) => ({ index, bytes: note }))); // prettier-ignore
  await worker.close();
  assert.match(lines.at(-1)!, /had been at work on task 'test' \[3 of the map indices 0 to 5\] for /);
});

test('an index that is lost too often is settled by the scheduler itself, with the facts of the last loss', async () => {
  await using scheduler = new Scheduler({ allowedFailures: 0 });
  const worker = connect(scheduler, { role: 'worker', threads: 1, name: 'ada' });
  const client = connect(scheduler, { role: 'client' });
  await client.next('welcome');
  client.send({ type: 'submit', arrays: [submission({ array: 1, length: 1, name: 'eat' })] });
  const { attempt } = await worker.next('run');

  const loss = { kind: 'exit', exitCode: 7 } as const;
  worker.send({ type: 'lost', attempt, indices: [0], loss }, { type: 'ended', attempt });

  const { bytes } = await client.next('settled');
  assert.equal(bytes[0], blockKinds.crashed);
  const crash: unknown = JSON.parse(Buffer.from(bytes.subarray(1)).toString());
  assert.deepEqual(crash, { task: 'eat', losses: 1, worker: 'ada', loss });
});

test('what is lost for the last time is not said to be run again', async () => {
  await using scheduler = new Scheduler();
  const worker = connect(scheduler, { role: 'worker', threads: 1, name: 'ada' });
  const client = connect(scheduler, { role: 'client' });
  client.send({ type: 'submit', arrays: [submission({ array: 1, length: 1, allowedFailures: 1 })] });
  const loss = { kind: 'exit', exitCode: 7 } as const;
  const told: string[] = [];

  for (let losses = 0; losses < 2; losses++) {
    const { attempt } = await worker.next('run');
    worker.send({ type: 'lost', attempt, indices: [0], loss }, { type: 'ended', attempt });
    const { records } = await client.next('logs');
    told.push(...records.map(({ message }) => message.split('; ').at(-1)!));
  }

  assert.deepEqual(told, ['what it ran is run again', 'what it ran is not run again']);
});

test('a worker that is lost takes with it what may not be run again, and the news does not say otherwise', async () => {
  const whatIsSaidOf = async (...arrays: readonly ReturnType<typeof submission>[]) => {
    await using scheduler = new Scheduler();
    const worker = connect(scheduler, { role: 'worker', threads: 2, name: 'ada' });
    const client = connect(scheduler, { role: 'client' });
    client.send({ type: 'submit', arrays });
    for (const _ of arrays) await worker.next('run');

    void worker.close();

    let news = await client.next('workers');
    while (news.lost === undefined) news = await client.next('workers');
    return news.lost.split('; ').at(-1);
  };
  const fragile = submission({ array: 1, length: 1, crashesWhenLost: true });

  assert.equal(await whatIsSaidOf(fragile), 'what it ran is not run again');
  const both = await whatIsSaidOf(fragile, submission({ array: 2, length: 1 }));
  assert.equal(both, 'what it ran is run again elsewhere, where its task allows that');
});

test('a run that had nothing on a worker that is lost is not told that something of it is run again', async () => {
  await using scheduler = new Scheduler();
  const worker = connect(scheduler, { role: 'worker', threads: 1, name: 'ada' });
  const [first, second] = [connect(scheduler, { role: 'client' }), connect(scheduler, { role: 'client' })];
  first.send({ type: 'submit', arrays: [submission({ array: 1, length: 1 })] });
  await worker.next('run');
  await second.next('welcome');

  void worker.close();

  const newsOf = async (client: typeof first) => {
    for (;;) {
      const { lost } = await client.next('workers');
      if (lost !== undefined) return lost;
    }
  };
  assert.match(await newsOf(first), /^worker ada was lost \(.*\); what it ran is run again elsewhere$/);
  assert.equal(await newsOf(second), 'worker ada was lost; nothing of this run was on it');
});

test('log lines go to the client whose task wrote them, with the name of the worker', async () => {
  await using scheduler = new Scheduler();
  const worker = connect(scheduler, { role: 'worker', threads: 1, name: 'ada' });
  const client = connect(scheduler, { role: 'client' });
  await client.next('welcome');
  client.send({ type: 'submit', arrays: [submission({ array: 3, length: 1 })] });
  const { attempt } = await worker.next('run');

  worker.send({ type: 'logs', attempt, records: [{ time: 1, level: 'info', message: 'hello' }] });

  const logs = await client.next('logs');
  assert.deepEqual(logs.records, [{ time: 1, level: 'info', message: 'hello', worker: 'ada' }]);
});

test('what a worker says of itself goes to the log of the scheduler, and to whoever is connected', async () => {
  const told: string[] = [];
  await using scheduler = new Scheduler({ log: ({ level, message }) => told.push(`${level}: ${message}`) });
  const worker = connect(scheduler, { role: 'worker', threads: 1, name: 'ada' });
  const client = connect(scheduler, { role: 'client' });
  await Promise.all([worker.next('welcome'), client.next('welcome')]);

  worker.send({ type: 'logs', records: [{ time: 1, level: 'error', message: 'a thread died' }] });

  const { array, records } = await client.next('logs');
  assert.deepEqual([array, records[0]?.level, records[0]?.message], [undefined, 'error', 'a thread died']);
  assert.equal(told.at(-1), 'error: a thread died');
});

test('a client that cancels hears when nothing of its runs any more, and not before [D104]', async () => {
  await using scheduler = new Scheduler();
  const worker = connect(scheduler, { role: 'worker', threads: 1 });
  const client = connect(scheduler, { role: 'client' });
  await client.next('welcome');
  client.send({ type: 'submit', arrays: [submission({ array: 1, length: 1 })] });
  const { array, attempt } = await worker.next('run');

  client.send({ type: 'cancel', graceMs: 250 });
  assert.deepEqual(await worker.next('cancel'), { type: 'cancel', array, attempt, graceMs: 250 });
  assert.equal(client.has('idle'), false);
  worker.send({ type: 'ended', attempt });

  await client.next('idle');
});

const nonsense: readonly (readonly [string, Submission, RegExp])[] = [
  ['an unknown upstream', submission({ array: 2, length: 1, whole: [9] }), /array 2 needs array 9, which was never/],
  ['unequal lengths', submission({ array: 2, length: 5, elementwise: [1] }), /array 2 of 5 needs array 1 of 2 element/],
  ['an id that is taken', submission({ array: 1, length: 1 }), /array 1 was submitted twice/],
  [
    'blocks that overlap',
    submission({ array: 2, length: 3, given: [block(0, 2), block(1, 1)] }),
    /not ordered parts of its 3/,
  ],
  ['blocks beyond its end', submission({ array: 2, length: 3, given: [block(2, 2)] }), /not ordered parts of its 3/],
];

for (const [what, array, message] of nonsense) {
  test(`a client that submits an array with ${what} loses its connection, and nobody else does`, async () => {
    await using scheduler = new Scheduler();
    const worker = connect(scheduler, { role: 'worker', threads: 1 });
    const client = connect(scheduler, { role: 'client' });
    await client.next('welcome');
    client.send({ type: 'submit', arrays: [submission({ array: 1, length: 2 })] });

    client.send({ type: 'submit', arrays: [array] });

    assert.match(await client.closed, message);
    assert.equal(scheduler.lookout.status.workers.length, 1);
    await worker.next('run');
  });
}

test('a worker is told to close a resource when the last array that needs it is done, and its lines arrive', async () => {
  await using scheduler = new Scheduler();
  const worker = connect(scheduler, { role: 'worker', name: 'ada', threads: 1 });
  const client = connect(scheduler, { role: 'client' });
  await client.next('welcome');
  const given = [{ start: 0, count: 1, bytes: payload }];
  client.send(
    { type: 'submit', arrays: [submission({ array: 1, length: 1, given, resource: 'r' })] },
    { type: 'submit', arrays: [submission({ array: 2, length: 1, whole: [1] })] },
    { type: 'release', arrays: [1] },
  );
  const { attempt } = await worker.next('run');
  worker.send({ type: 'opened', attempt, resource: 'r' }, settled(attempt, 0), { type: 'ended', attempt });

  assert.equal((await worker.next('close-resource')).resource, 'r');
  client.send({ type: 'cancel', graceMs: 0 });
  const record = { time: 1, level: 'info', message: 'closing' } as const;
  worker.send({ type: 'resource-logs', resource: 'r', records: [record] });
  assert.deepEqual((await client.next('logs')).records, [{ ...record, worker: 'ada' }]);
  assert.equal(client.has('idle'), false);
  worker.send({ type: 'closed', resource: 'r' });
  await client.next('idle');
});

test('what is opened after it was needed is closed all the same, and waited for', async () => {
  await using scheduler = new Scheduler();
  const worker = connect(scheduler, { role: 'worker', threads: 2 });
  const client = connect(scheduler, { role: 'client' });
  await client.next('welcome');
  const given = [{ start: 0, count: 1, bytes: payload }];
  client.send(
    { type: 'submit', arrays: [submission({ array: 1, length: 1, given, resource: 'r' })] },
    { type: 'submit', arrays: [submission({ array: 2, length: 2, whole: [1] })] },
  );
  const [one, two] = [(await worker.next('run')).attempt, (await worker.next('run')).attempt];
  worker.send({ type: 'opened', attempt: one, resource: 'r' });
  client.send({ type: 'cancel', graceMs: 0 });
  await worker.next('close-resource');

  worker.send({ type: 'opened', attempt: two, resource: 'r' }, { type: 'ended', attempt: one });
  worker.send({ type: 'closed', resource: 'r' }, { type: 'ended', attempt: two });
  await worker.next('close-resource');
  assert.equal(client.has('idle'), false);
  worker.send({ type: 'closed', resource: 'r' });

  await client.next('idle');
});

test('a client that names the resource of another loses its connection', async () => {
  await using scheduler = new Scheduler();
  const [mine, theirs] = [connect(scheduler, { role: 'client' }), connect(scheduler, { role: 'client' })];
  await mine.next('welcome');
  mine.send({ type: 'submit', arrays: [submission({ array: 1, length: 1, resource: 'r' })] });
  theirs.send({ type: 'submit', arrays: [submission({ array: 1, length: 1, resource: 'r' })] });

  assert.match(await theirs.closed, /resource r was submitted twice/);
});

test('a worker that speaks like a client loses its connection', async () => {
  await using scheduler = new Scheduler();
  const worker = connect(scheduler, { role: 'worker', threads: 1 });

  worker.send({ type: 'cancel', graceMs: 0 });

  assert.match(await worker.closed, /a worker has no business to send 'cancel'/);
  assert.equal(scheduler.lookout.status.workers.length, 0);
});

test('workers are told apart by their connections: two of one name both work, and one leaves alone [D037]', async () => {
  await using scheduler = new Scheduler();
  const first = connect(scheduler, { role: 'worker', name: 'ada', threads: 1 });
  const second = connect(scheduler, { role: 'worker', name: 'ada', threads: 1 });
  const client = connect(scheduler, { role: 'client' });
  await Promise.all([first.next('welcome'), second.next('welcome'), client.next('welcome')]);
  client.send({ type: 'submit', arrays: [submission({ array: 1, length: 2 })] });
  const [one, other] = await Promise.all([first.next('run'), second.next('run')]);

  await first.close();
  second.send(settled(other.attempt, other.ranges[0]!.start), { type: 'ended', attempt: other.attempt });

  assert.equal((await client.next('settled')).start, other.ranges[0]!.start);
  assert.deepEqual((await second.next('run')).ranges, one.ranges);
  assert.deepEqual(
    scheduler.lookout.status.workers.map(({ name }) => name),
    ['ada-2'],
  );
});

test('what a client submitted before it cancelled, and arrives after that, is not run', async () => {
  await using scheduler = new Scheduler();
  const worker = connect(scheduler, { role: 'worker', threads: 1 });
  const [late, other] = [connect(scheduler, { role: 'client' }), connect(scheduler, { role: 'client' })];
  await late.next('welcome');

  late.send({ type: 'cancel', graceMs: 0 });
  late.send({ type: 'submit', arrays: [submission({ array: 1, length: 1, name: 'late' })] });
  late.send({ type: 'release', arrays: [1] });
  await late.next('idle');
  other.send({ type: 'submit', arrays: [submission({ array: 1, length: 1, name: 'other' })] });

  assert.equal((await worker.next('define')).definition.name, 'other');
});

test('a worker that is sent away by the end of its scheduler is not said to be lost', async () => {
  const lines: string[] = [];
  const scheduler = new Scheduler({ log: ({ message }) => lines.push(message) });
  const worker = connect(scheduler, { role: 'worker', threads: 1, name: 'ada' });
  const client = connect(scheduler, { role: 'client' });
  client.send({ type: 'submit', arrays: [submission({ array: 1, length: 1 })] });
  await worker.next('run');

  await scheduler[Symbol.asyncDispose]();

  assert.match(lines.join('\n'), /^worker ada was sent away \(the cluster was closed; /m);
});

test('a worker that was behind when its connection broke gets nothing more while somebody finds out why', async () => {
  await using scheduler = new Scheduler({ howWorkerEnded: () => new Promise(() => {}) });
  const worker = new WorkerBehind({ threads: 2 });
  scheduler.accept(worker);
  const client = connect(scheduler, { role: 'client' });
  client.send({ type: 'submit', arrays: [submission({ array: 1, length: 1 })] });
  await client.next('started');

  worker.breaks();
  client.send({ type: 'submit', arrays: [submission({ array: 2, length: 1 })] });
  await connect(scheduler, { role: 'client' }).next('welcome');

  assert.deepEqual(worker.sent, ['welcome', 'define', 'run']);
});
