import { after, before } from 'node:test';
import { DistributedExecutor, LocalCluster } from 'heddle/executors';
import { describeContract } from './contract.ts';

const cluster = new LocalCluster({ workers: 2, processes: true });
before(() => cluster.start());
after(() => cluster[Symbol.asyncDispose]());

describeContract('worker processes', () => new DistributedExecutor(() => cluster), { sharesMemory: false });
