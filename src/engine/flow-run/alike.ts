import { isBuiltIn } from '../../code/registry.ts';
import type { Node } from '../../flow/node.ts';
import type { Logger } from '../logger.ts';
import type { AlikeRuns } from '../plan.ts';

/** Fewer calls of one task may be an accident. */
const leastCalls = 10;
/** So many cost enough to be told of, whatever the task does. */
const manyCalls = 1_000;

/**
 * The nodes of tasks that are called often where they could be mapped: as many steps from the start of the flow as
 * others whose task has the same name, so that none of them waits for another. Each comes after all that it waits for.
 */
export function alikeIn(sorted: Iterable<Node>): ReadonlyMap<Node, AlikeRuns> {
  const steps = new Map<Node, number>();
  const keyOf = (node: Node): string | undefined => {
    let step = 0;
    for (const upstream of node.graph.upstreamOf(node)) step = Math.max(step, steps.get(upstream)! + 1);
    steps.set(node, step);
    if (node.task === undefined || node.isMapped || isBuiltIn(node.task.reference)) return undefined;
    return `${step} ${node.task.name}`;
  };
  const alike = new Map<Node, AlikeRuns>();
  for (const [key, nodes] of Map.groupBy(sorted, keyOf)) {
    if (key === undefined || nodes.length < leastCalls) continue;
    const runs = { task: nodes[0]!.task!.name, count: nodes.length };
    for (const node of nodes) alike.set(node, runs);
  }
  return alike;
}

/** Tells what it costs to call a task so often. */
export function adviseToMap(alike: ReadonlyMap<Node, AlikeRuns>, logger: Logger): void {
  for (const { task, count } of new Set(alike.values())) {
    if (count < manyCalls) continue;
    const what = `task '${task}' is called ${count} times, which costs a few tenths of a millisecond`;
    const remedy = `if its arguments can stand in a list, one call with .map(list) costs about a microsecond a run`;
    logger.info(`${what} each; ${remedy}`);
  }
}
