import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SchedulerCore } from '../../src/scheduler/core.ts';
import { Lookout } from '../../src/scheduler/lookout.ts';
import type { ClientPeer } from '../../src/scheduler/peers.ts';
import { plainWords } from '../../src/scheduler/explain.ts';
import { standstillOf } from '../../src/scheduler/standstill.ts';
import { delayed, ended, joined, left, lost, measured, scheduler, settled, submitted, traits } from './fixtures.ts';

test('where an index stands is told in a sentence', () => {
  const { on, core } = scheduler({ allowedFailures: 0 });
  const says = (array: number, index: number, sentence: string) => assert.equal(core.explain(array, index), sentence);
  on(submitted({ array: 1, length: 3 }, { array: 2, length: 3, elementwise: [1], whole: [1] }, { array: 3 }));

  says(9, 0, 'Array 9 is not known: it was never submitted, or it is forgotten.');
  says(1, 3, 'Array 1 has no index 3: its length is 3.');
  says(2, 1, 'Index 1 of array 2 waits for index 1 of array 1 and all of array 1 (0 of 3 are settled).');
  says(
    1,
    2,
    'Index 2 of array 1 is queued behind 2 indices of its own array and 0 other arrays, and there is no worker.',
  );

  on(joined('alice'));
  says(1, 0, 'Index 0 of array 1 was given to worker alice 0 ms ago, as attempt 1.');
  says(
    3,
    0,
    'Index 0 of array 3 is queued behind 0 indices of its own array and 1 other array, and the only thread is busy with array 1.',
  );

  on(delayed('alice', 1, 0, 300), ended('alice', 1), lost('alice', 2, 1), ended('alice', 2));
  says(1, 0, 'Index 0 of array 1 waits until it is tried again, in 300 ms.');
  says(1, 1, 'Index 1 of array 1 crashed after 1 loss.');

  on(settled('alice', 3, [2, 3]));
  says(1, 2, 'Index 2 of array 1 is settled.');
});

test('a suspect is told to be one', () => {
  const { on, core } = scheduler();
  on(...measured({ length: 161 }), left('alice'), joined('bob'), lost('bob', 3, 1));
  on({ type: 'worker-draining', worker: 'bob' });

  const queued = 'is queued behind 0 indices of its own array and 0 other arrays, and the only worker is draining';
  assert.equal(core.explain(1, 1), `Index 1 of array 1 ${queued}; it was lost 1 time.`);
  const second = queued.replace('0 indices', '1 index');
  assert.equal(core.explain(1, 2), `Index 2 of array 1 ${second}; it was in a chunk that was lost with its worker.`);
});

test('what holds the threads is told, the most of it first, and how long ago', () => {
  const { on, core, sleep } = scheduler();
  on(submitted({ array: 1, length: 2 }, { array: 2 }), joined('alice', 2), joined('bob'), submitted({ array: 3 }));
  sleep(12_000);

  const busy = 'all 3 threads are busy with array 1 (2), array 2 (1)';
  const queue = '0 indices of its own array and 0 other arrays';
  assert.equal(core.explain(3, 0), `Index 0 of array 3 is queued behind ${queue}, and ${busy}.`);
  const given = 'Index 0 of array 1 was given to worker alice 12.0 s ago, as attempt 1.';
  assert.equal(core.explain(1, 0, 12_000), given);
});

test('a limit that is full is told, with what runs of its tag', () => {
  const { on, core } = scheduler();
  const db = { limits: [{ tag: 'db', most: 2 }] };
  on(joined('alice', 4), submitted({ array: 1, ...db }, { array: 2, ...db }, { array: 3 }, { array: 4, ...db }));

  const queue = '0 indices of its own array and 0 other arrays';
  const why = `as many task runs of tag 'db' run as may (2): array 1 (1), array 2 (1)`;
  assert.equal(core.explain(4, 0), `Index 0 of array 4 is queued behind ${queue}, and ${why}.`);
});

test('what a task needs and nobody has free is told, and so is what nobody has', () => {
  const { on, core } = scheduler();
  const needs = traits({ gpu: 2 }, 'eu');
  on(joined('alice', 4, traits({ gpu: 3 }, 'eu')), joined('bob', 1, traits({ gpu: 8 })));
  on(submitted({ array: 1, needs }, { array: 2, needs }, { array: 3, needs: traits({ tpu: 1 }) }));

  const queue = '0 indices of its own array and 0 other arrays';
  const free = `no worker has what it needs free (gpu 2 and label 'eu'): 1 of 5 threads are busy with array 1`;
  assert.equal(core.explain(2, 0), `Index 0 of array 2 is queued behind ${queue}, and ${free}.`);
  const nobody =
    'it needs tpu 1, and no worker here has that; the nearest, alice, has no tpu. It waits for one that has: ' +
    'heddle worker URL --resource tpu=1, or new LocalCluster({ resources: { tpu: 1 } })';
  assert.equal(
    core.explain(3, 0),
    `Index 0 of array 3 is queued behind ${queue.replace('0 other arrays', '1 other array')}, and ${nobody}.`,
  );
});

test('of what must run alone it is told why, and what it waits for', () => {
  const { on, core } = scheduler({ allowedFailures: 0 });
  on(joined('alice', 2), submitted({ array: 1, length: 2 }, { array: 2 }), joined('bob', 2), left('alice'));

  const alone = 'waits for a worker of its own, since a worker was lost that ran it';
  const kept = 'worker bob is kept for it, and has 1 other chunk to end first';
  assert.equal(core.explain(1, 0), `Index 0 of array 1 ${alone}: ${kept}.`);
  const queue = 'is queued behind 0 indices of its own array and 0 other arrays';
  assert.equal(
    core.explain(1, 1),
    `Index 1 of array 1 ${queue}, and all 2 threads are busy with array 2 (1), array 1 (1); it ${alone}.`,
  );
});

test('however many flow runs wait, each is told why', () => {
  const { on, core } = scheduler();
  const ids = Array.from({ length: 50 }, (_, n) => `run ${n}`);
  on(...ids.map((client, array) => submitted({ array, client })));
  const clients = new Map(
    ids.map((id) => [id, { id, told: new Set(), lastNews: 0, comm: {} } as unknown as ClientPeer]),
  );
  const memory = { heldBytes: 0, spilledBytes: 0 };
  const lookout = new Lookout({ core, clients, arrays: new Map(), workers: new Map(), memory }, {});

  const why = 'nothing starts or ends: 1 task run could start, but there is no worker';
  assert.deepEqual(
    lookout.standstills(60_000).map(({ client, record }) => [client.id, record.message]),
    ids.map((id) => [id, why]),
  );
});

test('of what waits for something that must run alone, the flow run is told so', () => {
  const { on, core } = scheduler({ allowedFailures: 0 });
  on(joined('alice', 2), submitted({ array: 1, length: 2 }), settled('alice', 2, [1, 2]));
  on(submitted({ array: 2, client: 'other' }), joined('bob', 3), left('alice'));
  const told = (id: string) => toldTo(core, id);

  const since = 'since a worker was lost that ran it';
  const kept = 'worker bob is kept for it, and has 1 other chunk to end first';
  assert.equal(told('run'), `index 0 of array 1 waits for a worker of its own, ${since}: ${kept}`);

  on(settled('bob', 3, [0, 1]), ended('bob', 3), submitted({ array: 3, client: 'other' }));
  const rest = `the rest of worker bob is kept free for index 0 of array 1, ${since}`;
  assert.equal(told('other'), `1 task run could start, but 1 of 3 threads are busy with array 1; ${rest}`);
});

test('a flow run that waits for what others have queued is told with which priority it goes first', () => {
  const { on, core } = scheduler();
  on(
    joined('alice', 1),
    submitted({ array: 1, length: 100_000, priority: 2 }),
    submitted({ array: 2, client: 'small' }),
  );

  const why = '1 task run could start, but the only thread is busy with array 1';
  const remedy = 'What other flow runs have queued goes first; to go before it: flow.run({ priority: 3 })';
  assert.equal(toldTo(core, 'small'), `${why}. ${remedy}`);

  on(submitted({ array: 3, client: 'urgent', priority: 3 }));
  assert.equal(toldTo(core, 'urgent'), why);
});

test('no priority is named to a flow run that waits for its own limit, or for what it has queued itself', () => {
  const limited = scheduler();
  const db = [{ tag: 'db', most: 1 }];
  limited.on(joined('alice'), submitted({ array: 1, client: 'small', length: 3, limits: db }));
  limited.on(submitted({ array: 2, length: 9, priority: 2 }));
  assert.match(toldTo(limited.core, 'small')!, /^2 task runs could start, but (?!.*priority)/);

  const alone = scheduler();
  const own = { client: 'small', length: 3 };
  alone.on(joined('alice'), submitted({ array: 1, ...own }, { array: 2, ...own, priority: 1 }));
  assert.match(toldTo(alone.core, 'small')!, /^5 task runs could start, but (?!.*priority)/);
});

/** What the flow run of this client is told, when nothing of it moves. */
function toldTo(core: SchedulerCore, id: string): string | undefined {
  const client = { id, within: undefined, comm: { arrivingBytes: 0 } } as ClientPeer;
  const records = Map.groupBy(core.arrays.values(), (record) => record.client);
  const books = { core, clients: new Map(), arrays: new Map(), records };
  return standstillOf(client, books, { words: plainWords, now: 0 })?.message;
}
