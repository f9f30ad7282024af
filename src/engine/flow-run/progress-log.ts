// Logs now and then how far mapped tasks are, since one may take hours. It only looks at counts when it is time to log,
// so that no task run becomes slower.

import { config } from '../../config/config.ts';
import { toMilliseconds } from '../../lib/duration.ts';
import { timerMs } from '../../lib/timer.ts';
import type { FlowRunLog } from './flow-run-log.ts';
import type { NodeRun } from './node-run.ts';
import { doneSoFar } from './progress.ts';

/** Logs the runs that are under way and have got further since the last time, until it is disposed. */
export function logProgress(runs: Iterable<NodeRun>, log: FlowRunLog): Disposable {
  const everyMs = toMilliseconds(config().logging.progressInterval ?? 0, 'logging.progressInterval');
  if (everyMs === 0) return { [Symbol.dispose]: () => {} };
  /** How many task runs were done when that was last logged. */
  const told = new Map<NodeRun, number>();
  const tell = () => {
    for (const run of runs) {
      const { node, settledCount } = run;
      if (!goesOn(run) || told.get(run) === settledCount) continue;
      told.set(run, settledCount);
      log.loggerFor(node.slug).info(doneSoFar(run));
    }
  };
  const timer = setInterval(tell, timerMs(everyMs)).unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

function goesOn({ isList, isDone, runningCount, settledCount, kept }: NodeRun): boolean {
  return isList && !isDone && (runningCount > 0 || settledCount > kept.size);
}
