// Knows which workers have which resources open. A resource is needed as long as its array is: the one that the
// arguments of its setup come from. After that, each worker that has it open is told to close it, and a client that
// cancelled is told when all are closed. What a resource is does not matter here.

import type { LogRecord } from '../lib/log-record.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import { isBusyFor, sendLogs, type ClientPeer, type HeldArray, type WorkerPeer } from './peers.ts';

interface HeldResource {
  readonly key: string;
  readonly array: HeldArray;
  isNeeded: boolean;
  /** The workers that have it open; for each, how many requests to close it are not answered yet. */
  readonly openOn: Map<WorkerPeer, number>;
}

interface Peers {
  readonly clients: ReadonlyMap<string, ClientPeer>;
  readonly workers: ReadonlyMap<string, WorkerPeer>;
}

export class ResourceDesk {
  readonly #held = new Map<string, HeldResource>();
  readonly #peers: Peers;

  constructor(peers: Peers) {
    this.#peers = peers;
  }

  /** Notes an array that is the one of a resource. */
  submitted(array: HeldArray): void {
    const { resource: key } = array.submission;
    if (key === undefined) return;
    if (this.#held.has(key)) throw new ProtocolError(`resource ${key} was submitted twice`);
    this.#held.set(key, { key, array, isNeeded: true, openOn: new Map() });
  }

  /** News of an unknown resource is old news, and ignored. */
  opened(worker: WorkerPeer, key: string): void {
    const held = this.#held.get(key);
    if (held === undefined) return;
    held.openOn.set(worker, held.openOn.get(worker) ?? 0);
    if (!held.isNeeded) this.#close(held, worker);
  }

  closed(worker: WorkerPeer, key: string): void {
    const held = this.#held.get(key);
    const left = (held?.openOn.get(worker) ?? 0) - 1;
    if (left > 0) held!.openOn.set(worker, left);
    else held?.openOn.delete(worker);
  }

  logs(worker: WorkerPeer, key: string, records: readonly LogRecord[]): void {
    const array = this.#held.get(key)?.array;
    if (array === undefined) return;
    const named = records.map((record) => ({ ...record, worker: worker.name }));
    sendLogs(array, named);
  }

  /** The array is forgotten: if it is the one of a resource, no task run needs that any more. */
  forgotten({ submission }: HeldArray): void {
    const held = submission.resource === undefined ? undefined : this.#held.get(submission.resource);
    if (held === undefined) return;
    held.isNeeded = false;
    for (const worker of held.openOn.keys()) this.#close(held, worker);
  }

  workerLeft(worker: WorkerPeer): void {
    for (const held of this.#held.values()) {
      if (!held.openOn.delete(worker)) continue;
      const { name } = held.array.submission;
      const where = 'on a worker that was lost, so it was not closed there';
      const message = `resource '${name}' was open, or being opened, ${where}`;
      this.logs(worker, held.key, [{ time: Date.now(), level: 'warn', message, task: name }]);
    }
  }

  /** Whether some worker has something of this client's open. */
  #isOpenFor(client: ClientPeer): boolean {
    return this.#held.values().some(({ array, openOn }) => array.client === client && openOn.size > 0);
  }

  /**
   * Forgets resources that nobody needs or has open, unless their client still runs something that could open them. And
   * tells clients that cancelled when nothing of theirs runs or is open any more.
   */
  tellIdle(): void {
    const { clients, workers } = this.#peers;
    for (const { key, array, isNeeded, openOn } of this.#held.values()) {
      if (!isNeeded && openOn.size === 0 && !isBusyFor(array.client, workers)) this.#held.delete(key);
    }
    for (const client of clients.values()) {
      if (!client.isCancelling || isBusyFor(client, workers) || this.#isOpenFor(client)) continue;
      client.isCancelling = false;
      client.comm.send({ type: 'idle' });
    }
  }

  #close({ key, openOn }: HeldResource, worker: WorkerPeer): void {
    openOn.set(worker, openOn.get(worker)! + 1);
    worker.line.send({ type: 'close-resource', resource: key });
  }
}
