import { inprocPair } from '../comm/inproc.ts';
import type { Traits } from '../lib/placing.ts';
import type { FromPeer, ToPeer } from '../protocol/messages.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import { join } from '../worker/join.ts';
import type { ChunkPool } from '../worker/pool.ts';
import type { Worker } from '../worker/worker.ts';

/** A worker of this process for a scheduler of this process. */
export function connectWorker(
  scheduler: Scheduler,
  pool: ChunkPool,
  self: { readonly name: string; readonly has?: Traits },
): Promise<Worker> {
  const [ours, theirs] = inprocPair<FromPeer, ToPeer>();
  scheduler.accept(ours);
  return join(theirs, pool, self);
}
