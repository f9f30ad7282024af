// What the log says of workers that are unable to run an array, since they cannot load its task.

import type { LogRecord } from '../lib/log-record.ts';
import type { Command } from './events.ts';
import type { HeldArray } from './peers.ts';
import type { Told } from './result-desk.ts';

/** Of so many workers it is told as a warning, for each module of each flow run. */
const toldWorkers = 5;

/** What the worker was given of the array is to be run elsewhere. It is told once for each worker and module. */
export function noteDecline(
  array: HeldArray,
  { worker, message: { unable = '' } }: Told,
  { by }: Pick<Extract<Command, { type: 'declined' }>, 'by'>,
): readonly LogRecord[] {
  const { code, name: task } = array.submission;
  const key = code?.module ?? `#${array.id}`;
  const { unableWorkers } = array.client;
  const told = unableWorkers.get(key) ?? new Map<string, string>();
  unableWorkers.set(key, told);
  const isWhole = by === 'others';
  const who = isWhole ? `worker ${worker.name}` : `a thread of worker ${worker.name}`;
  if (told.has(who)) return [];
  const [why = ''] = unable.split('\n', 1);
  const isSame = told.values().some((other) => other === why);
  told.set(who, why);
  const others = isWhole ? 'what it was given is run by others' : 'what it was given is run by others there';
  const message = `${who} is unable to run it${isSame ? ' as well, for the same reason' : ''}, so ${others}`;
  const level = told.size > toldWorkers ? 'debug' : 'warn';
  const record = { time: Date.now(), level, message: isSame ? message : `${message}: ${why}`, task } as const;
  if (told.size !== toldWorkers) return [record];
  return [record, { ...record, message: 'more workers that are unable to run it are told of at level debug' }];
}

/** Nobody is left that may be able to run the array. That is told once. */
export function noteInability(array: HeldArray, { worker, message: { unable = '' } }: Told): readonly LogRecord[] {
  if (array.isInabilityTold) return [];
  array.isInabilityTold = true;
  return [{ time: Date.now(), level: 'error', message: unable, task: array.submission.name, worker: worker.name }];
}
