// Slows down who makes more than others take. A client that does not read what it is sent has nothing more started,
// and what runs of its is told to keep its reports for itself; neither has one whose results the disk has not written
// yet. A worker that does not read gets no more chunks. So what is held for each is bounded.

import { formatBytes } from '../lib/byte-size.ts';
import type { LogLevel, LogRecord } from '../lib/log-record.ts';
import type { FromWorker } from '../protocol/messages.ts';
import type { Event } from './core.ts';
import { sendLogs, sendToWorker, type ClientPeer, type HeldArray, type WorkerPeer } from './peers.ts';
import type { ResultMemory } from './result-memory.ts';

/** From so many bytes on that it was sent and has not taken, a peer has enough. */
const mostBytes = 32 * 2 ** 20;
/** At so many it may have more. */
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
    sendLogs(array, records);
    this.checkClient(array.client);
  }

  /** To be called when something was sent to it, or is held for it. */
  checkClient(client: ClientPeer): void {
    if (client.hasEnough) return;
    const isFull = client.comm.backlogBytes > mostBytes;
    const over = isFull ? client.comm.backlogFallenTo(fewBytes) : this.#options.memory.behind;
    if (over !== undefined) void this.#holdClient(client, over);
  }

  /** Likewise. */
  checkWorker(worker: WorkerPeer): void {
    if (!worker.hasEnough && worker.comm.backlogBytes > mostBytes) void this.#holdWorker(worker);
  }

  /** It says how much memory it takes, and whether that is too much to begin anything more. */
  heardVitals(worker: WorkerPeer, { memoryBytes, memoryLimitBytes, isPaused }: Vitals): void {
    Object.assign(worker, { memoryBytes, memoryLimitBytes });
    if (worker.lacksMemory === isPaused) return;
    worker.lacksMemory = isPaused;
    this.#update(worker);
    const much = `its process takes ${formatBytes(memoryBytes)} of the ${formatBytes(memoryLimitBytes)} that it may`;
    if (isPaused) this.#options.announce('warn', `worker ${worker.name} begins nothing more for now: ${much}`);
    else this.#options.announce('info', `worker ${worker.name} goes on: ${much}`);
  }

  async #holdClient(client: ClientPeer, over: Promise<void>): Promise<void> {
    const { tell } = this.#options;
    client.hasEnough = true;
    // Not within the event of which this is a consequence.
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

  #update({ id, hasEnough, lacksMemory }: WorkerPeer): void {
    this.#options.tell({ type: hasEnough || lacksMemory ? 'worker-paused' : 'worker-resumed', worker: id });
  }

  #tellWorkersOf(client: ClientPeer, type: 'hold' | 'go-on'): void {
    for (const worker of this.#options.workers.values()) {
      for (const [attempt, { array }] of worker.attempts)
        if (array.client === client) sendToWorker(worker, { type, array: array.id, attempt });
    }
  }
}
