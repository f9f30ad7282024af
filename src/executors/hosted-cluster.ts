import type { Comm } from '../comm/comm.ts';
import { heldBack } from '../engine/held.ts';
import { keptAlive } from '../engine/kept-alive.ts';
import { UsageError } from '../lib/heddle-error.ts';
import { checkOptions, describe, rules } from '../lib/options.ts';
import { keepFromTravelling } from '../lib/own-classes.ts';
import type { FromClient, ToClient } from '../protocol/messages.ts';
import type { TaskRunQuestion } from '../scheduler/lookout.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import type { ClusterStatus } from '../scheduler/status.ts';
import { Adapter, type AdaptOptions } from './adapter.ts';
import type { Cluster } from './cluster.ts';
import { clusterOver, clusterStarted, clusterUsed, type StartedCluster } from './not-used.ts';
import { connectClient } from './connect-client.ts';
import { noteStart } from './lease.ts';
import type { Workforce } from './workforce.ts';

export interface RunningCluster {
  readonly scheduler: Scheduler;
  /** The workers that it starts by itself, if it does. */
  readonly workforce?: Workforce | undefined;
  /** All that was opened for it, the scheduler included. */
  readonly resources: AsyncDisposableStack;
}

export interface HostingOptions {
  /** The name of the class, for messages. */
  readonly owner: string;
  readonly workers: number;
  /** Of each worker. */
  readonly threads: number;
  /** When it starts none: what to do to have more. */
  readonly howToHaveMore?: () => string | undefined;
  readonly open: () => Promise<RunningCluster>;
  /** Called when a flow ran elsewhere for want of an executor, and none here so far. */
  readonly passedOver?: () => void;
}

/**
 * A cluster whose scheduler is in this process. It is started once, however often that is asked for, and can be started
 * again after it was closed or could not start.
 */
export abstract class HostedCluster implements Cluster {
  readonly #options: HostingOptions;
  #asStarted: StartedCluster | undefined;
  /** A flow of this program has run on it. */
  #isUsed = false;
  #running: Promise<RunningCluster> | undefined;
  /** The latest close: whoever closes or starts meanwhile waits for it. */
  #closing: Promise<void> | undefined;
  #wanted: number;
  #adapter: Adapter | undefined;

  constructor(options: HostingOptions) {
    this.#options = options;
    this.#wanted = options.workers;
  }

  abstract get description(): string;

  get isStarted(): boolean {
    return this.#running !== undefined;
  }

  /** How many it is to have, as far as it starts them itself. */
  protected get workers(): number {
    return this.#wanted;
  }

  /** Rejects with why the scheduler or a worker could not be started, and with what to do. */
  async start(): Promise<void> {
    noteStart(this);
    await this.#started();
  }

  async connect(): Promise<Comm<ToClient, FromClient>> {
    const { scheduler } = await this.#started();
    this.#isUsed = true;
    if (this.#asStarted !== undefined) clusterUsed(this.#asStarted);
    return connectClient(scheduler);
  }

  /**
   * Has so many workers from here on, and stops adapting; those that are too many for a second finish what they run,
   * and end. Resolves when new ones have joined. Before the start it says how many there are to be. Throws
   * `CANNOT_SCALE` for a cluster whose workers are all started elsewhere.
   */
  async scale(workers: number): Promise<void> {
    this.#assertCanScale('scale');
    if (!rules.crew.holds(workers)) {
      const message = `${this.#options.owner} scales to ${rules.crew.expected} workers; got ${describe(workers)}`;
      throw new UsageError('INVALID_OPTION', message, { value: workers });
    }
    this.#adapter?.stop();
    this.#adapter = undefined;
    this.#wanted = workers;
    using _alive = keptAlive();
    await (await this.#running)?.workforce?.scale(workers);
  }

  /**
   * Has as many workers as there is work for from here on, until `scale` is called; not while it is closed.
   * Throws `CANNOT_SCALE` for a cluster whose workers are all started elsewhere.
   */
  adapt(options: AdaptOptions = {}): void {
    this.#assertCanScale('adapt');
    const { workers, threads, owner } = this.#options;
    const adapter = new Adapter(options, { owner, workers, threads });
    this.#adapter?.stop();
    this.#adapter = adapter;
    // Whoever starts it has some work for it.
    this.#wanted = adapter.clamp(1);
    if (this.#running !== undefined) this.#onceRunning(this.#running, (running) => this.#startAdapting(running));
  }

  /** What there is and what it does. Rejects with `CLUSTER_NOT_STARTED` before the start. */
  async status(): Promise<ClusterStatus> {
    return (await this.#mustRun('status')).scheduler.lookout.status;
  }

  /** Why does it not run? Where a task run stands, in a sentence or two. Rejects as `status` does. */
  async explain(taskRun: TaskRunQuestion): Promise<string> {
    const name = { ...rules.text, isRequired: true };
    checkOptions('explain', taskRun, { flowRunName: name, task: name, mapIndex: rules.count });
    return (await this.#mustRun('explain')).scheduler.lookout.explain(taskRun);
  }

  /**
   * Ends the workers that it has started, when what they run is told to stop, and sends others away, which try to come
   * back. The cluster can be started again.
   */
  async close(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    this.#adapter?.stop();
    if (this.#asStarted !== undefined) clusterOver(this.#asStarted);
    if (running !== undefined) this.#closing = this.#end(running);
    await this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #started(): Promise<RunningCluster> {
    if (this.#running !== undefined) return await this.#running;
    const held = heldBack('start of a cluster');
    if (held !== undefined) return await held;
    this.#running = this.#followed(this.#begin());
    return await this.#running;
  }

  #followed(running: Promise<RunningCluster>): Promise<RunningCluster> {
    running.catch(() => {
      if (this.#running === running) this.#running = undefined;
    });
    this.#onceRunning(running, (opened) => {
      if (!this.#isUsed) this.#watch(opened.scheduler);
      this.#startAdapting(opened);
    });
    return running;
  }

  #watch({ lookout }: Scheduler): void {
    const { owner, passedOver = () => {} } = this.#options;
    this.#asStarted = { owner, passedOver, hasRun: () => lookout.status.settled > 0 };
    clusterStarted(this.#asStarted);
  }

  /** Does nothing if it is closed meanwhile, or cannot start: whoever starts it hears why. */
  #onceRunning(running: Promise<RunningCluster>, then: (opened: RunningCluster) => void): void {
    running.then(
      (opened) => {
        if (this.#running === running) then(opened);
      },
      () => {},
    );
  }

  async #end(running: Promise<RunningCluster>): Promise<void> {
    using _alive = keptAlive();
    // Whoever started it hears why that failed.
    const opened = await running.catch(() => undefined);
    await opened?.resources[Symbol.asyncDispose]();
  }

  async #begin(): Promise<RunningCluster> {
    using _alive = keptAlive();
    await this.#closing;
    const running = await this.#options.open();
    try {
      await running.workforce?.scale(this.#wanted);
    } catch (error) {
      // What cannot be closed matters less than why it is closed.
      await running.resources[Symbol.asyncDispose]().catch(() => {});
      throw error;
    }
    return running;
  }

  #startAdapting({ scheduler, workforce }: RunningCluster): void {
    if (workforce !== undefined) this.#adapter?.start(scheduler, workforce);
  }

  #mustRun(what: string): Promise<RunningCluster> {
    if (this.#running !== undefined) return this.#running;
    // It may well have been started, and that is held back here.
    const held = heldBack('start of a cluster');
    if (held !== undefined) return held;
    const { owner } = this.#options;
    const remedy = 'await cluster.start(), or ask while a flow runs on it';
    const message = `${owner} has no ${what} before it is started: ${remedy}`;
    throw new UsageError('CLUSTER_NOT_STARTED', message);
  }

  #assertCanScale(what: string): void {
    const advice = this.#options.howToHaveMore?.();
    if (advice === undefined) return;
    const { owner } = this.#options;
    const message = `${owner} cannot ${what}, because its workers are started elsewhere: ${advice}, or pass { launch }`;
    throw new UsageError('CANNOT_SCALE', message);
  }
}

keepFromTravelling(HostedCluster, 'give it to an executor: new DistributedExecutor(() => cluster)');
