// A scheduler with one worker that runs everything on the thread of the flow itself.

import type { FlowRunFacts, Session, SessionListener } from '../engine/flow-run/executor.ts';
import { Scheduler } from '../scheduler/scheduler.ts';
import { connectWorker } from './connect-worker.ts';
import { connectClient } from './connect-client.ts';
import { InlinePool } from './inline-pool.ts';
import { openSession } from './scheduler-session.ts';

export async function startOnThisThread(run: FlowRunFacts, listener: SessionListener): Promise<Session> {
  const scheduler = new Scheduler();
  const worker = await connectWorker(scheduler, new InlinePool(), { name: 'this thread' });
  const owned = [scheduler, worker];
  const how = { name: run.flowRunName, importsModules: false, sharesMemory: true, takesCaptures: true, owned };
  return await openSession(connectClient(scheduler), listener, how);
}
