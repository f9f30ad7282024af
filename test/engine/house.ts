// The engine runs on whatever stands above it; these tests let it run on this thread, as a flow without an executor does.

import type { Executor } from '../../src/engine/flow-run/executor.ts';
import { LocalExecutor } from '../../src/executors/index.ts';

export { context, Flow, Parameter, signals, State, task, Task, triggers, unmapped } from '../../src/index.ts';
export { UsageError } from '../../src/index.ts';

export class LocalExecutorLike extends LocalExecutor {
  static readonly thatNeverStarts: Executor = {
    start: () => {
      throw new Error('was started');
    },
  };
}
