// The workers that a cluster starts by itself. This is the shell of `Roster`, which decides who is to come and go.

import { tellOfLongWait } from '../engine/long-wait.ts';
import { Alarm } from '../lib/alarm.ts';
import { messageIn } from '../lib/thrown-text.ts';
import { unreachable } from '../lib/unreachable.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import { Roster, type RosterCommand, type RosterEvent } from './roster.ts';

/** A worker that was started and has joined, or will. */
export interface LaunchedWorker {
  /** Settles when it is gone; with an error that says why, if there is one. */
  readonly ended: Promise<unknown>;
  /** Has it finish what it runs, and end. */
  leave(): void;
  /** Ends it, whatever it runs. When that is settled, it counts as gone, also if `ended` is not. */
  end(): Promise<void>;
}

/** `place` counts from 0, and is given again when a worker is gone; `name` is what it is to join as. */
export type StartWorker = (place: number, name: string) => LaunchedWorker | Promise<LaunchedWorker>;

export interface WorkforceOptions {
  readonly start: StartWorker;
  /** What the worker at this place is called; others have had the place before. `worker-1` and so on by default. */
  readonly nameOf?: (place: number) => string;
}

const rememberedMs = 5_000;

export class Workforce implements AsyncDisposable {
  readonly #scheduler: Scheduler;
  readonly #start: StartWorker;
  readonly #roster: Roster;
  readonly #launched = new Map<string, Promise<LaunchedWorker>>();
  readonly #scalings = new Map<number, PromiseWithResolvers<void>>();
  readonly #endings = new Set<Promise<void>>();
  readonly #alarm = new Alarm(() => this.#handle({ type: 'ticked', busy: this.#busy() }));
  #nextScaling = 1;

  /** `scheduler` is of this process. */
  constructor(scheduler: Scheduler, { start, nameOf = (place) => `worker-${place + 1}` }: WorkforceOptions) {
    this.#scheduler = scheduler;
    this.#start = start;
    this.#roster = new Roster(nameOf);
  }

  /** How many workers there are to be; some may still be on their way. */
  get wanted(): number {
    return this.#roster.wanted;
  }

  /** Resolves when new ones have joined. Rejects with why one did not join. */
  async scale(count: number): Promise<void> {
    const [scaling, told] = [this.#nextScaling++, Promise.withResolvers<void>()];
    this.#scalings.set(scaling, told);
    this.#handle({ type: 'scaled', scaling, count });
    await told.promise;
  }

  /** To be called when a worker has joined the scheduler. */
  joined(worker: string): void {
    this.#handle({ type: 'joined', worker });
  }

  /** To be called when the scheduler waits for a worker no longer. */
  givenUp(worker: string): void {
    this.#handle({ type: 'given-up', worker });
  }

  /** In a few words, once it is known, how a worker ended that was started here; nothing of others. */
  howItEnded(worker: string): Promise<string | undefined> | undefined {
    return this.#launched
      .get(worker)
      ?.then(({ ended }) => ended)
      .then(inShort, inShort);
  }

  /** In a few words, why there is no worker, if that is known. */
  whyNone(): string | undefined {
    return this.#roster.whyNone(performance.now());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#handle({ type: 'closed' });
    await Promise.all(this.#endings);
    this.#alarm[Symbol.dispose]();
  }

  #handle(event: RosterEvent): void {
    for (const command of this.#roster.handle(event, performance.now())) this.#perform(command);
    this.#alarm.setFor(this.#roster.nextDue);
  }

  #perform(command: RosterCommand): void {
    switch (command.type) {
      case 'launch':
        return void this.#launch(command.place, command.worker);
      case 'dismiss':
        return void this.#dismiss(command.worker);
      case 'end':
        return this.#noteEnding(this.#end(command.worker));
      case 'warn':
        return this.#warn(command.message);
      case 'tell-scaled': {
        const told = this.#scalings.get(command.scaling)!;
        this.#scalings.delete(command.scaling);
        return command.failure === undefined ? told.resolve() : told.reject(command.failure.error);
      }
      default:
        unreachable(command);
    }
  }

  /** Whoever closes this waits for what is still ending, and hears of what could not be ended. */
  #noteEnding(ending: Promise<void>): void {
    this.#endings.add(ending);
    ending.then(
      () => this.#endings.delete(ending),
      () => {},
    );
  }

  /** How it is told may be up to the author of the cluster. */
  async #dismiss(worker: string): Promise<void> {
    const launched = await this.#launched.get(worker)?.catch(() => undefined);
    try {
      await (launched?.leave() as unknown);
    } catch (error) {
      this.#warn(`${worker} could not be told to leave: ${messageIn(error)}`);
    }
  }

  /** The same of how it is ended. Then it counts as gone, also if nobody says so. */
  async #end(worker: string): Promise<void> {
    using _ = tellOfLongWait((elapsed) => this.#warn(`${worker} has not ended ${elapsed} after it was to`));
    const launched = await this.#launched.get(worker)?.catch(() => undefined);
    try {
      await launched?.end();
    } catch (error) {
      this.#warn(`${worker} could not be ended: ${messageIn(error)}`);
      throw error;
    } finally {
      // Whoever says so, and why, comes first.
      setImmediate(() => this.#handle({ type: 'ended', worker, error: undefined }));
    }
  }

  /** From its start to its end. */
  async #launch(place: number, worker: string): Promise<void> {
    const launched = (async () => await this.#start(place, worker))();
    this.#launched.set(worker, launched);
    const event = await launched.then(
      async ({ ended }): Promise<RosterEvent> => {
        this.#handle({ type: 'launched', worker });
        return { type: 'ended', worker, error: await ended.then(asItIs, asItIs) };
      },
      (error: unknown): RosterEvent => ({ type: 'launch-failed', worker, error }),
    );
    // Its connection may be found lost a little later, and somebody asks then.
    setTimeout(() => this.#launched.delete(worker), rememberedMs).unref();
    this.#handle(event);
  }

  #warn(message: string): void {
    this.#scheduler.announce('warn', message);
  }

  #busy(): ReadonlySet<string> {
    const { workers } = this.#scheduler.lookout.status;
    return new Set(workers.filter(({ busy }) => busy > 0).map(({ name }) => name));
  }
}

function asItIs(end: unknown): unknown {
  return end;
}

/** The cause is told where the worker is known by its name. */
function inShort(end: unknown): string | undefined {
  if (!(end instanceof Error)) return undefined;
  const { message } = end.cause instanceof Error ? end.cause : end;
  return message.split('\n')[0];
}
