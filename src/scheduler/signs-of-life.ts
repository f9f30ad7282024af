// Who is silent for too long, and why a worker is gone, for people. That it is silent explains nothing, so it never
// stands alone: beside it stands what was last known.

import { formatDuration } from '../lib/duration.ts';
import { countIn } from '../lib/range.ts';
import { Watch } from '../comm/watch.ts';
import type { LostWorker } from './losses.ts';
import type { Assignment, ClientPeer, WorkerPeer } from './peers.ts';

/** So many heartbeat timeouts a client may be silent: its thread is its author's, who may keep it busy. */
const clientPatience = 20;
const mostNamed = 3;
const patienceMs = 1_000;

export function watchOverClient(heartbeatTimeoutMs: number, gone: (reason: string) => void): Watch {
  const limitMs = clientPatience * heartbeatTimeoutMs;
  return new Watch(limitMs, () => gone(`no sign of life for ${formatDuration(limitMs)}`));
}

/** One that was silent for longer than it may be. */
export function givenUp(worker: WorkerPeer, limitMs: number): LostWorker {
  const silence = `no sign of life within the heartbeat timeout of ${formatDuration(limitMs)}`;
  return { peer: worker, reason: `${silence}; ${lastKnown(worker)}` };
}

/** Why somebody is gone whose connection is; with more than that, if it had something to run. */
export function whyItIsGone(peer: WorkerPeer | ClientPeer, reason: string): string {
  return peer.type === 'client' || peer.attempts.size === 0 ? reason : `${reason}; ${lastKnown(peer)}`;
}

/** What is told within a while: how a process ended is known when its connection is lost, or a little later. */
export async function soon(told: Promise<string | undefined>): Promise<string | undefined> {
  const patience = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => patience.resolve(undefined), patienceMs);
  const first = await Promise.race([told, patience.promise]);
  clearTimeout(timer);
  return first;
}

function lastKnown({ lastSeen, memoryBytes, attempts }: WorkerPeer): string {
  const now = performance.now();
  const memory = memoryBytes === undefined ? '' : ` with ${Math.round(memoryBytes / 2 ** 20)} MB of memory`;
  const assignments = [...attempts.values()];
  const named = assignments.slice(0, mostNamed).map((assignment) => describe(assignment, now));
  const more = assignments.length > mostNamed ? [`${assignments.length - mostNamed} more`] : [];
  const what = assignments.length === 0 ? 'nothing' : [...named, ...more].join(' and ');
  return `it was last heard ${formatDuration(now - lastSeen)} ago${memory}, and had run ${what}`;
}

function describe({ array, ranges, since }: Assignment, now: number): string {
  const { name, length } = array.submission;
  const count = countIn(ranges);
  const [first, last] = [ranges[0]!.start, ranges.at(-1)!.end - 1];
  const some = last - first < count ? '' : `${count} of the `;
  const indices = count === 1 ? ` [map index ${first}]` : ` [${some}map indices ${first} to ${last}]`;
  return `task '${name}'${length === 1 ? '' : indices} for ${formatDuration(now - since)}`;
}
