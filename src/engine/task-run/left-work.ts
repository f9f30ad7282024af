// What a task has started and does not await. On the thread of the flow it goes on until it is through; a worker's
// thread may be ended before that.

import { plural } from '../../lib/plural.ts';
import type { RunPlan } from '../plan.ts';
import { warning, type ModuleWarning } from './module-warnings.ts';

/** What Node calls what it has asked the system for, one and many. It ends soon, and somebody wants to know how. */
const requests: readonly (readonly [name: RegExp, one: string, many?: string])[] = [
  [/^FSReq/, 'access to files', 'accesses to files'],
  [/^(?:GetAddrInfoReq|QueryReq|TCPConnect|PipeConnect)Wrap$/, 'connection being opened', 'connections being opened'],
];

/** The requests that are under way, each kind as a clause. Sockets, timers and processes may well be there to stay. */
export function requestsUnderWay(): string[] {
  const open = process.getActiveResourcesInfo();
  return requests.flatMap(([name, ...words]) => {
    const count = open.filter((each) => name.test(each)).length;
    return count === 0 ? [] : [plural(count, ...words)];
  });
}

/** What to tell of a task of which those are under way when all of its runs here have ended. */
export function leftWork({ alike, name, flowRunId }: RunPlan, underWay: readonly string[]): ModuleWarning {
  const task = alike?.task ?? name;
  const message =
    `task '${task}' ended while what it had started went on: ${underWay.join(' and ')}. Nobody waits for that: it is ` +
    `cut off if its thread ends, and what comes after the task may come too early. Await it, as in await ` +
    `Promise.all(items.map(async …)) rather than items.forEach(async …). If it is a package that does so for itself, ` +
    `such as one that writes a log, ignore this.`;
  return warning('TASK_LEFT_WORK', message, [flowRunId, task]);
}
