// What the log says of workers that are unable to run an array, since they cannot load its task.

import type { LogRecord } from '../lib/log-record.ts';
import { modulesOf, type HeldArray } from './peers.ts';
import type { Told } from './result-desk.ts';

/** Of so many workers it is told as a warning, for each module of each flow run. */
const toldWorkers = 5;

/** What the worker was given of the array is for others to run. It is told once for each worker and module. */
export function noteDecline(array: HeldArray, { worker, message: { unable = '' } }: Told): readonly LogRecord[] {
  const { code, name: task } = array.submission;
  const key = code === undefined ? `#${array.id}` : modulesOf(code);
  const { unableWorkers } = array.client;
  const told = unableWorkers.get(key) ?? new Map<string, string>();
  unableWorkers.set(key, told);
  if (told.has(worker.id)) return [];
  const [why = ''] = unable.split('\n', 1);
  const isSame = told.values().some((other) => other === why);
  told.set(worker.id, why);
  const given = 'what it was given is run by others';
  const first = `worker ${worker.name} is unable to run it, so ${given}: ${why}`;
  const message = isSame ? `worker ${worker.name} is unable to run it as well, for the same reason; ${given}` : first;
  const record = { time: Date.now(), level: told.size > toldWorkers ? 'debug' : 'warn', message, task } as const;
  if (told.size !== toldWorkers) return [record];
  return [record, { ...record, message: 'more workers that are unable to run it are told of at level debug' }];
}

/** Nobody is left that may be able to run the array. That is told once. */
export function noteInability(array: HeldArray, { worker, message: { unable = '' } }: Told): readonly LogRecord[] {
  if (array.isInabilityTold) return [];
  array.isInabilityTold = true;
  return [{ time: Date.now(), level: 'error', message: unable, task: array.submission.name, worker: worker.name }];
}
