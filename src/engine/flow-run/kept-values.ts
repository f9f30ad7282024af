// How much of what task runs return is kept where the flow was started: the values of all nodes that the builder
// returned, and those that the flow itself must look at. Of all others, which only dependents need, only a limited
// amount.

import { formatBytes } from '../../lib/byte-size.ts';
import { HeddleError } from '../../lib/heddle-error.ts';
import type { Graph } from '../../flow/graph.ts';
import type { Node } from '../../flow/node.ts';
import { State, succeeded } from '../../flow/state.ts';
import { isWatched } from '../handlers.ts';
import { nodesIn } from './flow-plan.ts';
import { listsOf } from './mapped-over.ts';

/** How many bytes are kept of one task's values that are not in the output. */
const otherBytes = 64 * 2 ** 20;

/** What somebody wants of a node's values. */
export interface WantedValues {
  /** The values are kept as long as they have no more bytes than this together. */
  readonly keptBytes: number;
  /** The builder of the flow returned it. */
  readonly isReturned: boolean;
}

/** For each node, what is wanted of its values. */
export function wantedOf(graph: Graph, plan: unknown): (node: Node) => WantedValues {
  const returned = new Set(nodesIn(plan));
  const lists = new Set(graph.nodes.flatMap(listsFor));
  return (node) => {
    const isReturned = returned.has(node);
    return { keptBytes: isReturned || lists.has(node) || isTold(node) ? Infinity : otherBytes, isReturned };
  };
}

/** The nodes whose values a node is mapped over, one list each: their lengths must be known first. */
function listsFor(node: Node): Node[] {
  const lists = listsOf(node).filter(({ upstream, isFlattened }) => isFlattened || !upstream.isMapped);
  return lists.map(({ upstream }) => upstream);
}

/** Whether handlers of a mapped task are shown its state here. */
function isTold({ isMapped, task }: Node): boolean {
  return isMapped && task !== undefined && isWatched(task);
}

/** The state of a run that succeeded, whose value was not kept. */
export function successWithout(slug: string, bytes: number): State {
  return new State('Success', succeeded, new NotKept(slug, bytes));
}

/** Stands in place of a result that was not kept. It has no fields, so that the state can be printed without it. */
class NotKept {
  readonly #slug: string;
  readonly #bytes: number;

  constructor(slug: string, bytes: number) {
    this.#slug = slug;
    this.#bytes = bytes;
  }

  get result(): never {
    const [task, bytes] = [this.#slug, this.#bytes];
    const why = `because they are large (${formatBytes(bytes)}) and only the tasks that depend on it needed them`;
    const remedy = `return its node from the builder of the flow, or set result or target on the task to store them`;
    const message = `the results of '${task}' were not kept, ${why}. To have them, ${remedy}.`;
    throw new HeddleError('RESULT_NOT_KEPT', message, { task, bytes });
  }
}
