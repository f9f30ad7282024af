// A scheduler in this process that workers join over WebSocket, and the workers that are started for it, if any are.

import type { ServerTlsOptions } from '../comm/tls.ts';
import type { Pages } from '../comm/ws.ts';
import { nodeCrypto } from '../lib/lazy-node.ts';
import type { FromPeer, ToPeer } from '../protocol/messages.ts';
import type { Lookout } from '../scheduler/lookout.ts';
import { Scheduler } from '../scheduler/scheduler.ts';
import type { SchedulerOptions } from '../scheduler/scheduler-options.ts';
import type { RunningCluster } from './hosted-cluster.ts';
import { LeftOpen } from './left-open.ts';
import type { SetByClusters } from './scheduler-settings.ts';
import { Workforce, type StartWorker } from './workforce.ts';

export interface ListeningOptions extends SetByClusters, Pick<SchedulerOptions, 'heartbeatTimeoutMs'> {
  readonly host?: string;
  readonly port: number;
  /**
   * What workers must know to join. Without one, only those that are started here can join, and the process does not go
   * on only because of the cluster.
   */
  readonly token?: string;
  readonly tls?: ServerTlsOptions;
  /** Makes what starts a worker that is to join at this address. */
  readonly starting?: (address: { readonly url: string; readonly token: string }) => StartWorker;
  readonly nameOf?: (place: number) => string;
}

export interface ListeningCluster extends RunningCluster {
  readonly url: string;
  readonly leftOpen: LeftOpen;
}

/** Who is told that the cluster closes, and takes longer to answer, may hang: nothing more is wanted of it. */
const closeTimeoutMs = 1_000;

export async function openListening(options: ListeningOptions): Promise<ListeningCluster> {
  const { host = '127.0.0.1', port, tls, starting, nameOf, ...rest } = options;
  const token = options.token ?? nodeCrypto().randomBytes(24).toString('base64url');
  // Loaded by those who listen only: it is much.
  const [{ listen }, { decodeFromPeer }] = await Promise.all([import('../comm/ws.ts'), import('../protocol/codec.ts')]);
  await using resources = new AsyncDisposableStack();
  // What is there before it listens, and is closed should it not listen.
  await using first = new AsyncDisposableStack();
  let workforce: Workforce | undefined;
  const scheduler = first.use(
    new Scheduler({
      ...rest,
      workerJoined: (name) => workforce?.joined(name),
      workerGivenUp: (name) => workforce?.givenUp(name),
      howWorkerEnded: (name) => workforce?.howItEnded(name),
      whyNoWorker: () => workforce?.whyNone(),
    }),
  );
  const listener = await listen<FromPeer, ToPeer>({
    host,
    port,
    token,
    closeTimeoutMs,
    ...(tls !== undefined && { tls }),
    // It may be the worker that they wait for.
    onRefused: (news, firstFrom) =>
      scheduler.announce('warn', news, firstFrom === undefined ? [] : scheduler.lookout.takeUntold(news)),
    decode: decodeFromPeer,
    onConnection: (comm) => scheduler.accept(comm),
    pages: pagesOf(scheduler.lookout),
  });
  const { url } = listener;
  if (options.token === undefined) listener.unref();
  // The scheduler closes before the workers that were started for it: so they stop what they run, and end in order.
  if (starting !== undefined) {
    workforce = resources.use(new Workforce(scheduler, { start: starting({ url, token }), ...(nameOf && { nameOf }) }));
  }
  resources.use(listener);
  resources.use(first.move());
  const hasFlowRuns = () => scheduler.lookout.status.flowRuns.length > 0;
  const leftOpen = resources.use(new LeftOpen({ url, listener, hasFlowRuns }));
  return { scheduler, workforce, resources: resources.move(), url, leftOpen };
}

/** For those who watch: `/health` for all of them, `/metrics` for those who know the token. */
function pagesOf(lookout: Lookout): Pages {
  const health = () => {
    const { workers, flowRuns } = lookout.status;
    const status = lookout.hasWorkers ? 'ok' : 'no workers';
    const body = JSON.stringify({ status, workers: workers.length, flowRuns: flowRuns.length });
    return { status: lookout.hasWorkers ? 200 : 503, contentType: 'application/json', body: `${body}\n` };
  };
  const metrics = () => {
    return { status: 200, contentType: 'text/plain; version=0.0.4; charset=utf-8', body: lookout.metrics };
  };
  return { '/health': { isPublic: true, make: health }, '/metrics': { isPublic: false, make: metrics } };
}
