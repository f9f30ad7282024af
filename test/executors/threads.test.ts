import { after, before } from 'node:test';
import { DistributedExecutor, LocalCluster } from 'heddle/executors';
import { describeContract } from './contract.ts';

const cluster = new LocalCluster({ workers: 2 });
before(() => cluster.start());
after(() => cluster[Symbol.asyncDispose]());

describeContract('threads', () => new DistributedExecutor(() => cluster), { sharesMemory: true });
