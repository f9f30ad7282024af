import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Flow } from 'heddle';
import { DistributedExecutor, LocalCluster } from 'heddle/executors';
import { argumentsHere } from '../fixtures/tasks.ts';
import { describeContract } from './contract.ts';

const cluster = new LocalCluster({ workers: 2 });
before(() => cluster.start());
after(() => cluster[Symbol.asyncDispose]());

describeContract('threads', () => new DistributedExecutor(() => cluster), { sharesMemory: true });

test('threads get the arguments of the command line, as the modules of scripts expect', async () => {
  process.argv.push('--day', 'monday');
  try {
    const executor = new DistributedExecutor(() => new LocalCluster({ workers: 1 }));
    const state = await new Flow('arguments', () => argumentsHere()).run({ executor, onLog: () => {} });

    assert.deepEqual(state.output, process.argv.slice(2));
  } finally {
    process.argv.length -= 2;
  }
});
