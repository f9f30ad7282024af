// What becomes of an array that a worker cannot load, of which others perhaps can.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Command, Event } from '../../src/scheduler/core.ts';
import { Scheduler } from '../../src/scheduler/scheduler.ts';
import {
  crashed,
  ended,
  joined,
  kept,
  left,
  lost,
  released,
  run,
  scheduler,
  settledAtLast,
  submitted,
  traits,
} from './fixtures.ts';
import { connect, payload, submission } from './peers.ts';

test('what a worker is unable to run goes to others, and that one gets nothing more of it', () => {
  const { on } = scheduler();
  on(joined('alice'), joined('bob'), submitted({ array: 1, length: 3 }));

  const commands = on(unable('alice', 1, [0, 1]), settledAtLast('bob', 2, [1, 2], 1_000));

  assert.deepEqual(commands, [declined(1, 'alice'), kept(1, [1, 2]), run('bob', 1, [0, 1], 3)]);
  assert.deepEqual(on(settledAtLast('bob', 3, [0, 1], 1_000)), [kept(1, [0, 1]), run('bob', 1, [2, 3], 4)]);
});

test('a worker that can start no thread takes nothing with it: all that it was given goes to others', () => {
  const { core, on } = scheduler();
  on(joined('alice'), joined('bob'), submitted({ array: 1, length: 4, concurrency: 2, crashesWhenLost: true }));

  assert.deepEqual(on(unbegun('alice', 1, 0)), [declined(1, 'alice')]);
  assert.deepEqual(on(ended('alice', 1)), []);
  const commands = on(settledAtLast('bob', 2, [2, 4], 1_000));

  assert.deepEqual(commands, [kept(1, [2, 4]), run('bob', 1, [0, 2], 3, 2)]);
  assert.deepEqual([core.totals.lost, [...core.arrays.get(1)!.losses]], [0, []]);
});

test('when nobody else is there, a thread that cannot be started is charged like one that was lost', () => {
  const { on } = scheduler({ allowedFailures: 1 });
  on(joined('alice'), submitted({ array: 1 }));

  const ofNobody = declined(1, 'alice', 'nobody');
  assert.deepEqual(on(unbegun('alice', 1, 0), ended('alice', 1)), [ofNobody, run('alice', 1, [0, 1], 2)]);
  assert.deepEqual(on(unbegun('alice', 2, 0), ended('alice', 2)), [ofNobody, crashed(1, 0, 2)]);
});

test('of other arrays, such a worker gets as much as before', () => {
  const { on } = scheduler();
  on(joined('alice'), joined('bob'), submitted({ array: 1, length: 2 }), submitted({ array: 2 }));

  const commands = on(unable('alice', 1, [0, 1]));

  assert.deepEqual(commands, [declined(1, 'alice'), run('alice', 2, [0, 1], 3)]);
});

test('when the last worker is unable as well, what they say is the outcome', () => {
  const { on } = scheduler();
  on(joined('alice'), joined('bob'), submitted({ array: 1, length: 2 }));

  const ofNobody = declined(1, 'bob', 'nobody');
  assert.deepEqual(on(unable('alice', 1, [0, 1])), [declined(1, 'alice')]);
  assert.deepEqual(on(unable('bob', 2, [1, 2])), [ofNobody, kept(1, [1, 2]), run('bob', 1, [0, 1], 3)]);
  assert.deepEqual(on(unable('bob', 3, [0, 1])), [ofNobody, kept(1, [0, 1])]);
});

test('workers that lack what the array needs are no others, nor are those that drain', () => {
  const { on } = scheduler();
  const gpu = traits({ gpu: 1 });
  on(joined('alice', 1, gpu), joined('bob'), joined('carol', 1, gpu));
  on({ type: 'worker-draining', worker: 'carol' }, submitted({ array: 1, needs: gpu }));

  assert.deepEqual(on(unable('alice', 1, [0, 1])), [declined(1, 'alice', 'nobody'), kept(1, [0, 1])]);
});

test('when the only worker that is able leaves, its array waits for another one, and that is said', () => {
  const { core, on } = scheduler();
  on(joined('alice'), joined('bob'), submitted({ array: 1, length: 2 }), unable('alice', 1, [0, 1]));

  assert.deepEqual(on(left('bob')), [{ type: 'stranded', array: 1 }]);
  assert.match(
    core.explain(1, 0),
    /, and no worker here can run it: 1 worker could not run it \(the log says why\)\. It waits for one/,
  );

  assert.deepEqual(on(joined('carol')), [run('carol', 1, [1, 2], 3)]);
});

test('a worker that joins later is asked too, before anything more is failed', () => {
  const { on } = scheduler();
  on(joined('alice'), submitted({ array: 1, length: 4 }));
  const ofNobody = declined(1, 'alice', 'nobody');
  assert.deepEqual(on(unable('alice', 1, [0, 1])), [ofNobody, kept(1, [0, 1]), run('alice', 1, [1, 2], 2)]);

  const commands = on(joined('bob'), unable('alice', 2, [1, 2]));

  assert.deepEqual(commands, [run('bob', 1, [2, 3], 3), declined(1, 'alice')]);
});

test('sixteen workers that are unable stand for all, as long as nobody has run anything or still tries to', () => {
  const { on } = scheduler();
  const names = Array.from({ length: 20 }, (_, at) => `worker-${at}`);
  on(...names.map((name) => joined(name)));
  let [next] = on(submitted({ array: 1 }));
  const answers: (string | undefined)[] = [];

  while (next?.type === 'run-chunk') {
    const [answer, then] = on(unable(next.worker, next.attempt, [0, 1]));
    answers.push(answer?.type === 'declined' ? answer.by : undefined);
    next = then;
  }

  assert.deepEqual(answers, [...Array.from({ length: 15 }, () => 'others'), 'nobody']);
});

test('while somebody still tries, as many workers as there are may be unable', () => {
  const { on } = scheduler();
  const names = Array.from({ length: 20 }, (_, at) => `worker-${at}`);
  on(...names.map((name) => joined(name)), submitted({ array: 1, length: 20 }));

  const answers = names.slice(0, 19).flatMap((name, at) => on(unable(name, at + 1, [at, at + 1]))[0]!);

  assert.deepEqual(
    answers,
    names.slice(0, 19).map((name) => declined(1, name)),
  );
});

test('a worker that is unable to load one array of a module is asked for no other one of it', () => {
  const { on } = scheduler();
  const loadedAs = 'file:///tasks.ts';
  on(joined('alice'), joined('bob'), submitted({ array: 1, loadedAs }, { array: 2, loadedAs }, { array: 3, loadedAs }));

  const commands = on(unable('alice', 1, [0, 1]), settledAtLast('bob', 2, [0, 1]), submitted({ array: 4, loadedAs }));

  assert.deepEqual(commands, [declined(1, 'alice'), kept(2, [0, 1]), run('bob', 1, [0, 1], 3)]);
  assert.deepEqual(on(submitted({ array: 5, loadedAs: 'file:///others.ts' })), [run('alice', 5, [0, 1], 4)]);
});

test('an array that nobody can load keeps no other one of its module from those who run that', () => {
  const { on } = scheduler();
  const loadedAs = 'file:///tasks.ts';
  on(joined('alice'), joined('bob'), submitted({ array: 1, loadedAs, length: 6 }));
  on(settledAtLast('alice', 1, [0, 1], 1_000), settledAtLast('bob', 2, [1, 2], 1_000));
  on(submitted({ array: 2, loadedAs, priority: 1 }));

  const commands = on(settledAtLast('alice', 3, [2, 3], 1_000), unable('alice', 5, [0, 1]));

  assert.deepEqual(commands.slice(1), [run('alice', 2, [0, 1], 5), declined(2, 'alice'), run('alice', 1, [4, 5], 6)]);
  const more = on(settledAtLast('bob', 4, [3, 4], 1_000), unable('bob', 7, [0, 1]));
  assert.deepEqual(more.slice(1), [
    run('bob', 2, [0, 1], 7),
    declined(2, 'bob', 'nobody'),
    kept(2, [0, 1]),
    run('bob', 1, [5, 6], 8),
  ]);
});

test('of a worker with several threads, three may try before others are to', () => {
  const { on } = scheduler();
  on(joined('alice', 4), joined('bob'), submitted({ array: 1 }));

  const answers = [1, 2, 3].flatMap((attempt) => on(unable('alice', attempt, [0, 1])));

  const ofItself = declined(1, 'alice', 'its-others');
  assert.deepEqual(
    answers.filter(({ type }) => type === 'declined'),
    [ofItself, ofItself, declined(1, 'alice')],
  );
  assert.deepEqual(answers.at(-1), run('bob', 1, [0, 1], 4));
});

test('a thread that is unable to run what others of its worker run does not exclude that', () => {
  const { on } = scheduler();
  on(joined('alice', 2), submitted({ array: 1, length: 40 }));
  on(settledAtLast('alice', 2, [1, 2], 1_000));

  let attempt = 1;
  for (let time = 0; time < 5; time += 1) {
    const [answer, next] = on(unable('alice', attempt, [0, 1]));
    assert.deepEqual(answer, declined(1, 'alice', 'its-others'));
    assert.equal(next?.type === 'run-chunk' && next.ranges[0]?.start, 0);
    attempt = next?.type === 'run-chunk' ? next.attempt : 0;
  }
});

test('a worker that runs something after all, while it is excluded, gets more of it', () => {
  const { on } = scheduler();
  on(joined('alice', 2), joined('bob'), submitted({ array: 1, length: 60 }));
  on(settledAtLast('bob', 2, [1, 2], 1_000));
  for (let attempt = 1, by = ''; by !== 'others';) {
    const [answer, next] = on(unable('alice', attempt, [0, 1]));
    by = answer?.type === 'declined' ? answer.by : assert.fail('nobody is to run it');
    attempt = next?.type === 'run-chunk' ? next.attempt : 0;
  }

  const commands = on(settledAtLast('alice', 3, [2, 3], 1_000));

  const runs = commands.filter((command) => command.type === 'run-chunk');
  assert.deepEqual(
    runs.map(({ worker }) => worker),
    ['alice', 'alice'],
  );
});

test('a minute in which somebody was able does not count as waiting', () => {
  const { on, wait } = scheduler({ unableWaitMs: 60_000, heartbeatTimeoutMs: 1e9 });
  on(joined('alice'), joined('bob'), submitted({ array: 1, length: 9 }), settledAtLast('bob', 2, [1, 2]));
  on(unable('alice', 1, [0, 1]));
  wait(61_000);
  wait(1);

  assert.deepEqual(on(left('bob')).at(-1), { type: 'stranded', array: 1 });
  assert.deepEqual([wait(1_000), wait(59_000)], [[], []]);
});

test('what was run before waits for somebody who is able, for a minute, and then is failed', () => {
  const { on, wait } = scheduler({ unableWaitMs: 60_000, heartbeatTimeoutMs: 1e9 });
  on(joined('alice'), joined('bob'), submitted({ array: 1, length: 9 }));
  on(settledAtLast('bob', 2, [1, 2]), left('bob'));

  const commands = on(unable('alice', 1, [0, 1]));

  assert.deepEqual(commands, [{ type: 'stranded', array: 1 }, declined(1, 'alice')]);
  assert.deepEqual([wait(1_000), wait(59_000)], [[], []]);
  assert.deepEqual(wait(1_001), [run('alice', 1, [2, 3], 4)]);
  assert.deepEqual(on(unable('alice', 4, [2, 3])).slice(0, 2), [declined(1, 'alice', 'nobody'), kept(1, [2, 3])]);
});

test('room of a limit goes to the next array while the one that had it waits for another worker', () => {
  const { on } = scheduler();
  const limits = [{ tag: 'db', most: 1 }];
  on(joined('bob'), submitted({ array: 9 }), joined('alice'));
  const alike = { limits, loadedAs: 'a.ts' };
  on(submitted({ array: 1, ...alike }, { array: 2, ...alike }, { array: 3, limits }));

  assert.deepEqual(on(unable('alice', 2, [0, 1])), [declined(1, 'alice'), run('alice', 3, [0, 1], 3)]);
});

test('what was excluded is forgotten with its array, also while a limit holds that up', () => {
  const { core, on } = scheduler();
  const limits = [{ tag: 'db', most: 1 }];
  on(joined('alice'), joined('bob'), submitted({ array: 1, length: 3, limits }, { array: 2, length: 1, limits }));
  on(unable('alice', 1, [0, 1]));
  assert.equal(core.fleet.queues.size, 2);

  on(released(1));

  assert.equal(core.fleet.queues.size, 1);
});

test('the flow run is told which worker is unable and why, and in the end once that nobody is able', async () => {
  await using shared = new Scheduler();
  const [alice, bob] = ['alice', 'bob'].map((name) => connect(shared, { role: 'worker', name, threads: 1 }));
  const client = connect(shared, { role: 'client' });
  client.send({ type: 'submit', arrays: [submission({ array: 1, length: 2 })] });
  const why = 'HeddleError: it lacks a package\n    at load (load.ts:1:1)';
  const failed = (attempt: number, start: number) =>
    ({ type: 'settled', attempt, start, count: 1, busyMs: 0, bytes: payload, isLast: true, unable: why }) as const;

  const [first, second] = [await alice!.next('run'), await bob!.next('run')];
  alice!.send(failed(first.attempt, 0));
  const { records: warnings } = await client.next('logs');
  bob!.send(failed(second.attempt, 1));
  const { records: errors } = await client.next('logs');
  const third = await bob!.next('run');
  bob!.send(failed(third.attempt, 0));
  const settledTwice = [await client.next('settled'), await client.next('settled')];

  const told =
    'worker alice is unable to run it, so what it was given is run by others: HeddleError: it lacks a package';
  assert.deepEqual(
    [...warnings, ...errors].map(({ level, message }) => [level, message]),
    [
      ['warn', told],
      ['error', why],
    ],
  );
  assert.deepEqual(
    settledTwice.map(({ start }) => start),
    [1, 0],
  );
  assert.equal(client.has('logs'), false);
});

test('of a worker that can start no thread the flow run is told once, with what it lacks, and loses nothing', async () => {
  await using shared = new Scheduler({ allowedFailures: 0 });
  const [few, good] = ['few', 'good'].map((name) => connect(shared, { role: 'worker', name, threads: 1 }));
  const client = connect(shared, { role: 'client' });
  const code = (module: string) => ({ module, path: module, fingerprint: '' });
  const arrays = [1, 2].map((array) => submission({ array, length: 2, code: code(`file:///${array}.ts`) }));
  client.send({ type: 'submit', arrays });
  const loss = { kind: 'not-started', message: 'EMFILE' } as const;

  for (let losses = 0; losses < 2; losses += 1) {
    const { attempt, ranges } = await few!.next('run');
    few!.send({ type: 'lost', attempt, indices: [ranges[0]!.start], loss }, { type: 'ended', attempt });
  }
  const { records } = await client.next('logs');
  for (let runs = 0; runs < 4; runs += 1) {
    const { attempt, ranges } = await good!.next('run');
    const outcome = { start: ranges[0]!.start, count: 1, busyMs: 0, bytes: payload };
    good!.send({ type: 'settled', attempt, ...outcome, isLast: true });
    assert.equal((await client.next('settled')).bytes[0], payload[0]);
  }

  const [told, ...others] = records;
  assert.deepEqual([told?.level, others], ['warn', []]);
  assert.match(
    told!.message,
    /^worker few is unable to run it, .* is run by others: no thread could be started: EMFILE\. .*ulimit -a/,
  );
  assert.equal(client.has('logs'), false);
});

function unable(worker: string, attempt: number, range: [number, number]): Event {
  return { ...settledAtLast(worker, attempt, range), isUnable: true } as Event;
}

/** No thread could be started for it. */
function unbegun(worker: string, attempt: number, index: number): Event {
  return { ...lost(worker, attempt, index), isUnable: true } as Event;
}

function declined(array: number, worker: string, by: 'others' | 'its-others' | 'nobody' = 'others'): Command {
  return { type: 'declined', array, worker, by };
}
