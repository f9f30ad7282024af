import type { Executor, FlowRunFacts, Session, SessionListener } from '../engine/flow-run/executor.ts';
import { UsageError } from '../lib/heddle-error.ts';
import { once } from '../lib/once.ts';
import { keepFromTravelling } from '../lib/own-classes.ts';

// A scheduler and a worker are much to load, and threads that import a flow to find its tasks need neither.
const thisThread = once(() => import('./on-this-thread.ts'));

/**
 * Runs every task on the thread of the flow itself, one after the other. It is the same scheduler and the same checks
 * as everywhere else, so what works here works on threads and on remote workers; and a debugger stops in every task.
 * Only what a task made inside a function captures is not looked at, as it stays here, unless the task is strict.
 */
export class LocalExecutor implements Executor {
  /** Throws for what the compiler refuses: given as options elsewhere, it would be ignored here without a word. */
  constructor(...options: []) {
    if ((options as unknown[]).length === 0) return;
    const message =
      'LocalExecutor takes no options: it runs tasks on this thread, where those with a concurrency of their own ' +
      'overlap. For threads: new DistributedExecutor(() => new LocalCluster({ workers: 4 }))';
    throw new UsageError('INVALID_OPTION', message, { owner: 'LocalExecutor' });
  }

  async start(run: FlowRunFacts, listener: SessionListener): Promise<Session> {
    const { startOnThisThread } = await thisThread();
    return await startOnThisThread(run, listener);
  }
}

keepFromTravelling(LocalExecutor, 'give it to a flow: new Flow(name, { executor }, …), or flow.run({ executor })');
