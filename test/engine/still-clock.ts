// A day in March 2026, on which time passes only when a test lets it.

import type { WallClock } from '../../src/engine/flow-run/schedule-loop.ts';

/** A clock that stands still, except while somebody waits or `pass` is called. */
export function clockAt(
  time: string,
): WallClock & { readonly waits: number[]; readonly pass: (milliseconds: number) => void } {
  let now = at(time).getTime();
  const waits: number[] = [];
  return {
    waits,
    now: () => now,
    pass: (milliseconds) => {
      now += milliseconds;
    },
    wait: (milliseconds, signal) => {
      signal.throwIfAborted();
      waits.push(milliseconds);
      now += milliseconds;
      return Promise.resolve();
    },
  };
}

export function at(time: string): Date {
  return new Date(`2026-03-01T${time}:00.000Z`);
}
