import { availableParallelism } from 'node:os';
import { formatBytes, type ByteSize } from '../lib/byte-size.ts';
import { UsageError } from '../lib/heddle-error.ts';
import { checkOptions, rules } from '../lib/options.ts';
import { placingRules } from '../lib/placing.ts';
import { plural } from '../lib/plural.ts';
import { HostedCluster, type RunningCluster } from './hosted-cluster.ts';
import { leastProcessBytes, leastWorkerMemory, memoryHere } from './memory-here.ts';
import { schedulerSettingRules, schedulerSettings, type SchedulerSettings } from './scheduler-settings.ts';
import { sizeOf, type WorkerSize, type WorkerSizeOptions } from './worker-size.ts';

export interface LocalClusterOptions extends WorkerSizeOptions, SchedulerSettings {
  /** How many workers, up to 1,000, as processes at most one for 64 MB of memory; one for each core by default. */
  readonly workers?: number;
  /** Whether each worker is a process of its own, rather than threads of this one; false by default. */
  readonly processes?: boolean;
  /**
   * What each worker process may take, `'2GB'` for example, 256 MB or more; an equal share of what there is by default.
   * Only with `processes: true`. Short of it, a worker begins nothing more, and at last ends what it has begun last.
   */
  readonly workerMemory?: ByteSize;
}

const optionRules = {
  workers: {
    ...rules.positiveCrew,
    elsewhere: ['nWorkers', 'numWorkers', 'maxThreads', 'maxWorkers', 'poolSize', 'nJobs'],
  },
  threads: { ...rules.positiveCrew, elsewhere: ['threadsPerWorker', 'nthreads'] },
  processes: rules.flag,
  memoryLimit: { ...rules.megabytes, elsewhere: ['resourceLimits'] },
  workerMemory: rules.anything,
  ...placingRules,
  ...schedulerSettingRules,
};

/** A scheduler in this process, and workers on this machine: threads of this process, or processes of their own. */
export class LocalCluster extends HostedCluster {
  readonly sharesMemory: boolean;
  readonly sharesFiles = true;
  readonly #options: LocalClusterOptions;
  readonly #settings: ReturnType<typeof schedulerSettings>;
  readonly #size: WorkerSize;

  /** Throws a `UsageError` for an unknown or wrong option. */
  constructor(options: LocalClusterOptions = {}) {
    checkOptions('LocalCluster', options, optionRules);
    const { workers = availableParallelism(), processes = false } = options;
    const size = sizeOf('LocalCluster', options);
    if (size.processBytes !== undefined && !processes) {
      const message =
        "option 'workerMemory' of LocalCluster is for worker processes, and its workers are threads of this one: say " +
        'processes: true as well, or memoryLimit for the heap of each thread';
      throw new UsageError('INVALID_OPTION', message, { owner: 'LocalCluster', option: 'workerMemory' });
    }
    const leastBytes = workers * leastProcessBytes;
    if (processes && leastBytes > memoryHere()) {
      const message =
        `${workers} worker processes take ${formatBytes(leastBytes)} before they run anything, and this machine has ` +
        `${formatBytes(memoryHere())}: give LocalCluster fewer 'workers', and each of them more 'threads'`;
      throw new UsageError('INVALID_OPTION', message, { owner: 'LocalCluster', option: 'workers', value: workers });
    }
    const open = () => (processes ? this.#openProcesses() : this.#openThreads());
    super({ owner: 'LocalCluster', workers, threads: size.threads, open });
    this.#options = options;
    this.#settings = schedulerSettings(options, 'LocalCluster');
    this.sharesMemory = !processes;
    this.#size = size;
  }

  get description(): string {
    const [one, many, where] = this.#options.processes
      ? ['worker process', 'worker processes', 'on this machine']
      : ['worker', 'workers', 'in this process'];
    return `${plural(this.workers, one, many)} with ${plural(this.#size.threads, 'thread')} each ${where}`;
  }

  // What a cluster consists of is loaded when it starts: threads that import this to find tasks need none of it.

  async #openThreads(): Promise<RunningCluster> {
    const { PoolsHere } = await import('./pools-here.ts');
    const pools = new PoolsHere(this.#size);
    if (this.workers > 0) await pools.startFirst();
    const { openThreads } = await import('./own-threads.ts');
    return await openThreads(pools, { has: this.#size.has, ...this.#settings });
  }

  async #openProcesses(): Promise<RunningCluster> {
    const [{ openListening }, { onThisMachine }] = await Promise.all([
      import('./listening.ts'),
      import('./worker-process.ts'),
    ]);
    const share = Math.max(leastWorkerMemory, Math.floor(memoryHere() / this.workers));
    const size = { ...this.#size, processBytes: this.#size.processBytes ?? share };
    return await openListening({ port: 0, starting: (address) => onThisMachine(address, size), ...this.#settings });
  }
}
