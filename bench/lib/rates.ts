import { medianOf } from './statistics.ts';

/** Task runs a second, when `count` were done since `startedAt`. */
export function ratePerSecond(count: number, startedAt: number): number {
  return (count * 1_000) / (performance.now() - startedAt);
}

/**
 * Calls under way at one time. Every peer was tried with 4 to 4,096 on two threads: with fewer than 64 some were
 * slower, with more than 128 none was clearly faster.
 */
const inFlight = 128;

/** Calls with 0, 1, 2 … `count - 1` and checks that each gives one more. */
export async function rateOfCalls(count: number, call: (value: number) => PromiseLike<number>): Promise<number> {
  const startedAt = performance.now();
  let next = 0;
  const lane = async () => {
    while (next < count) {
      const value = next++;
      assertIsNext(value, await call(value));
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  return ratePerSecond(count, startedAt);
}

/** The median of as many times as `count`, in microseconds, after as many that do not count. */
export function medianOfWarm(times: readonly number[], count: number): number {
  return medianOf(times.slice(-count));
}

/** The median time of one call after the other, in microseconds, once they are warm. */
export async function medianRoundTrip(count: number, call: (value: number) => PromiseLike<number>): Promise<number> {
  const times: number[] = [];
  for (let value = 0; value < 2 * count; value++) {
    const startedAt = performance.now();
    const result = await call(value);
    times.push((performance.now() - startedAt) * 1_000);
    assertIsNext(value, result);
  }
  return medianOfWarm(times, count);
}

/** A figure for wrong results would mean nothing. */
export function assertIsNext(value: number, result: number | undefined): void {
  if (result !== value + 1) throw new Error(`expected ${value + 1} for ${value}, got ${result}`);
}
