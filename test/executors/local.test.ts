import { LocalExecutor } from 'heddle/executors';
import { describeContract } from './contract.ts';

describeContract('this thread', () => new LocalExecutor(), { sharesMemory: true });
