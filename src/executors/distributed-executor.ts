import { parseAddress } from '../comm/address.ts';
import type { Comm } from '../comm/comm.ts';
import { checkTls, type TlsOptions } from '../comm/tls.ts';
import type { Executor, FlowRunFacts, Session, SessionListener } from '../engine/flow-run/executor.ts';
import { HeddleError, UsageError } from '../lib/heddle-error.ts';
import { checkOptions, describe, rules } from '../lib/options.ts';
import { plural } from '../lib/plural.ts';
import type { FromClient, ToClient } from '../protocol/messages.ts';
import { isCluster, type Cluster } from './cluster.ts';
import { leaseOf, startForRun } from './lease.ts';
import { LocalCluster } from './local-cluster.ts';
import { openSession } from './scheduler-session.ts';
import { keepFromTravelling } from '../lib/own-classes.ts';
import { messageIn } from '../lib/thrown-text.ts';

/** Called when a run starts; gives the cluster for it, or the address of a scheduler that is running (`'ws://…'`). */
export type ClusterFactory = (run: FlowRunFacts) => Cluster | string | Promise<Cluster | string>;

export interface DistributedExecutorOptions {
  /** For a scheduler that is reached by its address; the environment variable `HEDDLE_TOKEN` by default. */
  readonly token?: string;
  /**
   * For an address `wss://…`: `ca`, whom to trust, if the scheduler's certificate is signed by none of those that Node
   * knows; and `cert` and `key`, if the scheduler asks for a certificate. Each is the text or the bytes of a PEM file.
   */
  readonly tls?: TlsOptions;
}

/** Runs tasks on the workers of a cluster; without arguments, on a `LocalCluster` with one worker for each core. */
export class DistributedExecutor implements Executor {
  readonly #factory: ClusterFactory;
  readonly #token: string;
  readonly #tls: TlsOptions | undefined;

  /** `cluster` makes one for each run, or gives one that is there; a text is the address of a scheduler that runs. */
  constructor(cluster: ClusterFactory | string = () => new LocalCluster(), options: DistributedExecutorOptions = {}) {
    checkOptions('DistributedExecutor', options, { token: rules.text, tls: rules.anything });
    if (options.tls !== undefined) checkTls('DistributedExecutor', options.tls);
    this.#tls = options.tls;
    const isClass = typeof cluster === 'function' && isCluster(cluster.prototype);
    if (isClass || (typeof cluster !== 'function' && typeof cluster !== 'string')) {
      const made = isClass ? `new ${cluster.name}()` : 'cluster';
      const wanted = isClass || isCluster(cluster) ? made : 'new LocalCluster({ workers: 4 }), for threads';
      const message =
        `DistributedExecutor takes a function that returns a cluster, or the address of a scheduler; ` +
        `got ${describe(cluster)}. Write () => ${wanted}.`;
      throw new UsageError('INVALID_CLUSTER', message);
    }
    this.#factory = typeof cluster === 'string' ? () => cluster : cluster;
    this.#token = options.token ?? process.env['HEDDLE_TOKEN'] ?? '';
  }

  /** Rejects with `CLUSTER_FACTORY_FAILED`, `INVALID_CLUSTER`, or with what the cluster's start or the address gave. */
  async start(run: FlowRunFacts, listener: SessionListener): Promise<Session> {
    const cluster = await this.#makeCluster(run);
    if (typeof cluster === 'string') return await this.#startAt(cluster, run, listener);
    const owned = leaseOf(cluster, run);
    try {
      await startForRun(cluster);
      run.logger.info(`running on ${cluster.description}`);
      const comm = await cluster.connect();
      return await openSession(comm, telling(listener, run, { advice: cluster.advice }), {
        name: run.flowRunName,
        importsModules: true,
        sharesMemory: cluster.sharesMemory === true,
        takesCaptures: cluster.sharesFiles === true,
        owned,
      });
    } catch (error) {
      for (const resource of owned) await resource[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Runs on the workers of a scheduler that others use too. */
  async #startAt(address: string, run: FlowRunFacts, listener: SessionListener): Promise<Session> {
    parseAddress(address);
    if (this.#token === '') {
      const remedy = 'pass { token } to DistributedExecutor, or set HEDDLE_TOKEN.';
      throw new UsageError('TOKEN_REQUIRED', `the scheduler at ${address} wants a token: ${remedy}`, { address });
    }
    run.logger.info(`connecting to the scheduler at ${address}`);
    const comm = await this.#connect(address, run.signal);
    const advice = `start one with: heddle worker ${address} (and the same HEDDLE_TOKEN)`;
    return await openSession(comm, telling(listener, run, { advice, address }), {
      name: run.flowRunName,
      importsModules: true,
      sharesMemory: false,
      takesCaptures: false,
      owned: [],
    });
  }

  async #makeCluster(run: FlowRunFacts): Promise<Cluster | string> {
    let cluster: unknown;
    try {
      cluster = await this.#factory(run);
    } catch (cause) {
      const message = `the cluster factory of flow '${run.flowName}' threw: ${messageIn(cause)}`;
      throw new HeddleError('CLUSTER_FACTORY_FAILED', message, { flow: run.flowName, cause });
    }
    if (typeof cluster === 'string' || isCluster(cluster)) return cluster;
    const message =
      `the cluster factory of flow '${run.flowName}' should return a cluster, like new LocalCluster({ workers: 2 }), ` +
      `or an address; it returned ${describe(cluster)}`;
    throw new UsageError('INVALID_CLUSTER', message, { flow: run.flowName });
  }

  async #connect(url: string, signal: AbortSignal): Promise<Comm<ToClient, FromClient>> {
    // Many programs never need a socket, and what it takes is much to load.
    const [{ connect }, { decodeToClient }] = await Promise.all([
      import('../comm/ws.ts'),
      import('../protocol/codec.ts'),
    ]);
    const secrets = { token: this.#token, tls: this.#tls };
    return await connect<ToClient, FromClient>({ url, ...secrets, decode: decodeToClient, signal });
  }
}

keepFromTravelling(
  DistributedExecutor,
  'give it to a flow: new Flow(name, { executor }, …), or flow.run({ executor })',
);

/** Says in the log what there is, once, at a scheduler that others use too; and what to do while nobody does it. */
function telling(
  listener: SessionListener,
  { logger }: FlowRunFacts,
  { advice, address }: { readonly advice: string | undefined; readonly address?: string },
): SessionListener {
  let isTold = address === undefined;
  return {
    log: (records) => listener.log(records),
    lost: (error) => listener.lost(error),
    workers: (change) => {
      const { workers, threads } = change;
      const there = `${plural(workers, 'worker')} with ${plural(threads, 'thread')}`;
      if (!isTold) logger.info(`connected to ${address}: ${there}`);
      isTold = true;
      listener.workers(change);
      if (advice !== undefined && workers === 0) logger.warn(`waiting for a worker: ${advice}`);
    },
  };
}
