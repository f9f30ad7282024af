// What is known of indices that were lost with their thread or worker: the log records about them, and the outcomes of
// those that are given up.

import { crashBlock, describeLoss, type Block } from '../lib/chunk.ts';
import type { LogRecord } from '../lib/log-record.ts';
import { countIn } from '../lib/range.ts';
import type { FromWorker } from '../protocol/messages.ts';
import { hasSomethingOf } from './peers.ts';
import type { Assignment, ClientPeer, HeldArray, LatestLoss, WorkerPeer } from './peers.ts';

/** A worker that is gone, and why; the reason says what was last known of it. */
export interface LostWorker {
  readonly peer: WorkerPeer;
  readonly reason: string;
}

export type Lost = Extract<FromWorker, { type: 'lost' }>;

/** Whether an index that is lost once more is given up. */
type IsLastLoss = (array: number, index: number) => boolean;

interface Noted {
  readonly assignment: Assignment;
  readonly isLastLoss: IsLastLoss;
}

/** How many log records of an assignment are kept. */
const keptRecords = 50;
/** How many of them are told of one index that was lost. */
const toldLines = 5;
const longestLine = 300;

/** Keeps the last log records of an assignment. Returns the new ones with the worker's name, for the client. */
export function noteRecords(worker: WorkerPeer, assignment: Assignment, records: readonly LogRecord[]): LogRecord[] {
  assignment.lastRecords = [...assignment.lastRecords, ...records.slice(-keptRecords)].slice(-keptRecords);
  return records.map((record) => ({ ...record, worker: worker.name }));
}

/** The reason why the peers of a closed scheduler are gone. */
export const ownClose = 'the cluster was closed';

/** The message when a worker is gone: it was lost with what it ran, or it left. */
export function departureOf({ name, attempts }: WorkerPeer, reason: string, isLastLoss: IsLastLoss): string {
  if (attempts.size === 0) return `worker ${name} left (${reason})`;
  if (reason.startsWith(ownClose)) return `worker ${name} was sent away (${reason})`;
  const isLast = ({ array, ranges }: Assignment) => isLastLoss(array.id, ranges[0]!.start);
  return `worker ${name} was lost (${reason}); what it ran ${again([...attempts.values()], isLast)}`;
}

function again(lost: readonly Assignment[], isLast: (assignment: Assignment) => boolean): string {
  if (!lost.some(isLast)) return 'is run again elsewhere';
  const isAll = lost.every((assignment) => isLast(assignment) && countIn(assignment.ranges) === 1);
  return isAll ? 'is not run again' : 'is run again elsewhere, where its task allows that';
}

/** What each client is told of it: only those that had something there have lost that. */
export function lossFor(peer: WorkerPeer, news: string): (client: ClientPeer) => { readonly lost: string } {
  const others = peer.attempts.size === 0 ? news : `worker ${peer.name} was lost; nothing of this run was on it`;
  return (client) => ({ lost: hasSomethingOf(client, peer) ? news : others });
}

/** Keeps what a worker says of indices that it lost. Returns the record about it, for the client's log. */
export function noteLoss(worker: WorkerPeer, { assignment, isLastLoss }: Noted, { indices, loss }: Lost): LogRecord {
  const { array } = assignment;
  const { name, length, crashesWhenLost } = array.submission;
  for (const index of indices) {
    const lastLines = lastLinesOf(assignment, index);
    array.losses.set(index, { loss, worker: worker.name, lastLines });
  }
  const several = `the ${indices.length} runs of which one was to blame are run again, fewer together`;
  const [index] = indices;
  const isLast = crashesWhenLost || (indices.length === 1 && isLastLoss(array.id, index!));
  const what = loss.kind === 'not-started' ? 'what waited for it' : 'what it ran';
  const again = indices.length > 1 ? several : `${what} is run again`;
  const message = `${describeLoss(loss)}; ${isLast ? `${what} is not run again` : again}`;
  const isAlone = length > 1 && indices.length === 1 && index !== undefined;
  const whose = { task: name, ...(isAlone && { mapIndex: index }), worker: worker.name };
  return { time: Date.now(), level: 'warn', message, ...whose };
}

/** The outcome of an index that was given up, with what is known of its last loss. */
export function crashedBlock(
  array: HeldArray,
  crashed: { readonly index: number; readonly losses: number },
  lostWorker: LostWorker | undefined,
): Block {
  const { name: task, crashesWhenLost } = array.submission;
  const last = lostWorker === undefined ? array.losses.get(crashed.index) : lossWith(lostWorker, array, crashed.index);
  const { loss, worker, lastLines = [] } = last ?? {};
  return crashBlock(crashed.index, {
    task,
    losses: crashed.losses,
    ...(worker && { worker }),
    ...(loss && { loss }),
    ...(lastLines.length > 0 && { lastLines }),
    ...(crashesWhenLost && { isFinal: true }),
  });
}

function lossWith({ peer, reason }: LostWorker, array: HeldArray, index: number): LatestLoss {
  const its = [...peer.attempts.values()].filter((assignment) => assignment.array === array);
  const lastLines = its.flatMap((assignment) => lastLinesOf(assignment, index));
  return { loss: { kind: 'worker-left', message: reason }, worker: peer.name, lastLines };
}

/** The last log lines of one index before it was lost. */
function lastLinesOf({ array, lastRecords }: Assignment, index: number): readonly string[] {
  const mapIndex = array.submission.length > 1 ? index : undefined;
  const lines = lastRecords.filter((record) => record.mapIndex === mapIndex).map(({ message }) => message);
  return lines.slice(-toldLines).map((line) => {
    return line.length <= longestLine ? line : `${line.slice(0, longestLine)} …`;
  });
}
