// A worker without a scheduler, a thread or a clock, and short names for what it hears and does.

import { noDefinition } from '../../src/lib/chunk.ts';
import type { FromWorker, ToWorker } from '../../src/protocol/messages.ts';
import { WorkerCore, type WorkerCommand, type WorkerCoreOptions, type WorkerEvent } from '../../src/worker/core.ts';
import type { ChunkLoss } from '../../src/worker/pool.ts';

export const ended = (attempt: number): FromWorker => ({ type: 'ended', attempt });
export const draining: FromWorker = { type: 'draining' };
export const bundled = { bundle: 'file:///kept/bundle.mjs' };

type Told = Extract<WorkerEvent, { type: 'told' }>;
type RunTold = { readonly type: 'told'; readonly message: Extract<ToWorker, { type: 'run' }> };

export function worker(options: Partial<WorkerCoreOptions> = {}) {
  const core = new WorkerCore({ threads: 1, keepsCode: false, ...options });
  return (...events: WorkerEvent[]): WorkerCommand[] => events.flatMap((event) => [...core.handle(event)]);
}

export function told(message: Told['message']): Told {
  return { type: 'told', message };
}

export function define(array: number, { isSent = false, bundle = '', whole = [] as number[] } = {}): Told {
  const address = { module: 'file:///m.ts', path: 'm.ts', fingerprint: 'f', ...(bundle !== '' && { bundle }) };
  const code = isSent ? { code: address } : {};
  const facts = { name: 'task', length: 10, elementwise: [], whole, definition: noDefinition, ...code };
  return told({ type: 'define', definition: { array, ...facts } });
}

/** What an array came to that others need whole. */
export function whole(array: number): Told {
  return told({ type: 'whole', array, blocks: [{ start: 0, count: 1, bytes: Uint8Array.of(array) }] });
}

interface RunFacts {
  readonly attempt?: number;
  readonly behind?: number;
  readonly timedOut?: readonly number[];
}

export function run(array: number, { attempt = 1, behind, timedOut = [] }: RunFacts = {}): RunTold {
  const facts = { array, attempt, ranges: [{ start: 0, end: 10 }], lanes: 1, inputs: [], notes: [], timedOut };
  return { type: 'told', message: { type: 'run', ...facts, ...(behind !== undefined && { behind }) } };
}

export function recall(attempt: number, array = 1): Told {
  return told({ type: 'recall', array, attempt });
}

export function cancel(attempt: number, graceMs: number): Told {
  return told({ type: 'cancel', array: 1, attempt, graceMs });
}

export function forget(array: number): Told {
  return told({ type: 'forget', array });
}

export function reported(
  attempt: number,
  report: Extract<WorkerEvent, { type: 'chunk-reported' }>['report'],
): WorkerEvent {
  return { type: 'chunk-reported', attempt, report };
}

export function opened(attempt: number, resource: string): WorkerEvent {
  return reported(attempt, { type: 'opened', resource, name: resource, closingMs: 100 });
}

export function closed(resource: string): WorkerEvent {
  return { type: 'resource-closed', resource };
}

export function over(attempt: number, loss?: ChunkLoss): WorkerEvent {
  return { type: 'chunk-over', attempt, last: [], loss };
}

export function found(array: number): WorkerEvent {
  return { type: 'code-found', array, source: bundled };
}

export function named(array: number): WorkerEvent {
  return { type: 'bundle-named', array, bundle: 'b' };
}

export function arrived(): WorkerEvent {
  return { type: 'bundle-arrived', bundle: 'b', source: bundled };
}

export function runs({ message }: RunTold, code = {}): WorkerCommand {
  return { type: 'run-chunk', message, code };
}

export function sent(...messages: FromWorker[]): WorkerCommand[] {
  return messages.map((message) => ({ type: 'send', message }));
}

export function dismissed(reason: string): WorkerCommand {
  return { type: 'tell-dismissed', reason };
}
