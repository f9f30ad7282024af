// What the log says of workers that are unable to run an array, since they cannot load its task: they lack a module or
// a package, say, or cannot keep the code that they are sent.

import type { LogRecord } from '../lib/log-record.ts';
import type { HeldArray } from './peers.ts';
import type { Told } from './result-desk.ts';

/** Of so many workers for each array it is told as a warning. */
const toldDeclines = 5;

/** What the worker was given of the array is for others to run. */
export function noteDecline(array: HeldArray, { worker, message: { unable = '' } }: Told): readonly LogRecord[] {
  array.declines += 1;
  // Without its stack and its causes: it is told in one line.
  const [error] = unable.split(/\n(?: +at |caused by )/, 1);
  const message = `worker ${worker.name} is unable to run it, so others run what it was given: ${error}`;
  const level = array.declines > toldDeclines ? 'debug' : 'warn';
  return [{ time: Date.now(), level, message, task: array.submission.name }];
}

/** Nobody is left that may be able to run the array. That is told once. */
export function noteInability(array: HeldArray, { worker, message: { unable = '' } }: Told): readonly LogRecord[] {
  if (array.isInabilityTold) return [];
  array.isInabilityTold = true;
  return [{ time: Date.now(), level: 'error', message: unable, task: array.submission.name, worker: worker.name }];
}
