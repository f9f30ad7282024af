// The life of a thread without a thread or a clock, and short names for what happens to it and what it has done.

import type { ChunkMessage, Loss } from '../../src/lib/chunk.ts';
import type { Look } from '../../src/lib/control.ts';
import { ThreadLife, type ThreadCommand, type ThreadEvent } from '../../src/worker/thread-life.ts';

export const started: ThreadEvent = { type: 'thread-started' };
export const gone: ThreadEvent = { type: 'thread-gone' };
export const start: ThreadCommand = { type: 'start-thread' };
export const post: ThreadCommand = { type: 'post-chunk' };
export const endThread: ThreadCommand = { type: 'end-thread' };
export const exit3: Loss = { kind: 'exit', exitCode: 3 };

export function thread() {
  const life = new ThreadLife();
  let now = 0;
  const on = (...events: ThreadEvent[]): ThreadCommand[] => events.flatMap((event) => [...life.handle(event, now)]);
  const wait = (ms: number, running = -1, starts = 1) => {
    now += ms;
    return on({ type: 'ticked', look: { ...busy, running: runningOf(running), starts } });
  };
  /** The same, with nothing running: of a chunk that was not taken up, or that is through. */
  const waitIdle = (ms: number, look: Partial<Look>) => {
    now += ms;
    return on({ type: 'ticked', look: { ...busy, ...look } });
  };
  return { life, on, wait, waitIdle };
}

const busy: Look = { running: [], starts: 1, untaken: [{ start: 9, end: 10 }], isBegun: true, isOpening: false };

export function chunk(
  attempt: number,
  { start = 0, end = 10, timeoutMs = undefined as number | undefined } = {},
): ThreadEvent {
  return { type: 'chunk-given', attempt, ranges: [{ start, end }], timeoutMs };
}

export function reported(attempt: number, report: ChunkMessage): ThreadEvent {
  return { type: 'chunk-reported', attempt, report };
}

export function settled(attempt: number, start: number, count: number): ThreadEvent {
  return reported(attempt, settledReport(start, count));
}

export function settledReport(start: number, count: number): ChunkMessage {
  return { type: 'settled', start, count, busyMs: 1, bytes: new Uint8Array(0) };
}

export function delayedReport(index: number): ChunkMessage {
  return { type: 'delayed', index, delayMs: 5, note: new Uint8Array(0) };
}

export function opened(attempt: number, resource: string): ThreadEvent {
  return reported(attempt, openedReport(resource));
}

export function openedReport(resource: string) {
  return { type: 'opened', resource, name: `the ${resource}`, closingMs: 100 } as const;
}

export function ended(attempt: number): ThreadEvent {
  return { type: 'chunk-ended', attempt };
}

export function closing(resource: string): ThreadEvent {
  return { type: 'closing-asked', resource };
}

export function broke(loss: Loss): ThreadEvent {
  return { type: 'thread-broke', loss };
}

/** With code 3, when it has begun all up to these, of ten. */
export function exited(...running: number[]): ThreadEvent {
  const { look, ...event } = exitedIdle(Math.max(...running) + 1);
  return { ...event, look: { ...look, running: runningOf(...running) } };
}

/** It runs nothing, and has begun all before `next`, of ten. */
export function exitedIdle(next: number): Extract<ThreadEvent, { type: 'thread-exited' }> {
  const look = { ...busy, starts: next, untaken: next === 10 ? [] : [{ start: next, end: 10 }] };
  return { type: 'thread-exited', look, loss: exit3, areInputsGone: false, isTriedAgain: false };
}

/** Before it has taken up the chunk that was posted. */
export function exitedBefore({ areInputsGone = false, isTriedAgain = false } = {}): ThreadEvent {
  const look = { ...busy, untaken: [{ start: 0, end: 10 }], isBegun: false };
  return { type: 'thread-exited', look, loss: exit3, areInputsGone, isTriedAgain };
}

/** With -1 for a lane that runs nothing. */
export function runningOf(...lanes: number[]): readonly number[] {
  return lanes.filter((index) => index !== -1);
}

export function over(loss?: { readonly indices: readonly number[]; readonly loss: Loss }): ThreadCommand {
  return { type: 'chunk-over', loss };
}

export function closedAll(resource: string): ThreadCommand {
  return { type: 'closing-over', resource, lost: undefined };
}
