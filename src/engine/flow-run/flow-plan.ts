import { types } from 'node:util';
import type { Graph } from '../../flow/graph.ts';
import { Node } from '../../flow/node.ts';
import { refuseResource, Resource } from '../../flow/resource.ts';
import { assertNoTask } from '../../flow/task.ts';
import { UsageError } from '../../lib/heddle-error.ts';
import { describe } from '../../lib/options.ts';
import { isPromise } from '../../lib/thenable.ts';
import { membersOf, stepTo } from '../../values/members.ts';
import { lookingAt } from '../../values/travels.ts';
import type { Logger } from '../logger.ts';

/** Checks what a builder returned: it names nodes of its flow. A task that was not called would never run. */
export function assertPlan(graph: Graph, plan: unknown): void {
  lookingAt(plan, { role: 'output', task: graph.flow }, () => lookThrough(graph, plan));
}

/** Warns, since a run of a flow without tasks succeeds at once, as if it had done something. It opens no resource. */
export function warnOfNoTasks({ flow, nodes }: Graph, logger: Logger): void {
  if (nodes.some((node) => node.task !== undefined && !(node instanceof Resource))) return;
  const code = 'FLOW_WITHOUT_TASKS';
  const remedy = `Call its tasks in the function that builds it, as in new Flow('${flow}', () => load(path)).`;
  logger.warn(`flow '${flow}' has no tasks, so this run does nothing. ${remedy} (${code})`);
}

/** The nodes in what a builder returned, at any depth, each once. */
export function nodesIn(plan: unknown): Node[] {
  return [...partsIn(plan)].filter((part) => part instanceof Node);
}

function partsIn(plan: unknown): ReadonlySet<unknown> {
  const parts = new Set([plan]);
  for (const part of parts) if (isContainer(part)) for (const inner of Object.values(part)) parts.add(inner);
  return parts;
}

function lookThrough(graph: Graph, plan: unknown): void {
  // One promise is told of. That others fail, which nobody waits for either, must not end the program.
  for (const part of partsIn(plan)) if (isPromise(part)) part.catch(() => {});
  const seen = new Set<unknown>();
  const parts = [{ value: plan, path: '' }];
  for (const { value, path } of parts) {
    const what = path === '' ? 'the output' : `the output ${path}`;
    assertNoTask(value, `${what} of flow '${graph.flow}'`);
    refuseResource(value, `${what} of flow '${graph.flow}'`);
    graph.refusePromise(value, `${what} of flow '${graph.flow}' is a promise`);
    refuseIterator(value, what, graph.flow);
    if (value instanceof Node) graph.assertOwn(value, what);
    else if (!isContainer(value)) refuseHidden(value, what, graph.flow);
    else if (!seen.has(value)) {
      seen.add(value);
      for (const [key, part] of Object.entries(value)) parts.push({ value: part, path: path + stepTo(key) });
    }
  }
}

/** Tasks that are called where its values are made would not be in the flow. */
function refuseIterator(value: unknown, what: string, flow: string): void {
  if (!(value instanceof Iterator || types.isGeneratorObject(value))) return;
  const message =
    `${what} of flow '${flow}' is an iterator, and nobody asks it for its values: what would make them, as the body ` +
    `of a function*, never runs. Build the flow in a plain function, and return lists: [...it].`;
  throw new UsageError('INVALID_FLOW', message, { flow });
}

/** Its value would never be put there: who reads the output would find the node. */
function refuseHidden(value: unknown, what: string, flow: string): void {
  if (typeof value !== 'object' || value === null || types.isProxy(value)) return;
  const [hidden] = membersOf(value, (member) => member instanceof Node);
  if (!(hidden?.value instanceof Node)) return;
  const message =
    `${what} of flow '${flow}' holds a node at ${hidden.step}, in ${describe(value)}, where its value cannot be put. ` +
    `Return it in a plain array or object, or as it is.`;
  throw new UsageError('NODE_INSIDE_VALUE', message, { flow, path: hidden.step });
}

/** Where outputs are looked for: see `FlowState.output`. */
export function isContainer(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  return Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
}
