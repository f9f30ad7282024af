import { availableParallelism } from 'node:os';
import type { Comm } from '../comm/comm.ts';
import type { ByteSize } from '../lib/byte-size.ts';
import { UsageError } from '../lib/heddle-error.ts';
import { checkOptions, rules } from '../lib/options.ts';
import { placingRules, traitsOf } from '../lib/placing.ts';
import { plural } from '../lib/plural.ts';
import type { FromClient, ToClient } from '../protocol/messages.ts';
import type { TaskRunQuestion } from '../scheduler/lookout.ts';
import type { ClusterStatus } from '../scheduler/status.ts';
import type { AdaptOptions } from './adapter.ts';
import type { Cluster } from './cluster.ts';
import { ClusterLife, type RunningCluster } from './cluster-life.ts';
import { connectClient } from './in-process.ts';
import { leastWorkerMemory, memoryHere, workerMemoryOf } from './memory-here.ts';
import { schedulerSettingRules, schedulerSettings, type SchedulerSettings } from './scheduler-settings.ts';
import { keepFromTravelling } from '../lib/own-classes.ts';

export interface LocalClusterOptions extends SchedulerSettings {
  /** How many workers, up to 1,000; one for each core by default. */
  readonly workers?: number;
  /** How many threads each worker has, up to 1,000; 1 by default. */
  readonly threads?: number;
  /** What of a task's `resources` each worker has, by name, like `{ gpu: 2 }`; nothing by default. */
  readonly resources?: Readonly<Record<string, number>>;
  /** What tasks that need `labels` find on each worker; nothing by default. */
  readonly labels?: readonly string[];
  /** Whether each worker is a process of its own, rather than threads of this one. */
  readonly processes?: boolean;
  /** Megabytes of heap that each thread may use, from 16 on; Node's own limit by default. */
  readonly memoryLimit?: number;
  /**
   * What each worker process may take, `'2GB'` for example, 256 MB or more; an equal share of what there is by default.
   * Only with `processes: true`.
   * Short of it, a worker begins nothing more, and at last ends what it has begun last.
   */
  readonly workerMemory?: ByteSize;
}

const optionRules = {
  workers: { ...rules.positiveCrew, elsewhere: ['nWorkers', 'maxThreads', 'maxWorkers', 'poolSize'] },
  threads: { ...rules.positiveCrew, elsewhere: ['threadsPerWorker', 'nthreads'] },
  processes: rules.flag,
  memoryLimit: rules.megabytes,
  workerMemory: rules.anything,
  ...placingRules,
  ...schedulerSettingRules,
};

function processBytesOf({ workerMemory, processes }: LocalClusterOptions): number {
  const bytes = workerMemoryOf(workerMemory, 'LocalCluster');
  if (processes === true) return bytes;
  const message =
    "option 'workerMemory' of LocalCluster is for worker processes, and its workers are threads of this one: say " +
    'processes: true as well, or memoryLimit for the heap of each thread';
  throw new UsageError('INVALID_OPTION', message, { owner: 'LocalCluster', option: 'workerMemory' });
}

/** A scheduler in this process, and workers on this machine: threads of this process, or processes of their own. */
export class LocalCluster implements Cluster {
  readonly sharesMemory: boolean;
  readonly sharesFiles = true;
  readonly #options: LocalClusterOptions;
  readonly #settings: ReturnType<typeof schedulerSettings>;
  readonly #processBytes: number | undefined;
  readonly #threads: number;
  readonly #life: ClusterLife;

  /** Throws a `UsageError` for an unknown or wrong option. */
  constructor(options: LocalClusterOptions = {}) {
    checkOptions('LocalCluster', options, optionRules);
    this.#options = options;
    this.#settings = schedulerSettings(options, 'LocalCluster');
    if (options.workerMemory !== undefined) this.#processBytes = processBytesOf(options);
    this.sharesMemory = options.processes !== true;
    this.#threads = options.threads ?? 1;
    const workers = options.workers ?? availableParallelism();
    const open = () => (options.processes ? this.#openProcesses() : this.#openThreads());
    this.#life = new ClusterLife({ owner: 'LocalCluster', workers, threads: this.#threads, open });
  }

  get isStarted(): boolean {
    return this.#life.isStarted;
  }

  get description(): string {
    const [one, many, where] = this.#options.processes
      ? ['worker process', 'worker processes', 'on this machine']
      : ['worker', 'workers', 'in this process'];
    return `${plural(this.#life.workers, one, many)} with ${plural(this.#threads, 'thread')} each ${where}`;
  }

  async start(): Promise<void> {
    await this.#life.start();
  }

  async connect(): Promise<Comm<ToClient, FromClient>> {
    return connectClient(await this.#life.start());
  }

  /**
   * Has so many workers from here on; those that are too many for a second finish what they run, and end. Resolves when
   * new ones have joined.
   */
  async scale(workers: number): Promise<void> {
    await this.#life.scale(workers);
  }

  /** Has it follow its work from here on, until `scale` or `close` is called. */
  adapt(options: AdaptOptions = {}): void {
    this.#life.adapt(options);
  }

  /** What there is and what it does. Rejects with `CLUSTER_NOT_STARTED` before the start. */
  async status(): Promise<ClusterStatus> {
    return await this.#life.status();
  }

  /** Why does it not run? Where a task run stands, in a sentence or two. */
  async explain(taskRun: TaskRunQuestion): Promise<string> {
    return await this.#life.explain(taskRun);
  }

  /** Ends the workers, when what they run is told to stop. The cluster can be started again. */
  async close(): Promise<void> {
    await this.#life.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  // What a cluster consists of is loaded when it starts: threads that import this to find tasks need none of it.

  async #openThreads(): Promise<RunningCluster> {
    const { openThreads } = await import('./own-threads.ts');
    return await openThreads(this.#size(), this.#settings);
  }

  async #openProcesses(): Promise<RunningCluster> {
    const [{ openListening }, { onThisMachine }] = await Promise.all([import('./listening.ts'), import('./launch.ts')]);
    const share = Math.max(leastWorkerMemory, Math.floor(memoryHere() / this.#life.workers));
    const processBytes = this.#processBytes ?? share;
    const size = { ...this.#size(), processBytes };
    return await openListening({ port: 0, starting: (address) => onThisMachine(address, size), ...this.#settings });
  }

  #size() {
    return { threads: this.#threads, memoryLimit: this.#options.memoryLimit, has: traitsOf(this.#options) };
  }
}

keepFromTravelling(LocalCluster, 'give it to an executor: new DistributedExecutor(() => cluster)');
