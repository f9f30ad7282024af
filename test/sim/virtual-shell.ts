// What the scheduler does around its core, without bytes: definitions before chunks, code for those who ask, resources
// closed, news from messages.

import { noDefinition } from '../../src/lib/chunk.ts';
import type { FromWorker, ToWorker } from '../../src/protocol/messages.ts';
import type { ChunkNews, Command, Event } from '../../src/scheduler/events.ts';
import type { Fates } from './fates.ts';
import type { VirtualWorker } from './virtual-worker.ts';

export interface ShellOptions {
  readonly fates: Fates;
  readonly feed: (event: Event) => void;
  readonly tell: (worker: string, message: ToWorker) => void;
  readonly close: (worker: string) => void;
  readonly later: (action: () => void) => void;
}

const noBytes = new Uint8Array(0);

export class VirtualShell {
  readonly #options: ShellOptions;
  /** The workers that know an array. */
  readonly #definedOn = new Map<number, Set<string>>();
  /** The workers that have all outcomes of an array. */
  readonly #wholeOn = new Map<number, Set<string>>();
  /** Indices to be judged when they run next. */
  readonly #timedOut = new Map<number, Set<number>>();
  readonly #forgotten = new Set<number>();
  /** Bundles that somebody asked for. */
  readonly #named = new Set<string>();
  readonly #running = new Map<number, { readonly array: number; readonly attempt: number }>();
  /** How often a worker was told to close something and has not answered. */
  readonly #open = new Map<VirtualWorker, number>();
  /** The command to be performed next was caused by an index whose time was up. */
  #isTimedOut = false;
  #report = { commands: 0, chunks: 0, ahead: 0, recalls: 0, returns: 0, crashed: 0, declined: 0 };
  #trace = 0x811c9dc5;

  constructor(options: ShellOptions) {
    this.#options = options;
  }

  get report() {
    return { ...this.#report, trace: (this.#trace >>> 0).toString(16) };
  }

  openOn(worker: VirtualWorker): number {
    return this.#open.get(worker) ?? 0;
  }

  ended(worker: VirtualWorker): void {
    this.#open.delete(worker);
  }

  perform(command: Command): void {
    this.#record(command);
    const { tell, close } = this.#options;
    switch (command.type) {
      case 'run-chunk':
        return this.#run(command);
      case 'cancel-chunk':
        return tell(command.worker, { type: 'cancel', ...this.#running.get(command.attempt)!, graceMs: 500 });
      case 'recall-chunk':
        this.#report.recalls += 1;
        return tell(command.worker, { type: 'recall', ...this.#running.get(command.attempt)! });
      case 'close-worker':
        return close(command.worker);
      case 'delayed':
        if (this.#isTimedOut) setOf(this.#timedOut, command.array).add(command.index);
        else this.#timedOut.get(command.array)?.delete(command.index);
        return;
      case 'crashed':
        this.#report.crashed += 1;
        return;
      case 'forgotten':
        this.#forgotten.add(command.array);
        for (const worker of new Set([
          ...setOf(this.#definedOn, command.array),
          ...setOf(this.#wholeOn, command.array),
        ]))
          tell(worker, { type: 'forget', array: command.array });
        this.#definedOn.delete(command.array);
        this.#wholeOn.delete(command.array);
        return;
      case 'declined':
        if (command.by !== 'nobody') this.#report.declined += 1;
        return;
      case 'settled':
      case 'stranded':
    }
  }

  hear(worker: VirtualWorker, message: FromWorker): void {
    const { tell, feed, later } = this.#options;
    const event = this.eventOf(worker.id, message);
    this.#isTimedOut = message.type === 'timed-out';
    if (message.type === 'returned' && message.ranges.length > 0) this.#report.returns += 1;
    if (event !== undefined) feed(event);
    if (message.type === 'ended' || (message.type === 'settled' && message.isLast))
      this.#running.delete(message.attempt);
    else if (message.type === 'draining') {
      feed({ type: 'worker-draining', worker: worker.id });
      tell(worker.id, { type: 'close', reason: 'it was asked for' });
    } else if (message.type === 'opened') later(() => this.#closeResource(worker, message.resource));
    // It closes what is open when it leaves, whether it was told to or not.
    else if (message.type === 'closed') this.#open.set(worker, Math.max(0, this.openOn(worker) - 1));
    else if (message.type === 'need-bundle') tell(worker.id, { type: 'bundle', id: message.id, bytes: noBytes });
    else if (message.type === 'need-code' && !this.#forgotten.has(message.array)) {
      const id = bundleOf(message.array);
      this.#named.add(id);
      tell(worker.id, { type: 'code', array: message.array, id });
    }
  }

  eventOf(worker: string, message: FromWorker): ChunkNews | undefined {
    switch (message.type) {
      case 'settled': {
        const { attempt, start, count, busyMs, isLast = false, unable } = message;
        const range = { start, end: start + count };
        const isUnable = unable !== undefined;
        return { type: 'indices-settled', worker, attempt, range, busyMs, isLast, ...(isUnable && { isUnable }) };
      }
      case 'delayed': {
        const { attempt, index, delayMs } = message;
        return { type: 'index-delayed', worker, attempt, index, delayMs };
      }
      case 'returned': {
        const { attempt, ranges } = message;
        return { type: 'indices-returned', worker, attempt, ranges };
      }
      case 'timed-out':
        return { type: 'index-delayed', worker, attempt: message.attempt, index: message.index, delayMs: 0 };
      case 'lost': {
        const { attempt, indices, loss } = message;
        return { type: 'indices-lost', worker, attempt, indices, isUnable: loss.kind === 'not-started' };
      }
      case 'ended':
        return { type: 'chunk-ended', worker, attempt: message.attempt };
      default:
        return undefined;
    }
  }

  #run({ worker, array, ranges, attempt, lanes, behind }: Extract<Command, { type: 'run-chunk' }>): void {
    const { tell } = this.#options;
    this.#report.chunks += 1;
    if (behind !== undefined) this.#report.ahead += 1;
    this.#running.set(attempt, { array, attempt });
    const workers = setOf(this.#definedOn, array);
    const { whole } = this.#options.fates.of(array);
    for (const upstream of whole) {
      if (!setOf(this.#wholeOn, upstream).has(worker)) tell(worker, { type: 'whole', array: upstream, blocks: [] });
      setOf(this.#wholeOn, upstream).add(worker);
    }
    if (!workers.has(worker)) {
      workers.add(worker);
      tell(worker, this.#define(array));
    }
    const timedOut = [...(this.#timedOut.get(array) ?? [])].filter((index) =>
      ranges.some(({ start, end }) => index >= start && index < end),
    );
    const facts = { array, attempt, ranges, lanes, inputs: [], notes: [], timedOut };
    tell(worker, { type: 'run', ...facts, ...(behind !== undefined && { behind }) });
  }

  #closeResource(worker: VirtualWorker, resource: string): void {
    if (!worker.isAlive || !worker.isConnected) return;
    this.#open.set(worker, this.openOn(worker) + 1);
    this.#options.tell(worker.id, { type: 'close-resource', resource });
  }

  #define(array: number): ToWorker {
    const { timeoutMs, isSent, whole } = this.#options.fates.of(array);
    const id = bundleOf(array);
    const bundle = this.#named.has(id) ? { bundle: id } : {};
    const code = isSent ? { code: { module: 'file:///flow.ts', path: 'flow.ts', fingerprint: '', ...bundle } } : {};
    const facts = { name: 'task', length: 0, definition: noDefinition, elementwise: [], whole };
    const timeout = timeoutMs === undefined ? {} : { timeoutMs };
    return { type: 'define', definition: { array, ...facts, ...code, ...timeout } };
  }

  /** FNV-1a. */
  #record(command: Command): void {
    this.#report.commands += 1;
    for (const char of JSON.stringify(command)) {
      this.#trace = Math.imul(this.#trace ^ char.codePointAt(0)!, 0x01000193);
    }
  }
}

function setOf<T>(sets: Map<number, Set<T>>, key: number): Set<T> {
  const set = sets.get(key) ?? new Set<T>();
  sets.set(key, set);
  return set;
}

function bundleOf(array: number): string {
  return `bundle-${array % 2}`;
}
