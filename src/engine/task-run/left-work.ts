// What a task has started and does not await. On the thread of the flow it goes on until it is through; a worker's
// thread may be ended before that.

import { subscribe } from 'node:diagnostics_channel';
import { plural } from '../../lib/plural.ts';
import type { RunPlan } from '../plan.ts';
import { warning, type ModuleWarning } from './module-warnings.ts';

/** What Node calls what it has asked the system for. */
const accessToFiles = /^FSReq/;
/** HTTP requests that were not answered so far. */
const unanswered = new Set<unknown>();

/** To be called once in a thread where it is to be known which HTTP requests are under way. */
export function watchRequests(): void {
  const add = (message: unknown) => void unanswered.add((message as { request: unknown }).request);
  const remove = (message: unknown) => void unanswered.delete((message as { request: unknown }).request);
  subscribe('undici:request:create', add);
  subscribe('undici:request:headers', remove);
  subscribe('undici:request:error', remove);
  subscribe('http.client.request.start', add);
  subscribe('http.client.response.finish', remove);
  subscribe('http.client.request.error', remove);
}

/** What is under way, each kind as a clause. Sockets, timers and processes may well be there to stay. */
export function workUnderWay(): string[] {
  const accesses = process.getActiveResourcesInfo().filter((name) => accessToFiles.test(name)).length;
  const requests = unanswered.size;
  return [
    ...(accesses === 0 ? [] : [plural(accesses, 'access to files', 'accesses to files')]),
    ...(requests === 0 ? [] : [plural(requests, 'HTTP request')]),
  ];
}

/** What to tell of a task of which that is under way when all of its runs here have ended. */
export function leftWork({ alike, name, flowRunId }: RunPlan, underWay: readonly string[]): ModuleWarning {
  const task = alike?.task ?? name;
  const message =
    `task '${task}' ended while what it had started went on: ${underWay.join(' and ')}. Nobody waits for that: it is ` +
    `cut off if its thread ends, and what comes after the task may come too early. Await it, as in await ` +
    `Promise.all(items.map(async …)) rather than items.forEach(async …). If it is a package that does so for itself, ` +
    `such as one that writes a log, ignore this.`;
  return warning('TASK_LEFT_WORK', message, [flowRunId, task]);
}
