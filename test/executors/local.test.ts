import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Flow, task } from 'heddle';
import { LocalExecutor } from 'heddle/executors';
import { describeContract } from './contract.ts';

describeContract('this thread', () => new LocalExecutor(), { sharesMemory: true });

test('who gives it options is told that it has none, and where threads and overlaps are', () => {
  for (const options of [{ concurrency: 4 }, 4]) {
    assert.throws(() => Reflect.construct(LocalExecutor, [options]) as unknown, {
      name: 'TypeError',
      code: 'INVALID_OPTION',
      message:
        'LocalExecutor takes no options: it runs tasks on this thread, where those with a concurrency of their own ' +
        'overlap. For threads: new DistributedExecutor(() => new LocalCluster({ workers: 4 }))',
    });
  }
});

test('before a task of this thread begins, the rest of the program has its turn, and hears of the task before', async () => {
  let turns = 0;
  let isOver = false;
  const told: string[] = [];
  const count = () => {
    turns += 1;
    if (!isOver) setImmediate(count);
  };
  const step = task('step', ({ seen }: { readonly seen: readonly number[] }) => {
    told.push('begins');
    return { seen: [...seen, turns] };
  });
  const flow = new Flow('steps', { executor: new LocalExecutor() }, () => {
    const steps = [step({ seen: [] })];
    while (steps.length < 10) steps.push(step(steps.at(-1)!));
    return { last: steps.at(-1)! };
  });

  count();
  const { output } = await flow.run({ onLog: ({ message }) => told.push(message.replace(/ in .*/, '')) });
  isOver = true;

  assert.equal(new Set(output.last.seen).size, 10);
  const ofSteps = told.filter((word) => word === 'begins' || word === 'finished');
  assert.deepEqual(ofSteps, Array.from({ length: 10 }, () => ['begins', 'finished']).flat());
});
