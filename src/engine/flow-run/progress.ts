// How far each mapped task is, as text. Pure: the terminal and the log decide when to show it.

import { formatDuration } from '../../lib/duration.ts';
import { numbersIn } from '../../lib/range.ts';
import type { NodeRun } from './node-run.ts';

const barWidth = 20;
/** How many indices are named of those that are not done, and of those that failed. */
const mostNamed = { notDone: 3, failed: 10 };

/**
 * One line for each mapped task that has begun: done, running, failed of n, rate, remaining time. Of more than `most`,
 * those that are done give way first, without failures before those with some, and the last line says how many do.
 */
export function progressLines(
  runs: Iterable<NodeRun>,
  elapsedMs: ReadonlyMap<NodeRun, number>,
  most = Infinity,
): string[] {
  const begun = [...runs].filter((run) => run.isList && elapsedMs.has(run));
  const room = begun.length > most ? most - 1 : begun.length;
  const rank = ({ isDone, failedCount }: NodeRun) => (isDone ? (failedCount > 0 ? 1 : 2) : 0);
  const shown = new Set(begun.toSorted((a, b) => rank(a) - rank(b)).slice(0, room));
  const width = Math.max(0, ...Array.from(shown, (run) => run.node.slug.length));
  const lines = begun.filter((run) => shown.has(run)).map((run) => progressLine(run, elapsedMs.get(run)!, width));
  return room < begun.length ? [...lines, `and ${begun.length - room} more`] : lines;
}

function progressLine(run: NodeRun, elapsedMs: number, width: number): string {
  const { length, settledCount, runningCount, failedCount, triggerFailedCount } = run;
  const share = length === 0 ? 1 : settledCount / length;
  const filled = Math.floor(share * barWidth);
  const bar = '█'.repeat(filled) + '░'.repeat(barWidth - filled);
  const rate = elapsedMs === 0 ? 0 : (settledCount * 1_000) / elapsedMs;
  const parts = [
    `${settledCount.toLocaleString('en')} done`,
    `${runningCount.toLocaleString('en')} running`,
    ...(triggerFailedCount > 0 ? [`${triggerFailedCount.toLocaleString('en')} not run`] : []),
    `${(failedCount - triggerFailedCount).toLocaleString('en')} failed of ${length.toLocaleString('en')}`,
    `${rate >= 100 ? Math.round(rate).toLocaleString('en') : rate.toFixed(1)}/s`,
  ];
  if (rate > 0 && settledCount < length) {
    parts.push(`${formatDuration(((length - settledCount) / rate) * 1_000)} left`);
  }
  return `${run.node.slug.padEnd(width)} ${bar} ${parts.join(' · ')}`;
}

/** The same in a few words: `210 of 500 done, 3 failed`. */
export function doneSoFar(run: NodeRun): string {
  return `${run.settledCount} of ${run.length} done${unlikeSuccess(run)}`;
}

/** The same when none has ended for so long, with the first of those that are not done, of which some may hang. */
export function noneFor(run: NodeRun, elapsedMs: number): string {
  const { all, size } = run.unsettled;
  const which = named([...numbersIn(all).take(mostNamed.notDone)], size);
  return `${doneSoFar(run)}, and none for ${formatDuration(elapsedMs)}; not done: ${which}`;
}

/** How many did not simply succeed, and which failed: the log has the errors of only the first of a kind. */
export function howTheyEnded(run: NodeRun): string {
  const indices = Array.from(run.ownFailures().take(mostNamed.failed), ({ index }) => index);
  if (indices.length === 0) return unlikeSuccess(run);
  return unlikeSuccess(run, ` (${named(indices, run.failedCount - run.triggerFailedCount)})`);
}

function named(indices: readonly number[], count: number): string {
  const rest = count > indices.length ? ` and ${count - indices.length} more` : '';
  return `${count === 1 ? 'index' : 'indices'} ${indices.join(', ')}${rest}`;
}

/** How many did not simply succeed, as the end of a sentence. */
function unlikeSuccess(run: NodeRun, which = ''): string {
  const { failedCount, triggerFailedCount, skippedCount, cachedCount } = run;
  const own = failedCount - triggerFailedCount;
  const failed = own === 0 ? '' : `, ${own} failed${which}`;
  const notRun = triggerFailedCount === 0 ? '' : `, ${triggerFailedCount} not run (TriggerFailed)`;
  const skipped = skippedCount === 0 ? '' : `, ${skippedCount} skipped`;
  const cached = cachedCount === 0 ? '' : `, ${cachedCount} cached`;
  return failed + notRun + skipped + cached;
}
