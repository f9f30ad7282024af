import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ArraySpec, Command } from '../../src/scheduler/core.ts';
import {
  delayed,
  ended,
  joined,
  kept,
  left,
  recalled,
  released,
  run,
  runBehind,
  scheduler,
  settled,
  settledAtLast,
  submitted,
  traits,
} from './fixtures.ts';

const db = (most: number) => ({ limits: [{ tag: 'db', most }] });
const api = (most: number) => ({ limits: [{ tag: 'api', most }] });

test('the higher priority runs first, and one below 0 last [D129]', () => {
  const { on } = scheduler();
  on(submitted({ array: 1, priority: -1 }, { array: 2 }, { array: 3, priority: 0.5 }));

  assert.deepEqual(on(joined('alice', 3)), [
    run('alice', 3, [0, 1], 1),
    run('alice', 2, [0, 1], 2),
    run('alice', 1, [0, 1], 3),
  ]);
});

test('what needs nothing does not go to who made it ready, where what waits needs more', () => {
  const { on } = scheduler();
  on(joined('alice', 1, traits({ gpu: 1 })), joined('bob'));
  on(submitted({ array: 1, length: 9, needs: traits({ gpu: 1 }) }, { array: 2, length: 9, elementwise: [1] }));

  const commands = on(settledAtLast('alice', 1, [0, 1], 99));

  assert.deepEqual(commands.slice(-2), [run('bob', 2, [0, 1], 2), run('alice', 1, [1, 2], 3)]);
});

test('what needs a label runs only where that is, whoever else is free', () => {
  const { on } = scheduler();
  on(joined('alice', 2), joined('bob', 1, traits({}, 'eu', 'big')));

  const commands = on(submitted({ array: 1, length: 2, needs: traits({}, 'eu') }, { array: 2 }));

  assert.deepEqual(commands, [run('bob', 1, [0, 1], 1), run('alice', 2, [0, 1], 2)]);
});

test('what needs two resources never has more of either than there is, and gives all of it back [D136]', () => {
  const { on } = scheduler();
  on(joined('alice', 4, traits({ a: 2, b: 1 })));

  assert.deepEqual(on(submitted({ array: 1, length: 3, needs: traits({ a: 1, b: 1 }) })), [run('alice', 1, [0, 1], 1)]);

  assert.deepEqual(on(settled('alice', 1, [0, 1], 1_000)), [kept(1, [0, 1])]);
  assert.deepEqual(on(ended('alice', 1)), [run('alice', 1, [1, 2], 2)]);
  assert.deepEqual(on(delayed('alice', 2, 1), ended('alice', 2)).at(-1), run('alice', 1, [2, 3], 3));
});

test('a resource comes back when what has it really ends, not when that is cancelled [D109]', () => {
  const { on } = scheduler();
  const gpu = traits({ gpu: 1 });
  on(joined('alice', 2, gpu), submitted({ array: 1, needs: gpu }, { array: 2, needs: gpu }));

  const cancel = { type: 'cancel-chunk', worker: 'alice', attempt: 1 };
  assert.deepEqual(on(released(1)), [cancel, { type: 'forgotten', array: 1 }]);

  assert.deepEqual(on(ended('alice', 1)), [run('alice', 2, [0, 1], 2)]);
});

test('fractions of a resource add up to all of it', () => {
  const { on } = scheduler();
  on(joined('alice', 20, traits({ gpu: 1 })));

  const started = (...commands: Command[]) => commands.length;

  assert.equal(started(...on(submitted({ array: 1, length: 20, needs: traits({ gpu: 0.1 }) }))), 10);
  for (let attempt = 1; attempt <= 10; attempt += 1) on(settled('alice', attempt, [attempt - 1, attempt], 1_000));
  assert.equal(started(...on(...[1, 2, 3, 4, 5].map((attempt) => ended('alice', attempt)))), 5);
});

test('a chunk that is sent ahead takes over the resources of the one before it, which are never free between them', () => {
  const { on } = scheduler();
  const needs = traits({ gpu: 1 });
  on(joined('alice', 2, needs), submitted({ array: 1, length: 4, needs }));

  assert.deepEqual(on(settled('alice', 1, [0, 1], 10)), [kept(1, [0, 1]), runBehind(1, 'alice', 1, [1, 2], 2)]);
  assert.deepEqual(on(submitted({ array: 2, needs })), []);
  assert.deepEqual(on(ended('alice', 1)), [runBehind(2, 'alice', 1, [2, 3], 3)]);
  assert.deepEqual(on(settled('alice', 2, [1, 2], 10), ended('alice', 2)).at(-1), runBehind(3, 'alice', 1, [3, 4], 4));
});

test('nothing is sent ahead with resources that an earlier array needs, also where it needs more of them', () => {
  const { on } = scheduler();
  const gpus = (gpu: number, array: Partial<ArraySpec>) => submitted({ ...array, needs: traits({ gpu }) });
  on(joined('alice', 3, traits({ gpu: 2 })), gpus(1, { array: 1, length: 10 }), settled('alice', 1, [0, 1], 10));

  assert.deepEqual(on(gpus(3, { array: 2, priority: 1 })), [{ type: 'stranded', array: 2 }], 'alice never has three');
  assert.deepEqual(on(gpus(2, { array: 3, priority: 1 })), [recalled('alice', 3)]);
  assert.deepEqual(on(ended('alice', 3)), [recalled('alice', 4)]);
  assert.deepEqual(on(ended('alice', 4), ended('alice', 1)), [run('alice', 1, [2, 3], 5)], 'not kept for it yet');
});

test('nothing is sent ahead behind a chunk with fewer lanes than the next one could have', () => {
  const { on } = scheduler();
  const gpus = (gpu: number) => ({ needs: traits({ gpu }) });
  on(joined('alice', 2, traits({ gpu: 3 })), submitted({ array: 1, ...gpus(2) }, { array: 2, elementwise: [1] }));
  on(submitted({ array: 3, length: 90, concurrency: 3, ...gpus(1) }));

  assert.deepEqual(on(settled('alice', 2, [0, 1], 10)).at(-1), runBehind(2, 'alice', 3, [1, 2], 3));
  assert.deepEqual(on(settledAtLast('alice', 1, [0, 1], 10)), [kept(1, [0, 1]), run('alice', 2, [0, 1], 4)]);
  assert.deepEqual(on(ended('alice', 2)), []);
  assert.deepEqual(on(settledAtLast('alice', 3, [1, 2], 10)).at(-1), run('alice', 3, [2, 26], 5, 3));
});

test('a queue for what workers must have is forgotten with the last array of it', () => {
  const { core, on } = scheduler();
  on(submitted({ array: 1, needs: traits({ gpu: 1 }) }, { array: 2, needs: traits({ gpu: 1 }) }));
  assert.equal(core.fleet.queues.size, 2);

  on(released(1));
  assert.equal(core.fleet.queues.size, 2);
  on(released(2));
  assert.equal(core.fleet.queues.size, 1, 'that of arrays which need nothing stays');
});

test('who needs much waits, and keeps nobody waiting who needs less', () => {
  const { on } = scheduler();
  on(joined('alice', 3, traits({ gpu: 2 })), submitted({ array: 1, needs: traits({ gpu: 1 }) }));

  const much = { array: 2, needs: traits({ gpu: 2 }) };
  const commands = on(submitted(much, { array: 3, needs: traits({ gpu: 1 }) }, { array: 4 }));

  assert.deepEqual(commands, [run('alice', 3, [0, 1], 2), run('alice', 4, [0, 1], 3)]);
  on(settled('alice', 1, [0, 1]), ended('alice', 1), settled('alice', 2, [0, 1]));
  assert.deepEqual(on(ended('alice', 2)), [run('alice', 2, [0, 1], 4)]);
});

test('of what needs different things the first runs first, where a worker has both', () => {
  const { on } = scheduler();
  const gpu = traits({ gpu: 1 });
  on(submitted({ array: 1 }, { array: 2, needs: gpu, priority: 1 }, { array: 3, needs: gpu }));

  assert.deepEqual(on(joined('alice', 3, traits({ gpu: 2 }))), [
    run('alice', 2, [0, 1], 1),
    run('alice', 1, [0, 1], 2),
    run('alice', 3, [0, 1], 3),
  ]);
});

test('what nobody here can ever run is told once, as soon as somebody is here', () => {
  const { on } = scheduler();
  const stranded = (array: number) => ({ type: 'stranded', array });
  assert.deepEqual(on(submitted({ array: 1, needs: traits({ gpu: 2 }) })), []);

  assert.deepEqual(on(joined('alice', 1, traits({ gpu: 1 }))), [stranded(1)]);
  assert.deepEqual(on(joined('bob'), submitted({ array: 2, needs: traits({ gpu: 2 }) })), [stranded(2)]);

  const found = on(joined('carol', 2, traits({ gpu: 4 })));
  assert.deepEqual(found, [run('carol', 1, [0, 1], 1), run('carol', 2, [0, 1], 2)]);
});

test('what could run until the only worker for it began to leave is told too', () => {
  const { on } = scheduler();
  const needs = traits({}, 'eu');
  on(joined('alice', 1, needs), joined('bob'), submitted({ array: 1, length: 2, needs }));

  assert.deepEqual(on({ type: 'worker-draining', worker: 'alice' }), [{ type: 'stranded', array: 1 }]);
  assert.deepEqual(on(left('alice')), []);
});

test('a worker that is lost in the same moment is none to wait for', () => {
  const { on, wait } = scheduler();
  const needs = traits({ gpu: 1 });
  on(joined('alice', 1, needs), joined('bob'), submitted({ array: 1, needs }), { type: 'ticked' });

  const commands = [1_000, 1_000, 1].flatMap(wait);

  assert.deepEqual(
    commands.map(({ type }) => type),
    ['close-worker', 'close-worker'],
  );
});

test('no more than a limit says run at once, over all arrays and workers', () => {
  const { on } = scheduler();
  on(joined('alice', 2), joined('bob', 2));

  const commands = on(submitted({ array: 1, length: 2, ...db(3) }, { array: 2, length: 5, ...db(3) }, { array: 3 }));

  assert.deepEqual(commands, [
    run('alice', 1, [0, 1], 1),
    run('bob', 1, [1, 2], 2),
    run('alice', 2, [0, 1], 3),
    run('bob', 3, [0, 1], 4),
  ]);
  assert.deepEqual(on(settled('bob', 4, [0, 1]), ended('bob', 4)), [kept(3, [0, 1])]);
  assert.deepEqual(on(settled('alice', 1, [0, 1]), ended('alice', 1)).at(-1), run('bob', 2, [1, 2], 5));
});

test('a limit is that of one client, and the limits of several tags must all have room', () => {
  const { on } = scheduler();
  on(joined('alice', 4), submitted({ array: 1, ...db(1) }, { array: 2, ...api(1) }));

  const both = { limits: [...api(1).limits, ...db(1).limits] };
  const other: Partial<ArraySpec> = { array: 4, client: 'another', ...db(1) };
  assert.deepEqual(on(submitted({ array: 3, ...both }, other)), [run('alice', 4, [0, 1], 3)]);

  assert.deepEqual(on(settled('alice', 1, [0, 1]), ended('alice', 1)), [kept(1, [0, 1])]);
  assert.deepEqual(on(ended('alice', 2)), [run('alice', 2, [0, 1], 4)]);
  assert.deepEqual(on(settled('alice', 4, [0, 1]), ended('alice', 4)), [kept(2, [0, 1]), run('alice', 3, [0, 1], 5)]);
});

test('room that the next in line cannot use, for another limit or for want of a worker, is for those behind it', () => {
  const { on } = scheduler();
  on(joined('alice', 4), submitted({ array: 1, ...db(1) }, { array: 2, ...api(1) }));
  const both = { limits: [...db(1).limits, ...api(1).limits] };
  on(submitted({ array: 3, priority: 2, ...both }, { array: 4, priority: 1, needs: traits({ gpu: 1 }), ...db(1) }));
  on(submitted({ array: 5, ...db(1) }));

  const commands = on(settled('alice', 1, [0, 1]), ended('alice', 1));

  assert.deepEqual(commands, [kept(1, [0, 1]), run('alice', 5, [0, 1], 3)]);
});

test('a chunk that is sent ahead takes over the place of the one before it in a limit, also beside free threads', () => {
  const { on } = scheduler();
  on(joined('alice', 4), submitted({ array: 1, length: 5, ...db(1) }, { array: 2, ...db(1) }));

  assert.deepEqual(on(settled('alice', 1, [0, 1], 10)), [kept(1, [0, 1]), runBehind(1, 'alice', 1, [1, 2], 2)]);
  assert.deepEqual(on(ended('alice', 1)), [runBehind(2, 'alice', 1, [2, 3], 3)]);
});

test('nothing is sent ahead in a limit that an earlier array waits for, and what was is called back', () => {
  const { on } = scheduler();
  on(joined('alice', 4), submitted({ array: 1, length: 9, ...db(1) }), settled('alice', 1, [0, 1], 10));

  assert.deepEqual(on(submitted({ array: 2, ...api(1), priority: 1 })), [run('alice', 2, [0, 1], 3)]);
  const both = { limits: [...api(1).limits, ...db(1).limits] };
  assert.deepEqual(on(submitted({ array: 3, priority: 1, ...both })), [], 'which could not run yet');
  assert.deepEqual(on(submitted({ array: 4, priority: 1, ...db(1) })), [recalled('alice', 2)]);
  assert.deepEqual(on(ended('alice', 2)), []);
  assert.deepEqual(on(ended('alice', 1)), [run('alice', 4, [0, 1], 4)]);
});

test('where a limit is all that makes a chunk narrow, the next one is sent ahead', () => {
  const { on } = scheduler();
  on(joined('alice', 2), submitted({ array: 1, length: 90, concurrency: 2, ...db(3) }));

  const commands = on(settledAtLast('alice', 1, [0, 2], 20));

  assert.deepEqual(commands.slice(-2), [run('alice', 1, [3, 19], 3, 2), runBehind(2, 'alice', 1, [19, 20], 4)]);
});

test('what was sent ahead in a limit is called back for an earlier array also where that runs elsewhere', () => {
  const { on } = scheduler();
  on(joined('alice'), joined('bob', 1, traits({}, 'eu')));
  on(submitted({ array: 1, length: 9, ...db(1) }), settled('alice', 1, [0, 1], 10));

  const earlier = { array: 2, priority: 1, needs: traits({}, 'eu'), ...db(1) };
  assert.deepEqual(on(submitted(earlier)), [recalled('alice', 2)]);
  assert.deepEqual(on(ended('alice', 2), ended('alice', 1)), [run('bob', 2, [0, 1], 3)]);
});

test('what waits for two full limits keeps no array behind it from the place that is handed over in one of them', () => {
  const { on } = scheduler();
  on(joined('alice', 4), submitted({ array: 1, length: 9, ...db(1) }), settled('alice', 1, [0, 1], 10));
  on(submitted({ array: 2, ...api(1), priority: 1 }));

  const both = { limits: [...db(1).limits, ...api(1).limits] };
  const commands = on(submitted({ array: 3, priority: 2, ...both }, { array: 4, priority: 1, ...db(1) }));
  assert.deepEqual(commands, [recalled('alice', 2)]);
  assert.deepEqual(on(ended('alice', 2)), []);
  assert.deepEqual(on(ended('alice', 1)), [run('alice', 4, [0, 1], 4)]);
});

test('what was sent ahead in a limit is called back for a free thread once the limit has room', () => {
  const { on } = scheduler();
  on(joined('alice', 4), submitted({ array: 1, length: 4, ...db(2) }), settled('alice', 1, [0, 1], 10));
  assert.deepEqual(on(settledAtLast('alice', 2, [1, 2], 10)), [kept(1, [1, 2]), run('alice', 1, [3, 4], 4)]);

  assert.deepEqual(on(settledAtLast('alice', 4, [3, 4], 10)), [kept(1, [3, 4]), recalled('alice', 3)]);
});

test('what nobody needs any more hands its place in a limit over, and that is free when all of it has ended', () => {
  const { on } = scheduler();
  on(joined('alice', 4), submitted({ array: 1, length: 5, ...db(1) }), settled('alice', 1, [0, 1], 10));
  on(released(1), submitted({ array: 2, ...db(1) }));

  assert.deepEqual(on(ended('alice', 1)), []);
  assert.deepEqual(on(ended('alice', 2)), [run('alice', 2, [0, 1], 3)]);
});

test('an array that is let go while it waits for room keeps nothing from being sent ahead', () => {
  const { on } = scheduler();
  on(joined('alice', 4), submitted({ array: 1, length: 9, ...db(1) }));
  on(submitted({ array: 2, priority: 1, ...db(1) }), released(2));

  assert.deepEqual(on(settled('alice', 1, [0, 1], 10)).at(-1), runBehind(1, 'alice', 1, [1, 2], 2));
});

test('an array that is let go while it waits for room leaves that to the next', () => {
  const { on } = scheduler();
  on(joined('alice', 2), submitted({ array: 1, ...db(1) }, { array: 2, ...db(1) }, { array: 3, ...db(1) }));
  on(released(2));

  assert.deepEqual(on(settled('alice', 1, [0, 1]), ended('alice', 1)), [kept(1, [0, 1]), run('alice', 3, [0, 1], 2)]);
});

test('a limit that no array has any more is forgotten, and the next array may set another', () => {
  const { on } = scheduler();
  on(
    joined('alice', 2),
    submitted({ array: 1, ...db(1) }),
    settled('alice', 1, [0, 1]),
    ended('alice', 1),
    released(1),
  );

  const commands = on(submitted({ array: 2, length: 2, ...db(2) }));

  assert.deepEqual(commands, [run('alice', 2, [0, 1], 2), run('alice', 2, [1, 2], 3)]);
});

test('room that is left to one which is let go before it could run is for the next', () => {
  const { on } = scheduler();
  on(joined('alice', 2), submitted({ array: 1, ...db(1) }, { array: 2, ...db(1) }, { array: 3, ...db(1) }));
  on(left('alice'), submitted({ array: 4 }, { array: 5 }), released(1, 2, 4, 5));

  assert.deepEqual(on(joined('bob')), [run('bob', 3, [0, 1], 2)]);
});

test('what was cancelled has its place until it has ended, and a worker that is lost gives its places back', () => {
  const { on } = scheduler();
  on(joined('alice', 2), joined('bob', 2), submitted({ array: 1, ...db(1) }, { array: 2, ...db(1) }));

  assert.equal(on(released(1)).length, 2);
  assert.deepEqual(on(ended('alice', 1)), [run('bob', 2, [0, 1], 2)]);
  assert.deepEqual(on(left('bob')), [run('alice', 2, [0, 1], 3)]);
});

test('as many indices as overlap make a chunk, and each of them counts', () => {
  const { on } = scheduler();
  const many = { length: 100, concurrency: 10 };
  on(joined('alice', 2, traits({ gpu: 3 })), joined('bob', 2));

  assert.deepEqual(on(submitted({ array: 1, ...many, ...db(12) })), [
    run('alice', 1, [0, 10], 1, 10),
    run('bob', 1, [10, 12], 2, 2),
  ]);
  assert.deepEqual(on(submitted({ array: 2, ...many, needs: traits({ gpu: 1 }) })), [run('alice', 2, [0, 3], 3, 3)]);
});

test('few indices that could overlap are shared out all the same', () => {
  const { on } = scheduler();
  on(joined('alice'), joined('bob'));

  const commands = on(submitted({ array: 1, length: 7, concurrency: 100 }));

  assert.deepEqual(commands, [run('alice', 1, [0, 4], 1, 4), run('bob', 1, [4, 7], 2, 3)]);
});

test('what overlaps and is done soon comes in chunks of the target time, beyond what overlaps', () => {
  const { on } = scheduler({ targetChunkMs: 10, overlappingMs: 0 });
  on(joined('alice'), submitted({ array: 1, length: 1_000, concurrency: 4 }));

  on(settled('alice', 1, [0, 4], 0.4));
  assert.deepEqual(on(ended('alice', 1)), [run('alice', 1, [4, 36], 2, 4)]);
  assert.deepEqual(on(settled('alice', 2, [4, 36], 3.19)).at(-1), runBehind(2, 'alice', 1, [36, 136], 3, 4));
});
