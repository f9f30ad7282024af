import type { Comm } from '../comm/comm.ts';
import { listen, type Listener } from '../comm/ws.ts';
import { UsageError } from '../lib/heddle-error.ts';
import { toMilliseconds, type Duration } from '../lib/duration.ts';
import { checkOptions, rules } from '../lib/options.ts';
import { decodeFromPeer } from '../protocol/codec.ts';
import type { FromClient, FromPeer, ToClient, ToPeer } from '../protocol/messages.ts';
import { Scheduler } from '../scheduler/scheduler.ts';
import type { Cluster } from './cluster.ts';
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
  #running: Promise<{ scheduler: Scheduler; listener: Listener }> | undefined;
  #url: string | undefined;

  /** Throws a `UsageError` for an unknown or wrong option, and `TOKEN_REQUIRED` without a token. */
  constructor(options: WebSocketClusterOptions = {}) {
    checkOptions('WebSocketCluster', options, optionRules);
    const token = options.token ?? process.env['HEDDLE_TOKEN'];
    if (token === undefined || token === '') {
      const message =
        'WebSocketCluster needs a token, which workers must know to join: pass { token }, or set the environment ' +
        'variable HEDDLE_TOKEN here and where workers start.';
      throw new UsageError('TOKEN_REQUIRED', message);
    }
    this.#token = token;
    this.#options = options;
  }

  get isStarted(): boolean {
    return this.#running !== undefined;
  }

  /** Where workers join, once started. */
  get url(): string | undefined {
    return this.#url;
  }

  get description(): string {
    return `workers that join ${this.#url ?? 'once it listens'}`;
  }

  get advice(): string {
    return `start one with: heddle worker ${this.#url} --token …`;
  }

  async start(): Promise<void> {
    await (this.#running ??= this.#start());
  }

  async connect(): Promise<Comm<ToClient, FromClient>> {
    const { scheduler } = await (this.#running ??= this.#start());
    return connectClient(scheduler);
  }

  async #start(): Promise<{ scheduler: Scheduler; listener: Listener }> {
    const { host = '127.0.0.1', port = 8786, allowedFailures, heartbeatTimeout = '15s' } = this.#options;
    const scheduler = new Scheduler({
      heartbeatTimeoutMs: toMilliseconds(heartbeatTimeout, `option 'heartbeatTimeout' of WebSocketCluster`),
      ...(allowedFailures !== undefined && { allowedFailures }),
    });
    const listener = await listen<FromPeer, ToPeer>({
      host,
      port,
      token: this.#token,
      decode: decodeFromPeer,
      onConnection: (comm) => scheduler.accept(comm),
    });
    this.#url = listener.url;
    return { scheduler, listener };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const running = await this.#running;
    this.#running = undefined;
    if (running === undefined) return;
    await running.scheduler[Symbol.asyncDispose]();
    await running.listener.close();
  }
}
