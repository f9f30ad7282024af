import type { Range } from '../../src/lib/range.ts';
import type { Event } from '../../src/scheduler/core.ts';
import type { Prng } from './prng.ts';

/** The same news of another worker, another attempt, or other indices. It may happen to be true. */
export function distort(told: Event, { prng, workers }: { prng: Prng; workers: readonly string[] }): Event {
  if (!('attempt' in told)) return told;
  // An end is one of an attempt, whatever else is said with it.
  const event = told.type === 'indices-settled' ? { ...told, isLast: false } : told;
  const shift = prng.pick([-2, -1, 1, 2, 0.5, Number.NaN]);
  const bent = ({ start, end }: Range) => {
    return prng.pick([
      { start: start + shift, end },
      { start, end: end + shift },
      { start: end, end: start },
    ]);
  };
  switch (prng.between(0, 4)) {
    case 0:
      return { ...event, worker: prng.pick(workers) };
    case 1:
      return { ...event, attempt: event.attempt + prng.between(-20, 20) };
    case 2:
      return { type: 'chunk-ended', worker: event.worker, attempt: event.attempt - prng.between(1, 9) };
    case 3: {
      // What it does not have, or runs, or nobody asked for. What comes next it may well be running.
      const next =
        'range' in event
          ? event.range.end
          : 'ranges' in event
            ? (event.ranges.at(-1)?.end ?? 0)
            : 'index' in event
              ? event.index + 1
              : 0;
      const start = prng.chance(0.5) ? next : prng.between(0, 300);
      const ranges = [{ start, end: start + prng.between(0, 9) }];
      return { type: 'indices-returned', worker: event.worker, attempt: event.attempt, ranges };
    }
    default:
      if (event.type === 'indices-settled') return { ...event, range: bent(event.range) };
      if (event.type === 'indices-returned') return { ...event, ranges: event.ranges.map(bent) };
      if (event.type === 'indices-lost') {
        const indices = event.indices.map((index) => index + shift);
        return { ...event, indices: prng.pick([indices, [...event.indices, ...event.indices]]) };
      }
      return event.type === 'chunk-ended' ? event : { ...event, index: event.index + shift };
  }
}
