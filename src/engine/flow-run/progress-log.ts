// How far mapped tasks are, in the log, now and then: between the start and the end of one there may be hours. Counts
// are only looked at when it is time, so that no task run costs more for it.

import { config } from '../../config/config.ts';
import { toMilliseconds } from '../../lib/duration.ts';
import { timerMs } from '../../lib/timer.ts';
import type { FlowRunLog } from './flow-run-log.ts';
import type { NodeRun } from './node-run.ts';
import { doneSoFar } from './progress.ts';

/** Tells it of those that go on and have got further since, until it is disposed. */
export function logProgress(runs: Iterable<NodeRun>, log: FlowRunLog): Disposable {
  const everyMs = toMilliseconds(config().logging.progressInterval ?? 0, 'logging.progressInterval');
  if (everyMs === 0) return { [Symbol.dispose]: () => {} };
  /** How many were done when it was told last. */
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
