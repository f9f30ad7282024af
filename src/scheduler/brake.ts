// Slows down those that produce more than others take, so that what is held for each peer is bounded. When a client
// does not read what it is sent, or the disk does not keep up with its results, nothing more of it is started, and its
// running chunks are told to hold back their reports. A worker that does not read, or whose connection is gone, gets no
// more chunks.

import { formatBytes } from '../lib/byte-size.ts';
import type { LogLevel, LogRecord } from '../lib/log-record.ts';
import type { FromWorker } from '../protocol/messages.ts';
import type { Event } from './core.ts';
import { sendLogs, type ClientPeer, type HeldArray, type WorkerPeer } from './peers.ts';
import type { ResultMemory } from './result-memory.ts';

/** When a peer has not taken more bytes than this of what it was sent, it gets nothing more, */
const mostBytes = 32 * 2 ** 20;
/** until only this many are left. */
const fewBytes = 8 * 2 ** 20;

type Vitals = Extract<FromWorker, { type: 'vitals' }>;

export interface BrakeOptions {
  readonly workers: ReadonlyMap<string, WorkerPeer>;
  readonly memory: Pick<ResultMemory, 'behind'>;
  readonly tell: (event: Event) => void;
  readonly announce: (level: LogLevel, message: string) => void;
}

export class Brake {
  readonly #options: BrakeOptions;

  constructor(options: BrakeOptions) {
    this.#options = options;
  }

  /** Sends lines of an array's task runs to its client. */
  pass(array: HeldArray, records: readonly LogRecord[]): void {
    if (records.length === 0) return;
    sendLogs(array, records);
    this.checkClient(array.client);
  }

  /** To be called when something was sent to the client, or is held for it. */
  checkClient(client: ClientPeer): void {
    if (client.hasEnough) return;
    const isFull = client.comm.backlogBytes > mostBytes;
    const over = isFull ? client.comm.backlogFallenTo(fewBytes) : this.#options.memory.behind;
    if (over !== undefined) void this.#holdClient(client, over);
  }

  /** To be called when something was sent to the worker. */
  checkWorker(worker: WorkerPeer): void {
    if (!worker.hasEnough && worker.comm.backlogBytes > mostBytes) void this.#holdWorker(worker);
  }

  /** A worker says how much memory it takes, and whether that is too much to begin anything more. */
  heardVitals(worker: WorkerPeer, { memoryBytes, memoryLimitBytes, isPaused }: Vitals): void {
    Object.assign(worker, { memoryBytes, memoryLimitBytes });
    if (worker.lacksMemory === isPaused) return;
    worker.lacksMemory = isPaused;
    this.#update(worker);
    const much = `its process takes ${formatBytes(memoryBytes)} of the ${formatBytes(memoryLimitBytes)} that it may`;
    if (isPaused) this.#options.announce('warn', `worker ${worker.name} begins nothing more for now: ${much}`);
    else this.#options.announce('info', `worker ${worker.name} goes on: ${much}`);
  }

  /** The connection to the worker is gone. */
  lost(worker: WorkerPeer): void {
    worker.isLost = true;
    this.#update(worker);
  }

  async #holdClient(client: ClientPeer, over: Promise<void>): Promise<void> {
    const { tell } = this.#options;
    client.hasEnough = true;
    // After the event that led to this: the core handles one at a time.
    await Promise.resolve();
    tell({ type: 'client-paused', client: client.id });
    this.#tellWorkersOf(client, 'hold');
    await over;
    client.hasEnough = false;
    this.#tellWorkersOf(client, 'go-on');
    tell({ type: 'client-resumed', client: client.id });
  }

  async #holdWorker(worker: WorkerPeer): Promise<void> {
    worker.hasEnough = true;
    await Promise.resolve();
    this.#update(worker);
    await worker.comm.backlogFallenTo(fewBytes);
    worker.hasEnough = false;
    this.#update(worker);
  }

  #update({ id, hasEnough, lacksMemory, isLost }: WorkerPeer): void {
    const isToRest = hasEnough || lacksMemory || isLost;
    this.#options.tell({ type: isToRest ? 'worker-paused' : 'worker-resumed', worker: id });
  }

  #tellWorkersOf(client: ClientPeer, type: 'hold' | 'go-on'): void {
    for (const worker of this.#options.workers.values()) {
      for (const [attempt, { array }] of worker.attempts)
        if (array.client === client) worker.line.send({ type, array: array.id, attempt });
    }
  }
}
