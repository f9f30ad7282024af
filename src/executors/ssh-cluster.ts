import type { ByteSize } from '../lib/byte-size.ts';
import { checkOptions, rules } from '../lib/options.ts';
import { placingRules } from '../lib/placing.ts';
import { plural } from '../lib/plural.ts';
import { HostedCluster, type RunningCluster } from './hosted-cluster.ts';
import { schedulerSettingRules, schedulerSettings, type SchedulerSettings } from './scheduler-settings.ts';
import type { SshOptions } from './ssh.ts';
import { sizeOf, type WorkerSize, type WorkerSizeOptions } from './worker-size.ts';

export interface SSHClusterOptions extends SshOptions, WorkerSizeOptions, SchedulerSettings {
  /** Names or addresses, as `ssh` takes them: hosts of its configuration too. */
  readonly hosts: readonly string[];
  /** How many workers there are in all, up to 1,000, taking hosts in turn; one on each host by default. */
  readonly workers?: number;
  /** What each worker process may take, `'2GB'` for example, 256 MB or more; by default what its machine has. */
  readonly workerMemory?: ByteSize;
}

// A name that begins with a dash would be an option of ssh.
const isHost = (host: unknown) => typeof host === 'string' && /^[^-\s]\S*$/.test(host);
const optionRules = {
  hosts: {
    expected: 'a list of one or more names or addresses of machines',
    holds: (hosts: unknown) => Array.isArray(hosts) && hosts.length > 0 && hosts.every(isHost),
    isRequired: true,
  },
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
export class SSHCluster extends HostedCluster {
  readonly #options: SSHClusterOptions;
  readonly #settings: ReturnType<typeof schedulerSettings>;
  readonly #size: WorkerSize;

  /** Throws a `UsageError` for an unknown or wrong option. */
  constructor(options: SSHClusterOptions) {
    checkOptions('SSHCluster', options, optionRules);
    const { hosts, workers = hosts.length } = options;
    const size = sizeOf('SSHCluster', options);
    super({ owner: 'SSHCluster', workers, threads: size.threads, open: () => this.#open() });
    this.#options = options;
    this.#settings = schedulerSettings(options, 'SSHCluster');
    this.#size = size;
  }

  get description(): string {
    return `${plural(this.workers, 'worker')} on ${this.#options.hosts.join(', ')}`;
  }

  async #open(): Promise<RunningCluster> {
    const [{ openListening }, { overSsh }] = await Promise.all([import('./listening.ts'), import('./ssh.ts')]);
    const { hosts } = this.#options;
    const hostOf = (place: number) => hosts[place % hosts.length]!;
    const round = (place: number) => Math.floor(place / hosts.length);
    return await openListening({
      port: 0,
      ...this.#settings,
      starting: (address) => overSsh({ ...this.#options, ...address, hostOf, size: this.#size }),
      nameOf: (place) => `${hostOf(place)}${round(place) === 0 ? '' : `-${round(place) + 1}`}`,
    });
  }
}
