import { availableParallelism } from 'node:os';
import type { Comm } from '../comm/comm.ts';
import { checkOptions, rules } from '../lib/options.ts';
import type { FromClient, ToClient } from '../protocol/messages.ts';
import { Scheduler } from '../scheduler/scheduler.ts';
import { ThreadPool } from '../worker/thread-pool.ts';
import type { Cluster } from './cluster.ts';
import { ClusterLife, type RunningCluster } from './cluster-life.ts';
import { connectClient, connectWorker } from './in-process.ts';

export interface LocalClusterOptions {
  /** How many workers; one for each core by default. */
  readonly workers?: number;
  /** How many threads each worker has; 1 by default. */
  readonly threads?: number;
  /** Megabytes of heap that each thread may use, 16 or more; Node's own limit by default. */
  readonly memoryLimit?: number;
  /** How many deaths of a thread one task run may cause before it is given up as `Crashed`; 3 by default. */
  readonly allowedFailures?: number;
}

const optionRules = {
  workers: rules.positiveCount,
  threads: rules.positiveCount,
  memoryLimit: rules.megabytes,
  allowedFailures: rules.count,
};

/** A scheduler and workers with piscina threads, all in this process. */
export class LocalCluster implements Cluster {
  readonly sharesMemory = true;
  readonly #options: LocalClusterOptions;
  readonly #workers: number;
  readonly #threads: number;
  readonly #life = new ClusterLife(() => this.#open());

  /** Throws a `UsageError` for an unknown or wrong option. */
  constructor(options: LocalClusterOptions = {}) {
    checkOptions('LocalCluster', options, optionRules);
    this.#options = options;
    this.#workers = options.workers ?? availableParallelism();
    this.#threads = options.threads ?? 1;
  }

  get isStarted(): boolean {
    return this.#life.isStarted;
  }

  get description(): string {
    const plural = (count: number, word: string) => `${count} ${word}${count === 1 ? '' : 's'}`;
    return `${plural(this.#workers, 'worker')} with ${plural(this.#threads, 'thread')} each in this process`;
  }

  async start(): Promise<void> {
    await this.#life.start();
  }

  async connect(): Promise<Comm<ToClient, FromClient>> {
    return connectClient(await this.#life.start());
  }

  /** Ends the workers, when what they run is told to stop. The cluster can be started again. */
  async close(): Promise<void> {
    await this.#life.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #open(): Promise<RunningCluster> {
    await using resources = new AsyncDisposableStack();
    const { allowedFailures, memoryLimit } = this.#options;
    const scheduler = resources.use(new Scheduler(allowedFailures === undefined ? {} : { allowedFailures }));
    const workers = Array.from({ length: this.#workers }, async (_, number) => {
      const pool = new ThreadPool({ threads: this.#threads, memoryLimitMb: memoryLimit });
      // Whatever becomes of the others, its threads are ended with the rest.
      resources.use(pool);
      await pool.start();
      resources.use(await connectWorker(scheduler, pool, `worker-${number + 1}`));
    });
    await Promise.all(workers);
    return { scheduler, resources: resources.move() };
  }
}
