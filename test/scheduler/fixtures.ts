// A scheduler on a virtual clock that checks the invariants after each event, and short names for events and commands.

import { SchedulerCore, type ArraySpec, type Command, type CoreOptions, type Event } from '../../src/scheduler/core.ts';
import { noTraits, type Traits } from '../../src/lib/placing.ts';
import { checkInvariants } from './invariants.ts';

export function scheduler(options: Partial<CoreOptions> = {}) {
  const usual = { allowedFailures: 3, heartbeatTimeoutMs: 2_000, targetChunkMs: 10, patienceMs: 20, overlappingMs: 20 };
  const core = new SchedulerCore({ ...usual, ...options });
  let now = 0;
  const on = (...events: Event[]): Command[] =>
    events.flatMap((event) => {
      const commands = core.handle(event, now);
      checkInvariants(core);
      return [...commands];
    });
  const sleep = (ms: number) => {
    now += ms;
  };
  const wait = (ms: number) => {
    sleep(ms);
    return on({ type: 'ticked' });
  };
  return { core, on, sleep, wait };
}

/** Alice has done index 0 of array 1 in no time, and runs indices 1 to 9 as attempt 2. */
export function measured({ length }: { length: number }): Event[] {
  return [joined('alice'), submitted({ array: 1, length }), settled('alice', 1, [0, 1], 0), ended('alice', 1)];
}

export function joined(worker: string, threads = 1, has = noTraits): Event {
  return { type: 'worker-joined', worker, threads, has };
}

/** `{ gpu: 2 }`, and labels. */
export function traits(resources: Readonly<Record<string, number>>, ...labels: string[]): Traits {
  return { resources: Object.entries(resources).map(([name, amount]) => ({ name, amount })), labels };
}

export function left(worker: string): Event {
  return { type: 'worker-left', worker };
}

export function submitted(...arrays: Partial<ArraySpec>[]): Event {
  const absent = { array: 0, client: 'run', length: 1, priority: 0, elementwise: [], whole: [], given: [] };
  return { type: 'arrays-submitted', arrays: arrays.map((array) => ({ ...absent, ...array })) };
}

export function given(array: Partial<ArraySpec>): Partial<ArraySpec> {
  return { ...array, given: [{ start: 0, end: array.length ?? 1 }] };
}

export function released(...arrays: number[]): Event {
  return { type: 'arrays-released', arrays };
}

export function settled(worker: string, attempt: number, [start, end]: [number, number], busyMs = 0): Event {
  return { type: 'indices-settled', worker, attempt, range: { start, end }, busyMs };
}

/** The same, as the last word of the attempt. */
export function settledAtLast(...facts: Parameters<typeof settled>): Event {
  return { ...settled(...facts), isLast: true } as Event;
}

export function returned(worker: string, attempt: number, ...parts: (readonly [number, number])[]): Event {
  return { type: 'indices-returned', worker, attempt, ranges: parts.map(([start, end]) => ({ start, end })) };
}

export function delayed(worker: string, attempt: number, index: number, delayMs = 1_000): Event {
  return { type: 'index-delayed', worker, attempt, index, delayMs };
}

export function lost(worker: string, attempt: number, ...indices: number[]): Event {
  return { type: 'indices-lost', worker, attempt, indices };
}

export function ended(worker: string, attempt: number): Event {
  return { type: 'chunk-ended', worker, attempt };
}

/** With one lane unless the last argument says otherwise. */
export function run(...[worker, array, range, attempt, lanes = 1]: RunFacts): Command {
  return runAll(worker, array, [range], attempt, lanes);
}

/** Likewise, of several ranges. */
export function runAll(...[worker, array, parts, attempt, lanes = 1]: RunAllFacts): Command {
  const ranges = parts.map(([start, end]) => ({ start, end }));
  return { type: 'run-chunk', worker, array, ranges, attempt, lanes };
}

/** Likewise, to wait for another attempt of its array on the same worker. */
export function runBehind(behind: number, ...facts: RunFacts): Command {
  return { ...run(...facts), behind } as Command;
}

export function recalled(worker: string, attempt: number): Command {
  return { type: 'recall-chunk', worker, attempt };
}

type RunAllFacts = [worker: string, array: number, parts: [number, number][], attempt: number, lanes?: number];
type RunFacts = [worker: string, array: number, range: [number, number], attempt: number, lanes?: number];

export function kept(array: number, [start, end]: [number, number]): Command {
  return { type: 'settled', array, range: { start, end } };
}

export function crashed(array: number, index: number, losses: number): Command {
  return { type: 'crashed', array, index, losses };
}
