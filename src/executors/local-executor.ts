import type { Executor, FlowRunFacts, Session, SessionListener } from '../engine/flow-run/executor.ts';
import { Scheduler } from '../scheduler/scheduler.ts';
import { InlinePool } from './inline-pool.ts';
import { connectWorker, connectClient } from './in-process.ts';
import { openSession } from './scheduler-session.ts';
import { keepFromTravelling } from '../lib/own-classes.ts';

/**
 * Runs every task on the thread of the flow itself, one after the other. It is the same scheduler and the same checks
 * as everywhere else, so what works here works on threads and on remote workers; and a debugger stops in every task.
 * Only what a task made inside a function captures is not looked at, as it stays here, unless the task is strict.
 */
export class LocalExecutor implements Executor {
  async start(run: FlowRunFacts, listener: SessionListener): Promise<Session> {
    const scheduler = new Scheduler();
    const worker = await connectWorker(scheduler, new InlinePool(), { name: 'this thread' });
    const owned = [scheduler, worker];
    const how = { name: run.flowRunName, isSameThread: true, sharesMemory: true, takesCaptures: true, owned };
    return await openSession(connectClient(scheduler), listener, how);
  }
}

keepFromTravelling(LocalExecutor, 'give it to a flow: new Flow(name, { executor }, …), or flow.run({ executor })');
