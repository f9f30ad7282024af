import type { Comm } from '../comm/comm.ts';
import { listen } from '../comm/ws.ts';
import { UsageError } from '../lib/heddle-error.ts';
import { toMilliseconds, type Duration } from '../lib/duration.ts';
import { checkOptions, rules } from '../lib/options.ts';
import { decodeFromPeer } from '../protocol/codec.ts';
import type { FromClient, FromPeer, ToClient, ToPeer } from '../protocol/messages.ts';
import { Scheduler } from '../scheduler/scheduler.ts';
import type { Cluster } from './cluster.ts';
import { ClusterLife, type RunningCluster } from './cluster-life.ts';
import { connectClient } from './in-process.ts';

export interface WebSocketClusterOptions {
  /** Where to listen; `'127.0.0.1'`, this machine only, by default. */
  readonly host?: string;
  /** 8786 by default; 0 takes any port that is free. */
  readonly port?: number;
  /** What workers and clients must know to join; the environment variable `HEDDLE_TOKEN` by default. */
  readonly token?: string;
  /**
   * How many deaths of a thread or a worker one task run may cause before it is given up as `Crashed`; 3 by default.
   */
  readonly allowedFailures?: number;
  /** A worker that shows no sign of life for so long is given up; `'15s'` by default. */
  readonly heartbeatTimeout?: Duration;
}

const optionRules = {
  host: rules.text,
  port: rules.port,
  token: rules.text,
  allowedFailures: rules.count,
  heartbeatTimeout: rules.anything,
};

/** A scheduler in this process that listens: workers started anywhere with `heddle worker URL` join it. */
export class WebSocketCluster implements Cluster {
  readonly #options: WebSocketClusterOptions;
  readonly #token: string;
  readonly #heartbeatTimeoutMs: number;
  readonly #life = new ClusterLife(() => this.#open());
  #url: string | undefined;

  /** Throws a `UsageError` for an unknown or wrong option, and `TOKEN_REQUIRED` without a token. */
  constructor(options: WebSocketClusterOptions = {}) {
    checkOptions('WebSocketCluster', options, optionRules);
    const token = options.token ?? process.env['HEDDLE_TOKEN'];
    if (token === undefined || !/^[\x21-\x7e]+$/.test(token)) {
      const message =
        'WebSocketCluster needs a token, which workers must know to join: pass { token }, or set the environment ' +
        'variable HEDDLE_TOKEN here and where workers start. It consists of visible ASCII characters.';
      throw new UsageError('TOKEN_REQUIRED', message);
    }
    this.#token = token;
    const { heartbeatTimeout = '15s' } = options;
    this.#heartbeatTimeoutMs = toMilliseconds(heartbeatTimeout, `option 'heartbeatTimeout' of WebSocketCluster`);
    if (this.#heartbeatTimeoutMs === 0) {
      const message = `option 'heartbeatTimeout' of WebSocketCluster should be more than 0; got 0`;
      throw new UsageError('INVALID_OPTION', message);
    }
    this.#options = options;
  }

  get isStarted(): boolean {
    return this.#life.isStarted;
  }

  /** Where workers join, once started. */
  get url(): string | undefined {
    return this.#url;
  }

  get description(): string {
    return `workers that join ${this.#url ?? 'once it listens'}`;
  }

  get advice(): string {
    return `start one with: heddle worker ${this.#url} (and the same HEDDLE_TOKEN)`;
  }

  async start(): Promise<void> {
    await this.#life.start();
  }

  async connect(): Promise<Comm<ToClient, FromClient>> {
    return connectClient(await this.#life.start());
  }

  /** Sends the workers away, which try to come back, and listens no more. The cluster can be started again. */
  async close(): Promise<void> {
    await this.#life.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #open(): Promise<RunningCluster> {
    await using resources = new AsyncDisposableStack();
    const { host = '127.0.0.1', port = 8786, allowedFailures } = this.#options;
    const heartbeatTimeoutMs = this.#heartbeatTimeoutMs;
    const scheduler = new Scheduler({ heartbeatTimeoutMs, ...(allowedFailures !== undefined && { allowedFailures }) });
    const listener = resources.use(
      await listen<FromPeer, ToPeer>({
        host,
        port,
        token: this.#token,
        decode: decodeFromPeer,
        onConnection: (comm) => scheduler.accept(comm),
      }),
    );
    resources.use(scheduler);
    this.#url = listener.url;
    return { scheduler, resources: resources.move() };
  }
}
