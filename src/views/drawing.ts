// What a picture of a flow shows, in no format yet: DOT and Mermaid are two ways to write it down.

import type { Graph } from '../flow/graph.ts';
import { nodesOf, type Binding, type Node, type Ordering } from '../flow/node.ts';
import { State, type StateType } from '../flow/state.ts';
import { formatCount, printable, shortened } from './printable.ts';

export interface PictureOptions {
  /** The state to colour a node by; nodes without one stay plain. For a finished run, `(node) => state.of(node)`. */
  readonly stateOf?: ((node: Node) => State | undefined) | undefined;
  /** From left to right rather than from top to bottom. */
  readonly horizontal?: boolean | undefined;
}

export interface Drawing {
  readonly title: string;
  readonly elements: readonly (Shape | Group)[];
  readonly arrows: readonly Arrow[];
}

export interface Shape {
  readonly type: 'task' | 'mapped' | 'parameter' | 'child';
  /** Unique in the drawing, and printable: the slug of a node, `slug[index]` of a child. */
  readonly id: string;
  /** Its label. */
  readonly lines: readonly string[];
  /** The states of what it stands for, most frequent first; none when nothing is known. */
  readonly states: readonly StateCount[];
  /** What there is to say about its state, when it is one. */
  readonly tooltip: string | undefined;
}

/** A mapped node whose children are few enough to be shapes of their own. */
export interface Group {
  readonly type: 'group';
  readonly id: string;
  readonly lines: readonly string[];
  readonly children: readonly Shape[];
}

/** Solid lines carry a value, dashed ones an element for each child, dotted ones nothing: they only order. */
export interface Arrow {
  /** Ids of shapes, or of groups as a whole. */
  readonly from: string;
  readonly to: string;
  readonly line: 'solid' | 'dashed' | 'dotted';
  readonly label: string | undefined;
}

interface StateCount {
  readonly type: StateType;
  readonly count: number;
}

const maxChildren = 20;
const maxTooltipCharacters = 300;

export function drawingOf(graph: Graph, options: PictureOptions): Drawing {
  const ids = new Set<string>();
  const idOf = new Map(graph.nodes.map((node) => [node, freeId(ids, node.slug)]));
  const elementOf = new Map<Node, Shape | Group>();
  for (const [node, id] of idOf) elementOf.set(node, elementFor(node, options.stateOf?.(node), { id, ids }));
  const arrows = graph.nodes.flatMap((node) => {
    const to = elementOf.get(node)!;
    const hasSeveral = node.bindings.length > 1;
    const data = node.bindings.flatMap((binding, position) => {
      return arrowsOf(binding, hasSeveral ? `${position + 1}` : undefined, (from) => ({
        from: elementOf.get(from)!,
        to,
      }));
    });
    const drawn = graph.orderingsOf(node).filter((ordering) => !isPlainWithout(graph, node, ordering));
    const orderings = drawn.flatMap(({ node: upstream, isElementwise }) => {
      const ends = { from: elementOf.get(upstream)!, to };
      const look = { line: 'dotted', label: undefined } as const;
      return isElementwise ? eachToItsOwn(ends, look) : [arrow(ends, look)];
    });
    return [...data, ...orderings];
  });
  return { title: printable(graph.flow), elements: [...elementOf.values()], arrows };
}

/** Whether it can be seen without an arrow: that a task is behind a gate, from what is upstream of it in its branch. */
function isPlainWithout(graph: Graph, node: Node, { node: gate, isGate }: Ordering): boolean {
  const isBehind = (upstream: Node) => graph.orderingsOf(upstream).some((ordering) => ordering.node === gate);
  return isGate === true && graph.upstreamOf(node).values().some(isBehind);
}

/** The state that says most about a shape of several: what failed before what is on its way, before what is done. */
export function tellingState(states: readonly StateCount[]): StateType | undefined {
  const first = (matches: (state: State) => boolean) => states.find(({ type }) => matches(new State(type, '')))?.type;
  return first((state) => state.isFailed()) ?? first((state) => !state.isFinished()) ?? states[0]?.type;
}

interface Ends {
  readonly from: Shape | Group;
  readonly to: Shape | Group;
}

function arrowsOf(binding: Binding, label: string | undefined, endsFrom: (node: Node) => Ends): Arrow[] {
  if (binding.type === 'filled') {
    return nodesOf(binding).map((node) => arrow(endsFrom(node), { line: 'solid', label }));
  }
  if (!('node' in binding)) return [];
  const ends = endsFrom(binding.node);
  if (binding.type !== 'each-node') return [arrow(ends, { line: 'solid', label })];
  // Which elements of flattened lists go to which child is only known to the values.
  const look = { line: 'dashed', label } as const;
  return binding.isFlattened ? [arrow(ends, look)] : eachToItsOwn(ends, look);
}

type Look = Pick<Arrow, 'line' | 'label'>;

function arrow({ from, to }: Ends, look: Look): Arrow {
  return { from: from.id, to: to.id, ...look };
}

/** An arrow from each child to the child of the same index where both ends show theirs, and one in all otherwise. */
function eachToItsOwn({ from, to }: Ends, look: Look): Arrow[] {
  if (from.type !== 'group' || to.type !== 'group') return [arrow({ from, to }, look)];
  return to.children.flatMap((child, index) => {
    const upstream = from.children[index];
    return upstream === undefined ? [] : [{ from: upstream.id, to: child.id, ...look }];
  });
}

/** Other texts may look the same when they are printable, and a task may be called like another's child. */
function freeId(ids: Set<string>, text: string): string {
  let id = printable(text);
  while (ids.has(id)) id += `'`;
  ids.add(id);
  return id;
}

function elementFor(
  node: Node,
  state: State | undefined,
  { id, ids }: { id: string; ids: Set<string> },
): Shape | Group {
  const name = printable(node.slug);
  const type = node.task === undefined ? 'parameter' : node.isMapped ? 'mapped' : 'task';
  const title = node.isMapped ? `${name} <map>` : name;
  if (state === undefined) return { type, id, lines: [title], states: [], tooltip: undefined };
  if (!state.isMapped()) return { type, id, lines: [title, state.type], ...lookOf(state) };
  const { children } = state;
  const states = countStates(children);
  const summary = states.map(({ type, count }) => `${formatCount(count)} ${type}`).join(', ');
  const lines = [title, summary === '' ? 'nothing to map over' : summary];
  if (children.length === 0) return { type, id, lines, ...lookOf(state) };
  if (children.length > maxChildren) return { type, id, lines, states, tooltip: undefined };
  const shapes = children.map((child, index) => childShape(freeId(ids, `${id}[${index}]`), index, child));
  return { type: 'group', id, lines, children: shapes };
}

function childShape(id: string, index: number, state: State): Shape {
  const lines = state.isSuccessful() && !state.isSkipped() ? [`${index}`] : [`${index}`, state.type];
  return { type: 'child', id, lines, ...lookOf(state) };
}

/** Of what stands for one run, or for none. */
function lookOf(state: State): Pick<Shape, 'states' | 'tooltip'> {
  const tooltip = printable(shortened(state.toString(), maxTooltipCharacters));
  return { states: [{ type: state.type, count: 1 }], tooltip };
}

function countStates(states: readonly State[]): StateCount[] {
  const counts = new Map<StateType, number>();
  for (const { type } of states) counts.set(type, (counts.get(type) ?? 0) + 1);
  return [...counts].map(([type, count]) => ({ type, count })).sort((one, other) => other.count - one.count);
}
