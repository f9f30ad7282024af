// Notices clients that are silent for too long, and words for people why a worker is gone. Silence alone explains
// nothing, so the message also says what was last known of the worker.

import { formatDuration } from '../lib/duration.ts';
import { inTime } from '../lib/in-time.ts';
import { countIn } from '../lib/range.ts';
import { timerMs } from '../lib/timer.ts';
import { Watch } from '../comm/watch.ts';
import type { LostWorker } from './losses.ts';
import type { Assignment, ClientPeer, WorkerPeer } from './peers.ts';

/** How many heartbeat timeouts a client may be silent: user code may keep its thread busy. */
const clientPatience = 20;
/** Routers and proxies forget connections on which nothing comes for a minute, some for half of one. */
const longestBeatMs = 15_000;
const mostNamed = 3;
const patienceMs = 1_000;

/** How often peers are asked for a sign of life. */
export function beatMs(heartbeatTimeoutMs: number): number {
  return timerMs(Math.min(heartbeatTimeoutMs / 5, longestBeatMs));
}

export function watchOverClient(heartbeatTimeoutMs: number, gone: (reason: string) => void): Watch {
  return new Watch(clientPatience * heartbeatTimeoutMs, {
    gone: (silentMs) => gone(`no sign of life for ${formatDuration(silentMs)}`),
  });
}

/** A worker that was silent for longer than `limitMs`. */
export function givenUp(worker: WorkerPeer, limitMs: number): LostWorker {
  const silence = `no sign of life within the heartbeat timeout of ${formatDuration(limitMs)}`;
  return { peer: worker, reason: `${silence}; ${lastKnown(worker)}` };
}

/** Why a peer is gone whose connection is lost; of a worker that had something to run, also what was last known. */
export function whyItIsGone(peer: WorkerPeer | ClientPeer, reason: string): string {
  return peer.type === 'client' || peer.attempts.size === 0 ? reason : `${reason}; ${lastKnown(peer)}`;
}

/** What is told within a second, or nothing: how a process ended may be known only after its connection is lost. */
export async function toldInTime(told: Promise<string | undefined>): Promise<string | undefined> {
  return (await inTime(patienceMs, told))?.value;
}

function lastKnown({ lastSeen, memoryBytes, attempts }: WorkerPeer): string {
  const now = performance.now();
  const memory = memoryBytes === undefined ? '' : ` with ${Math.round(memoryBytes / 2 ** 20)} MB of memory`;
  // What waits behind another one has not begun.
  const assignments = [...attempts.values()].filter(({ behind }) => behind === undefined || !attempts.has(behind));
  const named = assignments.slice(0, mostNamed).map((assignment) => describe(assignment, now));
  const more = assignments.length > mostNamed ? [`${assignments.length - mostNamed} more`] : [];
  const what = assignments.length === 0 ? 'nothing' : [...named, ...more].join(' and ');
  return `it was last heard ${formatDuration(now - lastSeen)} ago${memory}, and had been at work on ${what}`;
}

function describe({ array, ranges, since }: Assignment, now: number): string {
  const { name, length } = array.submission;
  const count = countIn(ranges);
  const [first, last] = [ranges[0]!.start, ranges.at(-1)!.end - 1];
  const some = last - first < count ? '' : `${count} of the `;
  const indices = count === 1 ? ` [map index ${first}]` : ` [${some}map indices ${first} to ${last}]`;
  return `task '${name}'${length === 1 ? '' : indices} for ${formatDuration(now - since)}`;
}
