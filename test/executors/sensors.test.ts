import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Flow } from 'heddle';
import { DistributedExecutor, LocalCluster } from 'heddle/executors';
import { linesOf, newDiary } from '../fixtures/diary.ts';
import { movesOn } from '../fixtures/sensors.ts';
import { runOn } from './contract.ts';

test(
  'when a sensor was first called is known still after its thread is lost',
  { timeout: 20_000 },
  async ({ signal }) => {
    using diary = newDiary();
    const executor = new DistributedExecutor(() => new LocalCluster({ workers: 1 }));

    const { state } = await runOn(executor)(new Flow('moving', () => movesOn(diary.path)), { signal });

    const [first, second] = linesOf(diary.path);
    assert.match(second!, /^call 2 /);
    const { type, message } = state.of('moves-on');
    assert.equal(type, 'TimedOut');
    const since = /since (\S+)\./.exec(message)![1]!;
    assert.ok(Date.parse(since) <= Number(first!.replace('call 1 ', '')), `${since}, ${first}`);
  },
);
