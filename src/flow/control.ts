// Branches of a flow. Which is taken is not known before the flow runs, so all of them are built, each behind a gate: a
// task run that is skipped when its branch is not taken. A closed gate ends every task run of its branch, whatever that
// one's trigger and other upstream runs would say; an open one is none of their business.

import { UsageError } from '../lib/heddle-error.ts';
import { describe } from '../lib/options.ts';
import { currentGraph, type Graph } from './graph.ts';
import { assertNode, Node, unmapped, type Binding, type Filled } from './node.ts';
import { refuseResource } from './resource.ts';
import { SKIP } from './signals.ts';
import { assertNoTask, builtInTask, type Task } from './task.ts';

/** What a branch wants of the condition: to be truthy or not, or to be or not to be one of the cases. */
interface Wish {
  readonly cases?: readonly string[];
  readonly wanted: boolean;
}

const gateTask = builtInTask('gate', (condition: unknown, { cases, wanted }: Wish) => {
  const holds = cases === undefined ? Boolean(condition) : cases.includes(keyOf(condition) as string);
  if (holds !== wanted) throw new SKIP(`the condition is ${describe(condition)}`);
});

/** What a branch gives that is no task run at all goes through this one. */
const takeTask = builtInTask('take', (value: unknown) => value);

type Box = readonly [value: unknown];

/** Each value arrives in a box, unless the run that was to make it was skipped. */
const mergeTask = builtInTask(
  'merge',
  (...boxes: readonly (Box | undefined)[]) => {
    const first = boxes.find((box) => box !== undefined);
    if (first === undefined) throw new SKIP('All upstreams were skipped');
    return first[0];
  },
  { skipOnUpstreamSkip: false },
);

/** The text that is looked for among the cases. Null and undefined are no case. */
function keyOf(condition: unknown): string | undefined {
  switch (typeof condition) {
    case 'string':
    case 'number':
    case 'bigint':
    case 'boolean':
      return String(condition);
    default:
      if (condition === undefined || condition === null) return undefined;
  }
  const message =
    `switchCase() compares texts, numbers and booleans with its cases; got ${describe(condition)}. Give it the part ` +
    `of that which decides.`;
  throw new UsageError('CONDITION_NOT_COMPARABLE', message);
}

type Builder<Plan> = () => Plan;
type ListNode = Node<readonly unknown[]>;
type ElementOf<List> = List extends Node<readonly (infer Element)[]> ? Element : never;
type ValueOf<Source> = Source extends Node<infer Value> ? Value : never;
type Conditions<T> = Node<Iterable<T>> | Iterable<T>;

/** The builders by case, where the cases are values that a condition of type `T` can have, as texts. */
type Cases<T, Builders> = {
  readonly [Key in keyof Builders]: `${Key & (string | number)}` extends CaseOf<T>
    ? Builders[Key]
    : { readonly 'the condition is never this case, only': CaseOf<T> };
};
type CaseOf<T> = unknown extends T ? string : `${T & (string | number | bigint | boolean)}`;
type Built<Builders> = Builders[keyof Builders] extends Builder<infer Plan> ? Plan : never;

/**
 * Runs what `then` builds if the value of `condition` is truthy as in JavaScript (so an empty list is), and what
 * `otherwise` builds if it is not. The node stands for what the taken branch returned; without one, it is skipped.
 */
export function ifElse<A, B = never>(
  condition: Node,
  then: Builder<A>,
  otherwise?: Builder<B>,
): Node<Filled<A> | Filled<B>> {
  return build({ call: 'ifElse()', condition, isMapped: false, branches: truthBranches(then, otherwise) });
}

// Functions with names: of others that are assigned, declarations lose what is said of them here.
ifElse.map = mapIfElse;

/** The same for each index of its own: the branches are mapped nodes, as long as `conditions`. */
function mapIfElse<A extends ListNode, B extends ListNode = never>(
  conditions: Conditions<unknown>,
  then: Builder<A>,
  otherwise?: Builder<B>,
): Node<(ElementOf<A> | ElementOf<B>)[]> {
  const branches = truthBranches(then, otherwise);
  return build({ call: 'ifElse.map()', condition: conditions, isMapped: true, branches });
}

/**
 * Runs what the case builds that is the value of `condition` as a text (of a text, a number or a boolean; null and
 * undefined are no case), and what `otherwise` builds if none is. The node stands for what the taken branch returned;
 * without one, it is skipped.
 */
export function switchCase<T, Builders extends Readonly<Record<string, Builder<unknown>>>, B = never>(
  condition: Node<T>,
  cases: Builders & Cases<T, Builders>,
  otherwise?: Builder<B>,
): Node<Filled<Built<Builders>> | Filled<B>> {
  const branches = caseBranches('switchCase()', cases, otherwise);
  return build({ call: 'switchCase()', condition, isMapped: false, branches });
}

switchCase.map = mapSwitchCase;

/** The same for each index of its own: the branches are mapped nodes, as long as `conditions`. */
function mapSwitchCase<T, Builders extends Readonly<Record<string, Builder<ListNode>>>, B extends ListNode = never>(
  conditions: Conditions<T>,
  cases: Builders & Cases<T, Builders>,
  otherwise?: Builder<B>,
): Node<(ElementOf<Built<Builders>> | ElementOf<B>)[]> {
  const branches = caseBranches('switchCase.map()', cases, otherwise);
  return build({ call: 'switchCase.map()', condition: conditions, isMapped: true, branches });
}

/** The value of the first of these nodes, in this order, that was not skipped. Skipped itself when all of them were. */
export function merge<Sources extends readonly Node[]>(...nodes: Sources): Node<ValueOf<Sources[number]>> {
  return merged({ call: 'merge()', nodes, isMapped: false });
}

merge.map = mapMerge;

/** The same for each index of its own. The nodes are mapped ones of one length, or of lists. */
function mapMerge<Sources extends readonly ListNode[]>(...nodes: Sources): Node<ElementOf<Sources[number]>[]> {
  return merged({ call: 'merge.map()', nodes, isMapped: true });
}

/** What a branch gives that is a task run of elsewhere: the same, and skipped if the branch is not taken. */
const takeNodeTask = mergeTask.with({ name: 'take' });

interface Merge {
  /** For messages. */
  readonly call: string;
  readonly nodes: readonly Node[];
  /** Whether each index is merged on its own. */
  readonly isMapped: boolean;
}

function merged<T>({ call, nodes, isMapped }: Merge): Node<T> {
  if (nodes.length === 0) throw new UsageError('NOTHING_TO_MERGE', `${call} needs one node or more`);
  for (const [position, node] of nodes.entries()) {
    refuseResource(node, `argument ${position + 1} of ${call}`);
    assertNode(node, `argument ${position + 1} of ${call}`);
  }
  return addMerge(graphFor(call), mergeTask, { nodes, isMapped }) as Node<T>;
}

function addMerge(graph: Graph, task: Task, { nodes, isMapped }: Omit<Merge, 'call'>): Node {
  const type = isMapped ? 'each-node' : 'node';
  const bindings = nodes.map((node): Binding => ({ type, node, isFlattened: false, isBoxed: true }));
  return graph.addTask(task, { bindings, isMapped });
}

interface Branch extends Wish {
  /** What its gate is called. */
  readonly name: string;
  readonly builder: Builder<unknown>;
}

interface Fork {
  /** For messages. */
  readonly call: string;
  readonly condition: unknown;
  /** Whether each index takes a branch of its own. */
  readonly isMapped: boolean;
  readonly branches: readonly Branch[];
}

function truthBranches(then: Builder<unknown>, otherwise: Builder<unknown> | undefined): Branch[] {
  const taken = { name: 'if', builder: then, wanted: true };
  return otherwise === undefined ? [taken] : [taken, { name: 'else', builder: otherwise, wanted: false }];
}

function caseBranches(
  call: string,
  builders: Readonly<Record<string, Builder<unknown>>>,
  otherwise: Builder<unknown> | undefined,
): Branch[] {
  if (typeof builders !== 'object' || builders === null) {
    throw new UsageError(
      'INVALID_BRANCH',
      `${call} needs its cases as { value: () => …, … }; got ${describe(builders)}`,
    );
  }
  const cases = Object.keys(builders);
  const branches = Object.entries(builders).map(([key, builder]): Branch => {
    return { name: `case ${key}`, builder, cases: [key], wanted: true };
  });
  if (otherwise !== undefined) branches.push({ name: 'otherwise', builder: otherwise, cases, wanted: false });
  if (branches.length === 0) throw new UsageError('INVALID_BRANCH', `${call} needs one case or more`);
  return branches;
}

function build<T>(fork: Fork): Node<T> {
  const { call, condition, isMapped, branches } = fork;
  const graph = graphFor(call);
  refuseResource(condition, `the condition of ${call}`);
  if (!isMapped) assertNode(condition, `the condition of ${call}`);
  for (const { name, builder } of branches) {
    if (typeof builder === 'function') continue;
    const given: unknown = builder;
    const task = given instanceof Node ? given.task : undefined;
    const remedy = task === undefined ? '' : `. Make it there, () => ${task.name}(…), or it runs in any case.`;
    const message = `'${name}' of ${call} should be a function; got ${describe(given)}${remedy}`;
    throw new UsageError('INVALID_BRANCH', message);
  }
  const results = branches.map((branch) => buildBranch(graph, fork, branch));
  return isMapped ? (merge.map(...(results as ListNode[])) as Node<T>) : (merge(...results) as Node<T>);
}

function buildBranch(graph: Graph, { call, condition, isMapped }: Fork, branch: Branch): Node {
  const { name, builder, ...wish } = branch;
  const named = gateTask.with({ name });
  const gate = isMapped ? named.map(condition as unknown[], unmapped(wish)) : named(condition, wish);
  const start = graph.nodes.length;
  const given = builder();
  const result = ownResult(graph, { call, name, isMapped, own: new Set(graph.nodes.slice(start)) }, given);
  for (const node of graph.nodes.slice(start)) {
    if (node.task === undefined) continue;
    if (isMapped) assertMapped(call, name, node);
    // What is in a branch of this branch is behind a gate of its own, and that gate is behind this one.
    const isBehind = graph.orderingsOf(node).some(({ isGate }) => isGate);
    if (!isBehind) graph.order(gate, node, { isElementwise: isMapped, isGate: true });
  }
  return result;
}

/** What a branch gives, as a node of that branch: else it would be there even if the branch was not taken. */
function ownResult(
  graph: Graph,
  { call, name, isMapped, own }: { call: string; name: string; isMapped: boolean; own: ReadonlySet<Node> },
  given: unknown,
): Node {
  graph.refusePromise(given, `'${name}' of ${call} is async`);
  assertNoTask(given, `what '${name}' of ${call} returned`);
  refuseResource(given, `what '${name}' of ${call} returned`);
  if (given instanceof Node) {
    if (given.task !== undefined && own.has(given)) return given;
    return addMerge(graph, takeNodeTask, { nodes: [given], isMapped });
  }
  if (!isMapped) return takeTask(given);
  const message =
    `'${name}' of ${call} should return a mapped node, with a value for each index; got ` + describe(given);
  throw new UsageError('NOT_MAPPED', message);
}

function assertMapped(call: string, branch: string, { slug, isMapped }: Node): void {
  if (isMapped) return;
  const message =
    `task '${slug}' is made in '${branch}' of ${call}, which some indices take and others do not, but it is not ` +
    `mapped. Map it, or make it before.`;
  throw new UsageError('NOT_MAPPED', message, { task: slug });
}

function graphFor(call: string): Graph {
  return currentGraph(`${call} was called`, 'Call it inside the function given to new Flow(name, () => …).');
}
