// What a task has started and does not await. On the thread of the flow it goes on until it is through; a worker's
// thread may be ended before that.

import { subscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import { plural } from '../../lib/plural.ts';
import type { RunPlan } from '../plan.ts';
import { warning, type Notice } from './module-warnings.ts';

/**
 * What Node calls an access to a file that a promise stands for. What has a callback is not looked at: a stream closes
 * its file by one, after it has told everybody that it is through.
 */
const accessToFile = 'FSReqPromise';
/** HTTP requests that were not answered so far. */
const unanswered = new Set<HttpRequest>();

/** As Node has it, or undici, which `fetch` is. */
type HttpRequest = Pick<ClientRequest, 'method'> & Partial<Pick<ClientRequest, 'hasHeader'>> & { upgrade?: unknown };

/** To be called once in a thread where it is to be known which HTTP requests are under way. */
export function watchRequests(): void {
  const requestOf = (message: unknown) => (message as { request: HttpRequest }).request;
  const add = (message: unknown) => void (isForSocket(requestOf(message)) || unanswered.add(requestOf(message)));
  const remove = (message: unknown) => void unanswered.delete(requestOf(message));
  subscribe('undici:request:create', add);
  subscribe('undici:request:headers', remove);
  subscribe('undici:request:error', remove);
  subscribe('http.client.request.created', add);
  subscribe('http.client.response.finish', remove);
  subscribe('http.client.request.error', remove);
}

/** Whether a WebSocket is opened or a proxy is gone through: nobody tells of an answer, and the socket may stay. */
function isForSocket(request: HttpRequest): boolean {
  return request.method === 'CONNECT' || Boolean(request.upgrade) || request.hasHeader?.('upgrade') === true;
}

/** What is under way, each kind as a clause. Sockets, timers and processes may well be there to stay. */
export function workUnderWay(): string[] {
  const accesses = process.getActiveResourcesInfo().filter((name) => name === accessToFile).length;
  const requests = unanswered.size;
  return [
    ...(accesses === 0 ? [] : [plural(accesses, 'access to files', 'accesses to files')]),
    ...(requests === 0 ? [] : [plural(requests, 'HTTP request')]),
  ];
}

/** What to tell of a task of which that is under way when all of its runs here have ended. */
export function leftWork({ alike, name, flowRunId }: RunPlan, underWay: readonly string[]): Notice {
  const task = alike?.task ?? name;
  const message =
    `task '${task}' ended while what it had started went on: ${underWay.join(' and ')}. Nobody waits for that: it is ` +
    `cut off if its thread ends, and what comes after the task may come too early. Await it, as in await ` +
    `Promise.all(items.map(async …)) rather than items.forEach(async …). If it is a package that does so for itself, ` +
    `such as one that sends what is logged, ignore this.`;
  return warning('TASK_LEFT_WORK', message, [flowRunId, task]);
}
