import type { Comm } from '../comm/comm.ts';
import { inprocPair } from '../comm/inproc.ts';
import type { FromClient, FromPeer, ToClient, ToPeer } from '../protocol/messages.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';

/** A client of this process for a scheduler of this process. It is here by itself, since it needs no worker's code. */
export function connectClient(scheduler: Scheduler): Comm<ToClient, FromClient> {
  // A chunk that became ready is to go to its worker before the client hears what made it ready.
  const [ours, theirs] = inprocPair<FromPeer, ToPeer>({ isUrgent: false });
  scheduler.accept(ours);
  return theirs;
}
