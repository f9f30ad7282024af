import type { Comm } from '../comm/comm.ts';
import { UsageError } from '../lib/heddle-error.ts';
import type { ByteSize } from '../lib/byte-size.ts';
import { checkOptions, describe, rules } from '../lib/options.ts';
import { placingRules, traitsOf } from '../lib/placing.ts';
import { plural } from '../lib/plural.ts';
import type { FromClient, ToClient } from '../protocol/messages.ts';
import type { TaskRunQuestion } from '../scheduler/lookout.ts';
import type { ClusterStatus } from '../scheduler/status.ts';
import type { AdaptOptions } from './adapter.ts';
import type { Cluster } from './cluster.ts';
import { ClusterLife, type RunningCluster } from './cluster-life.ts';
import { connectClient } from './in-process.ts';
import { workerMemoryOf } from './memory-here.ts';
import { schedulerSettingRules, schedulerSettings, type SchedulerSettings } from './scheduler-settings.ts';
import type { SshOptions } from './ssh.ts';
import { keepFromTravelling } from '../lib/own-classes.ts';

export interface SSHClusterOptions extends SshOptions, SchedulerSettings {
  /** Names or addresses, as `ssh` takes them: hosts of its configuration too. */
  readonly hosts: readonly string[];
  /** How many workers there are in all, up to 1,000, taking hosts in turn; one on each host by default. */
  readonly workers?: number;
  /** How many threads each worker has, up to 1,000; 1 by default. */
  readonly threads?: number;
  /** What of a task's `resources` each worker has, by name, like `{ gpu: 2 }`; nothing by default. */
  readonly resources?: Readonly<Record<string, number>>;
  /** What tasks that need `labels` find on each worker; nothing by default. */
  readonly labels?: readonly string[];
  /** Megabytes of heap that each thread may use, from 16 on; Node's own limit by default. */
  readonly memoryLimit?: number;
  /** What each worker process may take, `'2GB'` for example, 256 MB or more; by default what its machine has. */
  readonly workerMemory?: ByteSize;
}

const optionRules = {
  hosts: rules.list,
  user: rules.text,
  port: rules.port,
  identityFile: rules.text,
  command: rules.text,
  sshOptions: rules.list,
  workers: rules.positiveCrew,
  threads: rules.positiveCrew,
  memoryLimit: rules.megabytes,
  workerMemory: rules.anything,
  ...placingRules,
  ...schedulerSettingRules,
};

/**
 * A scheduler in this process, and workers on other machines, which `ssh` starts. They reach the scheduler through the
 * same connection, so nothing listens on the network, and all that is sent is encrypted.
 */
export class SSHCluster implements Cluster {
  readonly #options: SSHClusterOptions;
  readonly #settings: ReturnType<typeof schedulerSettings>;
  readonly #processBytes: number | undefined;
  readonly #life: ClusterLife;

  /** Throws a `UsageError` for an unknown or wrong option. */
  constructor(options: SSHClusterOptions) {
    checkOptions('SSHCluster', options, optionRules);
    // A name that begins with a dash would be an option of ssh.
    const isHost = (host: unknown) => typeof host === 'string' && /^[^-\s]\S*$/.test(host);
    if (!Array.isArray(options.hosts) || options.hosts.length === 0 || !options.hosts.every(isHost)) {
      const expected = `option 'hosts' of SSHCluster should be a list of one or more names or addresses of machines`;
      throw new UsageError('INVALID_OPTION', `${expected}; got ${describe(options.hosts)}`);
    }
    this.#options = options;
    this.#settings = schedulerSettings(options, 'SSHCluster');
    const { workerMemory } = options;
    if (workerMemory !== undefined) this.#processBytes = workerMemoryOf(workerMemory, 'SSHCluster');
    const { hosts, workers = hosts.length, threads = 1 } = options;
    this.#life = new ClusterLife({ owner: 'SSHCluster', workers, threads, open: () => this.#open() });
  }

  get isStarted(): boolean {
    return this.#life.isStarted;
  }

  get description(): string {
    return `${plural(this.#life.workers, 'worker')} on ${this.#options.hosts.join(', ')}`;
  }

  /** Rejects when a worker could not be started, with the host and what to do. */
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

  async #open(): Promise<RunningCluster> {
    const [{ openListening }, { overSsh }] = await Promise.all([import('./listening.ts'), import('./ssh.ts')]);
    const { hosts, threads = 1, memoryLimit } = this.#options;
    const size = { threads, memoryLimit, has: traitsOf(this.#options) };
    const hostOf = (place: number) => hosts[place % hosts.length]!;
    const round = (place: number) => Math.floor(place / hosts.length);
    return await openListening({
      port: 0,
      ...this.#settings,
      starting: (address) =>
        overSsh({ ...this.#options, ...address, hostOf, size: { ...size, processBytes: this.#processBytes } }),
      nameOf: (place) => `${hostOf(place)}${round(place) === 0 ? '' : `-${round(place) + 1}`}`,
    });
  }
}

keepFromTravelling(SSHCluster, 'give it to an executor: new DistributedExecutor(() => cluster)');
