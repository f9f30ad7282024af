import { randomUUID } from 'node:crypto';
import { Flow, type FlowState, type LogRecord, type Node, Parameter, type Task } from 'heddle';
import { DistributedExecutor, LocalCluster, WebSocketCluster, type Cluster, type Executor } from 'heddle/executors';
import { clockMs, inc, now } from '../tasks/inc.ts';
import { startWorker } from './processes.ts';
import { assertIsNext, medianOfWarm, medianRoundTrip, ratePerSecond } from './rates.ts';

/** Starts a cluster that all later flow runs use; an executor does not close what it did not start. */
export async function startCluster<Given extends Cluster>(
  resources: AsyncDisposableStack,
  cluster: Given,
): Promise<{ cluster: Given; executor: DistributedExecutor }> {
  resources.use(cluster);
  await cluster.start();
  return { cluster, executor: new DistributedExecutor(() => cluster) };
}

/** An executor of so many worker threads of this process, warm. */
export async function onThreads(resources: AsyncDisposableStack, threads: number): Promise<DistributedExecutor> {
  return (await startCluster(resources, new LocalCluster({ workers: threads }))).executor;
}

/** An executor of so many worker processes with a thread each, joined over WebSockets of this machine. */
export async function onProcesses(resources: AsyncDisposableStack, processes: number): Promise<DistributedExecutor> {
  const token = randomUUID();
  const { cluster, executor } = await startCluster(resources, new WebSocketCluster({ port: 0, token }));
  const names = Array.from({ length: processes }, (_, number) => `worker-${number + 1}`);
  await Promise.all(names.map((name) => startWorker(resources, { url: cluster.url!, token, name })));
  return executor;
}

interface Quiet {
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly onLog?: (record: LogRecord) => void;
}

/** Runs a flow and keeps its log off the screen; what does not succeed is no measurement. */
export async function runQuietly<Plan>(
  flow: Flow<Plan>,
  { parameters = {}, onLog = () => {} }: Quiet = {},
): Promise<FlowState<Plan>> {
  const state = await flow.run({ parameters, onLog });
  if (!state.isSuccessful()) throw new Error(state.message, { cause: state.error });
  return state;
}

export interface Increments {
  readonly executor: DistributedExecutor;
  readonly count: number;
  /** Adds one to a number; `inc` by default. */
  readonly task?: Task<[value: number], number | Promise<number>>;
  readonly onLog?: (record: LogRecord) => void;
}

/** A round of `inc.map` over so many numbers: from the start of the flow run to the list of results in hand. */
export function mappedIncrements({ executor, count, task = inc, onLog }: Increments): () => Promise<number> {
  const numbers = Array.from({ length: count }, (_, number) => number);
  const flow = new Flow('mapped', { executor }, (): { results: Node<number[]> } => ({ results: task.map(numbers) }));
  return async () => {
    const startedAt = performance.now();
    const state = await runQuietly(flow, onLog === undefined ? {} : { onLog });
    const { results } = state.output;
    const rate = ratePerSecond(count, startedAt);
    for (const number of numbers) assertIsNext(number, results[number]);
    return rate;
  };
}

/** A round of whole flow runs of one task with a parameter, one after the other: the median time of one. */
export function singleIncrements(executor: DistributedExecutor, trips: number): () => Promise<number> {
  const flow = new Flow('single', { executor }, () => ({ result: inc(new Parameter<number>('value')) }));
  const call = async (value: number) => (await runQuietly(flow, { parameters: { value } })).output.result;
  return () => medianRoundTrip(trips, call);
}

/**
 * A round of one flow run of tasks that each wait for the one before: the median time from when one ran to when the
 * next one did, which takes a result there and back.
 */
export function chainedTrips(executor: Executor, trips: number): () => Promise<number> {
  const flow = new Flow('chain', { executor }, () => {
    const links = [now(new Parameter<number>('startedAt'))];
    for (let link = 0; link < 2 * trips; link += 1) links.push(now(links.at(-1)!));
    return { links };
  });
  return async () => {
    const ranAt = (await runQuietly(flow, { parameters: { startedAt: clockMs() } })).output.links;
    const times = ranAt.slice(1).map((at, link) => (at - ranAt[link]!) * 1_000);
    return medianOfWarm(times, trips);
  };
}
