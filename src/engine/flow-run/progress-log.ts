// Logs now and then how far mapped tasks are, since one may take hours. It only looks at counts when it is time to log,
// so that no task run becomes slower.

import { config } from '../../config/config.ts';
import { toMilliseconds } from '../../lib/duration.ts';
import { timerMs } from '../../lib/timer.ts';
import type { FlowRunLog } from './flow-run-log.ts';
import type { NodeRun } from './node-run.ts';
import { doneSoFar, noneFor } from './progress.ts';

/** After so many looks at which none has ended, that is logged; and then after so many times as many. */
const stillLooks = 6;

interface Told {
  readonly settledCount: number;
  /** How many looks there were since then, and the number at which it is logged that none has ended. */
  looks: number;
  next: number;
}

/** Logs, until it is disposed, the runs that have got further since the last time, and those of which none ends. */
export function logProgress(runs: Iterable<NodeRun>, log: FlowRunLog): Disposable {
  const everyMs = toMilliseconds(config().logging.progressInterval ?? 0, 'logging.progressInterval');
  if (everyMs === 0) return { [Symbol.dispose]: () => {} };
  const toldOf = new Map<NodeRun, Told>();
  const look = (run: NodeRun) => {
    const { info } = log.loggerFor(run.node.slug);
    const told = toldOf.get(run);
    if (told === undefined || told.settledCount !== run.settledCount) {
      toldOf.set(run, { settledCount: run.settledCount, looks: 0, next: stillLooks });
      return info(doneSoFar(run));
    }
    told.looks += 1;
    if (told.looks < told.next || run.runningCount === 0) return;
    told.next = told.looks * stillLooks;
    info(noneFor(run, told.looks * everyMs));
  };
  const timer = setInterval(() => {
    for (const run of runs) if (goesOn(run)) look(run);
  }, timerMs(everyMs)).unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

function goesOn({ isList, isDone, runningCount, settledCount, kept }: NodeRun): boolean {
  return isList && !isDone && (runningCount > 0 || settledCount > kept.size);
}
