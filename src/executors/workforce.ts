// The workers that a cluster starts by itself: as many as are wanted, others for those that are lost, and those that
// are too many are let go when they have finished what they run. How a worker is started is none of its business.

import { setTimeout as delay } from 'node:timers/promises';
import { formatDuration } from '../lib/duration.ts';
import { HeddleError } from '../lib/heddle-error.ts';
import type { LogLevel } from '../lib/log-record.ts';

/** A worker that was started and has joined, or will. */
export interface LaunchedWorker {
  /** Settles when it is gone; with an error that says why, if there is one. */
  readonly ended: Promise<unknown>;
  /** Has it finish what it runs, and end. */
  leave(): void;
  /** Ends it, whatever it runs. */
  end(): Promise<void>;
}

/** `place` counts from 0, and is given again when a worker is gone; `name` is what it is to join as. */
export type StartWorker = (place: number, name: string) => LaunchedWorker | Promise<LaunchedWorker>;

export interface WorkforceOptions {
  readonly start: StartWorker;
  /** What the worker at this place is called; others have had the place before. */
  readonly nameOf: (place: number) => string;
  /** The names of the workers that have something to run. */
  readonly busy: () => ReadonlySet<string>;
  readonly announce: (level: LogLevel, message: string) => void;
}

interface Member {
  readonly place: number;
  readonly name: string;
  /** How many have had this name, it included. */
  readonly generation: number;
  readonly joined: PromiseWithResolvers<void>;
  launched: Promise<LaunchedWorker>;
  isLeaving: boolean;
}

const joinTimeoutMs = 60_000;
/** So many are started at once in place of those that ended; one that keeps ending is not worth such haste. */
const hastyGenerations = 3;
const firstRetryMs = 1_000;
const lastRetryMs = 30_000;

export class Workforce implements AsyncDisposable {
  readonly #options: WorkforceOptions;
  readonly #members = new Set<Member>();
  readonly #over = new AbortController();
  readonly #generations = new Map<string, number>();
  #wanted = 0;

  constructor(options: WorkforceOptions) {
    this.#options = options;
  }

  /** How many workers there are to be; some may still be on their way. */
  get wanted(): number {
    return this.#wanted;
  }

  /** Resolves when new ones have joined and those that are too many were told. Rejects with why one did not join. */
  async scale(count: number): Promise<void> {
    this.#wanted = count;
    this.#dismiss();
    const places = this.#freePlaces();
    const started = await Promise.allSettled(places.map((place) => this.#start(place)));
    const failed = started.find((result) => result.status === 'rejected');
    if (failed === undefined) return;
    this.#wanted = Math.min(this.#wanted, this.#staying().length);
    throw failed.reason;
  }

  /** To be called when a worker has joined the scheduler. */
  joined(name: string): void {
    for (const member of this.#members) if (member.name === name) member.joined.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort();
    await Promise.all([...this.#members].map(({ launched }) => endOf(launched)));
  }

  #staying(): Member[] {
    return [...this.#members].filter(({ isLeaving }) => !isLeaving);
  }

  /** Those that are idle go first; of those, the ones at the last places. */
  #dismiss(): void {
    const staying = this.#staying();
    if (staying.length <= this.#wanted) return;
    const busy = this.#options.busy();
    const cost = ({ name }: Member) => (busy.has(name) ? 1 : 0);
    const leaving = staying.toSorted((a, b) => cost(a) - cost(b) || b.place - a.place);
    for (const member of leaving.slice(0, staying.length - this.#wanted)) {
      member.isLeaving = true;
      void member.launched.then(
        (worker) => worker.leave(),
        () => {},
      );
    }
  }

  #freePlaces(): number[] {
    const staying = this.#staying();
    const taken = new Set(staying.map(({ place }) => place));
    const free: number[] = [];
    for (let place = 0; free.length < this.#wanted - staying.length; place += 1)
      if (!taken.has(place)) free.push(place);
    return free;
  }

  async #start(place: number): Promise<void> {
    const { name, generation } = this.#nextName(place);
    const joined = Promise.withResolvers<void>();
    const launched = (async () => await this.#options.start(place, name))();
    const member: Member = { place, name, generation, joined, launched, isLeaving: false };
    this.#members.add(member);
    try {
      await this.#arrival(member);
    } catch (error) {
      this.#members.delete(member);
      await endOf(launched);
      throw error;
    }
    void goneFrom(await launched).then((error) => this.#ended(member, error));
  }

  async #arrival({ name, joined, launched }: Member): Promise<void> {
    const worker = await launched;
    using late = timeLimit(name);
    const gone = goneFrom(worker).then((error) => {
      if (error instanceof Error) throw error;
      throw new HeddleError('WORKER_ENDED', `worker ${name} ended before it had joined`, { worker: name });
    });
    await Promise.race([joined.promise, gone, late.promise]);
  }

  #nextName(place: number): { name: string; generation: number } {
    const name = this.#options.nameOf(place);
    const generation = (this.#generations.get(name) ?? 0) + 1;
    this.#generations.set(name, generation);
    return { name: generation === 1 ? name : `${name}.${generation}`, generation };
  }

  #ended(member: Member, error: unknown): void {
    this.#members.delete(member);
    if (member.isLeaving || this.#over.signal.aborted) return;
    const why = error instanceof Error ? `: ${error.message}` : '';
    this.#options.announce('warn', `${member.name} has ended, and another one is started${why}`);
    void this.#replace(member);
  }

  /** Tries for as long as one is missing. */
  async #replace({ place, generation }: Member): Promise<void> {
    const { signal } = this.#over;
    if (generation > hastyGenerations) await delay(firstRetryMs, undefined, { signal }).catch(() => {});
    for (let retryMs = firstRetryMs; ; retryMs = Math.min(lastRetryMs, 2 * retryMs)) {
      if (signal.aborted || this.#staying().length >= this.#wanted) return;
      try {
        return await this.#start(place);
      } catch (error) {
        if (signal.aborted) return;
        const why = error instanceof Error ? error.message : String(error);
        const when = `it is tried again in ${formatDuration(retryMs)}`;
        this.#options.announce('warn', `a worker could not be started, ${when}: ${why}`);
        await delay(retryMs, undefined, { signal }).catch(() => {});
      }
    }
  }
}

/** Resolves when it is gone, with the error that says why, if there is one. */
async function goneFrom({ ended }: LaunchedWorker): Promise<unknown> {
  return await ended.catch((error: unknown) => error);
}

/** Nothing, if it could not even be started. */
async function endOf(launched: Promise<LaunchedWorker>): Promise<void> {
  const worker = await launched.catch(() => undefined);
  await worker?.end();
}

function timeLimit(name: string): Disposable & { promise: Promise<never> } {
  const { promise, reject } = Promise.withResolvers<never>();
  const message = `${name} was started, and has not joined within ${formatDuration(joinTimeoutMs)}`;
  const late = () => reject(new HeddleError('WORKER_MISSING', message, { worker: name }));
  const timer = setTimeout(late, joinTimeoutMs);
  return { promise, [Symbol.dispose]: () => clearTimeout(timer) };
}
