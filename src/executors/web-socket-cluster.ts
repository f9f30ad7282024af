import { hostname } from 'node:os';
import type { Comm } from '../comm/comm.ts';
import { checkServerTls, type ServerTlsOptions } from '../comm/tls.ts';
import { UsageError } from '../lib/heddle-error.ts';
import { toPositiveMilliseconds, type Duration } from '../lib/duration.ts';
import { checkOptions, describe, rules } from '../lib/options.ts';
import { plural } from '../lib/plural.ts';
import { isThenable } from '../lib/thenable.ts';
import type { FromClient, ToClient } from '../protocol/messages.ts';
import { HostedCluster, type RunningCluster } from './hosted-cluster.ts';
import type { LeftOpen } from './left-open.ts';
import { schedulerSettingRules, schedulerSettings, type SchedulerSettings } from './scheduler-settings.ts';
import type { LaunchedWorker } from './workforce.ts';

/** What a worker that is started must know to join. */
export interface WorkerOrder {
  readonly url: string;
  readonly token: string;
  /** What it must be called: the cluster knows it by this name. */
  readonly name: string;
  /** Counts from 0; given again when the worker that had it is gone. */
  readonly place: number;
}

export interface WebSocketClusterOptions extends SchedulerSettings {
  /** Where to listen; `'127.0.0.1'`, this machine only, by default. */
  readonly host?: string;
  /** 8786 by default; 0 takes any port that is free. */
  readonly port?: number;
  /** What workers and clients must know to join; the environment variable `HEDDLE_TOKEN` by default. */
  readonly token?: string;
  /**
   * Encrypts: `cert` and `key`, and with `ca` nobody joins without a certificate that it signed. Each is the text or
   * the bytes of a PEM file. The address is then `wss://…`. By default nothing is encrypted.
   */
  readonly tls?: ServerTlsOptions;
  /** A worker that shows no sign of life for so long, `'100ms'` or more, is given up; `'15s'` by default. */
  readonly heartbeatTimeout?: Duration;
  /** Starts a worker, by whatever means. With it the cluster has workers of its own, and can scale. */
  readonly launch?: (order: WorkerOrder) => LaunchedWorker | Promise<LaunchedWorker>;
  /** How many workers to start with `launch`, up to 1,000; 1 by default. */
  readonly workers?: number;
}

/** With less, each worker would be given up again and again. */
const leastHeartbeatTimeoutMs = 100;

const optionRules = {
  host: rules.text,
  port: rules.port,
  token: rules.text,
  tls: rules.anything,
  heartbeatTimeout: rules.anything,
  launch: rules.function,
  workers: rules.crew,
  ...schedulerSettingRules,
};

/**
 * A scheduler in this process that listens: workers started anywhere with `heddle worker URL` join it. Its start
 * rejects with `TOKEN_REQUIRED` without a token, and with `ADDRESS_IN_USE` or `CANNOT_LISTEN`. It can scale only with
 * `launch`.
 */
export class WebSocketCluster extends HostedCluster {
  readonly #options: WebSocketClusterOptions;
  readonly #settings: ReturnType<typeof schedulerSettings>;
  readonly #token: string;
  readonly #heartbeatTimeoutMs: number;
  #url: string | undefined;
  #leftOpen: LeftOpen | undefined;

  /**
   * Throws a `UsageError` for an unknown or wrong option, and `CERTIFICATE_INVALID` for a certificate that cannot be
   * used.
   */
  constructor(options: WebSocketClusterOptions = {}) {
    checkOptions('WebSocketCluster', options, optionRules);
    if (options.tls !== undefined) checkServerTls('WebSocketCluster', options.tls);
    const { heartbeatTimeout = '15s' } = options;
    const which = { owner: 'WebSocketCluster', option: 'heartbeatTimeout' };
    const heartbeatTimeoutMs = toPositiveMilliseconds(heartbeatTimeout, which);
    if (heartbeatTimeoutMs < leastHeartbeatTimeoutMs) {
      const unit = typeof heartbeatTimeout === 'number' ? ', which are milliseconds' : '';
      const got = `${describe(heartbeatTimeout)}${unit}`;
      const message = `option 'heartbeatTimeout' of WebSocketCluster should be '100ms' or more; got ${got}`;
      throw new UsageError('INVALID_OPTION', message, { ...which, value: heartbeatTimeout });
    }
    if (options.workers !== undefined && options.launch === undefined) {
      const message = `option 'workers' of WebSocketCluster needs 'launch', which says how to start one`;
      throw new UsageError('INVALID_OPTION', message);
    }
    super({
      owner: 'WebSocketCluster',
      workers: options.launch === undefined ? 0 : (options.workers ?? 1),
      threads: 1,
      howToHaveMore: () => (options.launch === undefined ? this.advice : undefined),
      open: () => this.#open(),
      passedOver: () => this.#leftOpen?.used(),
    });
    this.#options = options;
    this.#settings = schedulerSettings(options, 'WebSocketCluster');
    this.#token = options.token ?? process.env['HEDDLE_TOKEN'] ?? '';
    this.#heartbeatTimeoutMs = heartbeatTimeoutMs;
  }

  /** Where workers join, once started. */
  get url(): string | undefined {
    return this.#url;
  }

  get description(): string {
    const own = this.#options.launch === undefined ? '' : `${plural(this.workers, 'worker')} of its own, and `;
    return `${own}workers that join ${this.#elsewhere ?? 'once it listens'}`;
  }

  get advice(): string {
    return `start one with: heddle worker ${this.#elsewhere ?? 'URL'} (and the same HEDDLE_TOKEN)`;
  }

  /** Where workers of other machines join. */
  get #elsewhere(): string | undefined {
    return this.#url && addressElsewhere(this.#url, this.#options.host);
  }

  override async connect(): Promise<Comm<ToClient, FromClient>> {
    const comm = await super.connect();
    this.#leftOpen?.used();
    return comm;
  }

  async #open(): Promise<RunningCluster> {
    const { host, port = 8786, tls, launch } = this.#options;
    const token = this.#token;
    // Not when it is made: a worker that imports its module may have been told the token in another way.
    if (!/^[\x21-\x7e]+$/.test(token)) {
      const message =
        'WebSocketCluster needs a token, which workers must know to join: pass { token }, or set the environment ' +
        'variable HEDDLE_TOKEN here and where workers start. It consists of visible ASCII characters.';
      throw new UsageError('TOKEN_REQUIRED', message);
    }
    const { openListening } = await import('./listening.ts');
    const cluster = await openListening({
      port,
      token,
      heartbeatTimeoutMs: this.#heartbeatTimeoutMs,
      ...this.#settings,
      ...(host !== undefined && { host }),
      ...(tls !== undefined && { tls }),
      ...(launch !== undefined && {
        starting: (address) => async (place, name) => launchedWorker(await launch({ ...address, name, place })),
      }),
    });
    this.#url = cluster.url;
    this.#leftOpen = cluster.leftOpen;
    return cluster;
  }
}

/** Whoever starts a worker by other means easily forgets to give how to be rid of it. */
function launchedWorker(given: LaunchedWorker): LaunchedWorker {
  const { ended, leave, end } = (given ?? {}) as Partial<LaunchedWorker>;
  if (isThenable(ended) && typeof leave === 'function' && typeof end === 'function') return given;
  const owner = 'WebSocketCluster';
  const what = `{ ended, leave, end } for a worker, of which ended is a promise (docs/clusters.md, 'Your own')`;
  const message = `option 'launch' of ${owner} should give ${what}; it gave ${describe(given)}`;
  throw new UsageError('INVALID_OPTION', message, { owner, option: 'launch' });
}

/** How other machines reach what has this `url` here: by the name of this one, if it listens at all addresses. */
export function addressElsewhere(url: string, host: string | undefined): string {
  if (host !== '0.0.0.0' && host !== '::') return url;
  const { protocol, port } = new URL(url);
  return `${protocol}//${hostname()}:${port}`;
}
