import type { Comm } from '../comm/comm.ts';
import { introduce } from '../comm/introduce.ts';
import type { Traits } from '../lib/placing.ts';
import type { FromWorker, ToWorker } from '../protocol/messages.ts';
import type { ChunkPool } from './pool.ts';
import { Worker, type CodeKeeper } from './worker.ts';

/** Joins the scheduler at the other end of a fresh comm. Rejects when it refuses. */
export async function join(
  comm: Comm<ToWorker, FromWorker>,
  pool: ChunkPool,
  { name, has, code }: { name: string; has?: Traits; code?: CodeKeeper | undefined },
): Promise<Worker> {
  const worker = new Worker(comm, pool, code);
  const welcome = await introduce<ToWorker, FromWorker>(
    comm,
    { role: 'worker', name, threads: pool.threads, ...(has && { has }) },
    {
      message: (message) => worker.handle(message),
      closed: ({ reason }) => worker.disconnected(reason),
    },
  );
  worker.name = welcome.name;
  return worker;
}
