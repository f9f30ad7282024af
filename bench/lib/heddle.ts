import { Flow, type FlowState, type Node } from 'heddle';
import { DistributedExecutor, type Cluster } from 'heddle/executors';
import { inc } from '../tasks/inc.ts';
import { assertIsNext, ratePerSecond } from './rates.ts';

/** Starts a cluster that all later flow runs use; an executor does not close what it did not start. */
export async function startCluster<Given extends Cluster>(
  resources: AsyncDisposableStack,
  cluster: Given,
): Promise<{ cluster: Given; executor: DistributedExecutor }> {
  resources.use(cluster);
  await cluster.start();
  return { cluster, executor: new DistributedExecutor(() => cluster) };
}

/** Runs a flow and keeps its log off the screen; what does not succeed is no measurement. */
export async function runQuietly<Plan>(
  flow: Flow<Plan>,
  parameters: Readonly<Record<string, unknown>> = {},
): Promise<FlowState<Plan>> {
  const state = await flow.run({ parameters, onLog: () => {} });
  if (!state.isSuccessful()) throw new Error(state.message, { cause: state.error });
  return state;
}

/** A round of `inc.map` over so many numbers: from the start of the flow run to the list of results in hand. */
export function mappedIncrements(executor: DistributedExecutor, count: number): () => Promise<number> {
  const numbers = Array.from({ length: count }, (_, number) => number);
  const flow = new Flow('mapped', { executor }, (): { results: Node<number[]> } => ({ results: inc.map(numbers) }));
  return async () => {
    const startedAt = performance.now();
    const state = await runQuietly(flow);
    const { results } = state.output;
    const rate = ratePerSecond(count, startedAt);
    for (const number of numbers) assertIsNext(number, results[number]);
    return rate;
  };
}
