// The lists that a mapped node is mapped over, and how the node ends if there are none.

import { HeddleError } from '../../lib/heddle-error.ts';
import { describe } from '../../lib/options.ts';
import type { Binding, Node } from '../../flow/node.ts';
import { Parameter } from '../../flow/parameter.ts';
import { State } from '../../flow/state.ts';
import { allSuccessful } from '../../flow/triggers.ts';
import { flattenList } from '../flatten.ts';
import { lookingAt, type Destination } from '../../values/travels.ts';

/** A list that a node is mapped over, when it is not an array of task runs. */
export interface GivenList {
  readonly values: readonly unknown[];
  /** By index, where a value is missing: the state of the run that was to make it. */
  readonly states?: ReadonlyMap<number, State>;
  readonly runs?: Elementwise['runs'];
}

/** Something that a node is mapped over element by element. */
export interface Elementwise {
  readonly array: number;
  readonly length: number;
  readonly name: string;
  /** The array of the task runs that made the elements; absent when the user did. */
  readonly runs?: { readonly array: number; readonly isFlattened: boolean };
}

type EachConstant = Extract<Binding, { type: 'each-constant' }>;

/** An upstream whose value is a list to map over, which is not known before the flow runs. */
interface ListSource {
  readonly upstream: Node;
  /** Whether it is a list of lists, and they are taken as one. */
  readonly isFlattened: boolean;
  /** Whether the node can do without it if it was skipped, as `merge` can. */
  readonly isBoxed: boolean;
  /** Whether it is only waited for: if it gave no list, the trigger judges it as a single run. */
  readonly isJudged: boolean;
}

export function listsOf(node: Node): ListSource[] {
  const values = node.bindings.flatMap((binding) => {
    if (binding.type !== 'each-node') return [];
    const { node: upstream, isFlattened, isBoxed = false } = binding;
    return { upstream, isFlattened, isBoxed, isJudged: false };
  });
  const waits = node.graph.orderingsOf(node).filter(({ isElementwise, isGate }) => isElementwise && !isGate);
  const others = waits.map(({ node: upstream }) => {
    return { upstream, isFlattened: false, isBoxed: false, isJudged: upstream.isMapped };
  });
  return [...values, ...others];
}

/** The state of a node that was to be mapped over the list of this upstream, which gave none. */
export function withoutList(node: Node, upstream: Node, state: State): State {
  const { skipOnUpstreamSkip, trigger } = node.task!.settings;
  if (state.isSkipped() && skipOnUpstreamSkip) return new State('Skipped', `Upstream '${upstream.slug}' was skipped.`);
  if (!state.isFinished()) return new State('Pending', `Waits for '${upstream.slug}', which is not finished.`);
  const type = state.isFailed() && trigger === allSuccessful ? 'TriggerFailed' : 'Failed';
  const message = `'${upstream.slug}' gave no list to map '${node.slug}' over: it ended ${state.type}.`;
  return new State(type, message, { error: new HeddleError('NOTHING_TO_MAP', message, { cause: state.error }) });
}

export function notIterable(node: Node, upstream: Node, value: unknown): HeddleError {
  const { slug } = upstream;
  const isParameter = upstream instanceof Parameter;
  const what = isParameter
    ? `parameter '${slug}' is ${typeof value === 'string' ? 'the text ' : ''}${describe(value)}`
    : `'${slug}' returned ${describe(value)}`;
  const list = isParameter
    ? `give it a list: parameters: { ${slug}: [1, 2, 3] } in a program, --param '${slug}=[1,2,3]' on the command ` +
      `line (JSON)`
    : 'return a list';
  const remedy =
    node.bindings.length > 1
      ? `Either wrap it in unmapped(), to give every child the whole value, or ${list}.`
      : `Instead, ${list}.`;
  const message = `${what}, and '${node.slug}' cannot be mapped over that. ${remedy}`;
  return new HeddleError('NOT_ITERABLE', message, { task: node.slug, upstream: slug });
}

/** The elements of a list of the user's own. */
export function elementsOf({ values, isFlattened }: EachConstant, input: Destination): readonly unknown[] {
  return lookingAt(values, input, () => (isFlattened ? flattenList(input.task!, values) : [...values]));
}

/** A child without a list keeps one place in the flattened list, with its state. */
export function flattenChildren(node: Node, children: readonly State[]): GivenList {
  const hasList = (child: State) => child.isSuccessful() && !child.isSkipped();
  const lists = children.map((child) => (hasList(child) ? child.result : [child]));
  const flat = flattenList(node.slug, lists);
  const states = new Map(flat.flatMap((value, index) => (value instanceof State ? [[index, value] as const] : [])));
  return { values: flat.map((value) => (value instanceof State ? undefined : value)), states };
}

/** How many runs a node has that is mapped over all of these lists. */
export function lengthOf(node: Node, elementwise: readonly Pick<Elementwise, 'length' | 'name'>[]): number {
  if (node.task?.settings.zip === 'shortest') return Math.min(...elementwise.map(({ length }) => length));
  const [first, ...others] = elementwise;
  const other = others.find(({ length }) => length !== first!.length);
  if (other === undefined) return first!.length;
  const message =
    `'${node.slug}' is mapped over lists of unequal lengths: ${first!.name} has ${first!.length}, ${other.name} has ` +
    `${other.length}. Make them equally long, wrap the one that every child needs whole in unmapped(), or set ` +
    `zip: 'shortest' on the task.`;
  throw new HeddleError('LENGTHS_DIFFER', message, {
    task: node.slug,
    lengths: elementwise.map(({ name, length }) => ({ name, length })),
  });
}

/** How many runs a node would have, as far as that is known without running anything more; upstreams come first. */
export function knownLength(
  node: Node,
  runs: ReadonlyMap<Node, { readonly isList: boolean; readonly length: number }>,
): number | undefined {
  const upstreams = listsOf(node).map(({ upstream, isFlattened }) => {
    const { isList, length } = runs.get(upstream)!;
    return { name: upstream.slug, length, isKnown: isList && !isFlattened };
  });
  const constants = node.bindings
    .filter((binding) => binding.type === 'each-constant')
    .map(({ values, isFlattened }) => ({ name: 'a list', length: values.length, isKnown: !isFlattened }));
  const lists = [...upstreams, ...constants];
  if (!node.isMapped || !lists.every(({ isKnown }) => isKnown)) return undefined;
  try {
    return lengthOf(node, lists);
  } catch {
    // The lengths differ: the node would have failed.
    return undefined;
  }
}
