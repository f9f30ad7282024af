// A scheduler in this process, with workers that are threads of this process.

import type { Traits } from '../lib/placing.ts';
import { Scheduler } from '../scheduler/scheduler.ts';
import type { SchedulerOptions } from '../scheduler/scheduler-options.ts';
import type { RunningCluster } from './hosted-cluster.ts';
import { connectWorker } from './connect-worker.ts';
import type { PoolsHere } from './pools-here.ts';
import { Workforce, type LaunchedWorker, type StartWorker } from './workforce.ts';

/** The workers have what `has` says, and their threads of `pools`, which end with the cluster. */
export async function openThreads(
  pools: PoolsHere,
  { has, ...settings }: SchedulerOptions & { readonly has: Traits },
): Promise<RunningCluster> {
  await using resources = new AsyncDisposableStack();
  resources.use(pools);
  let workforce: Workforce | undefined;
  const workerJoined = (name: string) => workforce?.joined(name);
  const whyNoWorker = () => workforce?.whyNone();
  const scheduler = resources.use(new Scheduler({ ...settings, workerJoined, whyNoWorker }));
  workforce = resources.use(new Workforce(scheduler, { start: inThisProcess(scheduler, pools, has) }));
  return { scheduler, workforce, resources: resources.move() };
}

function inThisProcess(scheduler: Scheduler, pools: PoolsHere, has: Traits): StartWorker {
  return async (_, name): Promise<LaunchedWorker> => {
    await using resources = new AsyncDisposableStack();
    const pool = resources.use(pools.take());
    await pool.start();
    const worker = resources.use(await connectWorker(scheduler, pool, { name, has }));
    const held = resources.move();
    const ended = Promise.withResolvers<Error | undefined>();
    let isLeaving = false;
    let disposed: Promise<void> | undefined;
    const end = async (error?: Error) => {
      isLeaving = true;
      try {
        await (disposed ??= held.disposeAsync());
      } finally {
        ended.resolve(error);
      }
    };
    const leave = () => {
      isLeaving = true;
      void worker.drain(Infinity).then(() => end());
    };
    void worker.closed.then((reason) => (isLeaving ? undefined : end(new Error(reason))));
    return { ended: ended.promise, leave, end };
  };
}
