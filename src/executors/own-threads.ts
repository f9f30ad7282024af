// A scheduler in this process, with workers that are threads of this process.

import { Scheduler } from '../scheduler/scheduler.ts';
import type { SchedulerOptions } from '../scheduler/scheduler-options.ts';
import { ThreadPool } from '../worker/thread-pool.ts';
import type { RunningCluster } from './hosted-cluster.ts';
import { connectWorker } from './connect-worker.ts';
import type { WorkerSize } from './worker-size.ts';
import { Workforce, type LaunchedWorker, type StartWorker } from './workforce.ts';

export async function openThreads(size: WorkerSize, settings: SchedulerOptions): Promise<RunningCluster> {
  await using resources = new AsyncDisposableStack();
  let workforce: Workforce | undefined;
  const workerJoined = (name: string) => workforce?.joined(name);
  const whyNoWorker = () => workforce?.whyNone();
  const scheduler = resources.use(new Scheduler({ ...settings, workerJoined, whyNoWorker }));
  workforce = resources.use(new Workforce(scheduler, { start: inThisProcess(scheduler, size) }));
  return { scheduler, workforce, resources: resources.move() };
}

function inThisProcess(scheduler: Scheduler, { threads, memoryLimit, has }: WorkerSize): StartWorker {
  return async (_, name): Promise<LaunchedWorker> => {
    await using resources = new AsyncDisposableStack();
    const pool = resources.use(new ThreadPool({ threads, memoryLimitMb: memoryLimit, argv: process.argv.slice(2) }));
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
