import type { Event } from '../../src/scheduler/core.ts';
import type { Prng } from './prng.ts';

/** The same news of another worker, another attempt, or other indices. It may happen to be true. */
export function distort(event: Event, { prng, workers }: { prng: Prng; workers: readonly string[] }): Event {
  if (!('attempt' in event)) return event;
  const shift = prng.pick([-2, -1, 1, 2, 0.5, Number.NaN]);
  switch (prng.between(0, 4)) {
    case 0:
      return { ...event, worker: prng.pick(workers) };
    case 1:
      return { ...event, attempt: event.attempt + prng.between(-20, 20) };
    case 2:
      return { type: 'chunk-ended', worker: event.worker, attempt: event.attempt - prng.between(1, 9) };
    case 3: {
      // What it does not have, or runs, or nobody asked for. What comes next it may well be running.
      const next = 'range' in event ? event.range.end : 'index' in event ? event.index + 1 : 0;
      const start = prng.chance(0.5) ? next : prng.between(0, 300);
      const range = { start, end: start + prng.between(0, 9) };
      return { type: 'indices-returned', worker: event.worker, attempt: event.attempt, range };
    }
    default:
      if (event.type === 'indices-settled' || event.type === 'indices-returned') {
        const { start, end } = event.range;
        const range = prng.pick([
          { start: start + shift, end },
          { start, end: end + shift },
          { start: end, end: start },
        ]);
        return { ...event, range };
      }
      if (event.type === 'indices-lost') {
        const indices = event.indices.map((index) => index + shift);
        return { ...event, indices: prng.pick([indices, [...event.indices, ...event.indices]]) };
      }
      return event.type === 'chunk-ended' ? event : { ...event, index: event.index + shift };
  }
}
