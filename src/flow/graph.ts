// The plan of a flow: its nodes, and which waits for which. Nothing runs here.

import { UsageError } from '../lib/heddle-error.ts';
import { processWide } from '../lib/process-wide.ts';
import { isPromise } from '../lib/thenable.ts';
import { assertNode, Node, nodesOf, type Binding, type Ordering } from './node.ts';
import { Resource } from './resource.ts';
import type { Task } from './task.ts';

/** The graph whose builder is running, if any: calls of tasks add to it, also of those of another copy of Heddle. */
const underConstruction = processWide('under-construction', () => ({ graph: undefined as Graph | undefined }));

/** Nobody writes a flow of more; a loop that does not end would fill all memory. */
const mostNodes = 1_000_000;

export class Graph {
  /** For messages: the name of the flow. */
  readonly flow: string;
  /** In the order of their making, which is a topological one until `setUpstream` says otherwise. */
  readonly nodes: Node[] = [];
  readonly #bySlug = new Map<string, Node>();
  /** The position of each node among them. */
  readonly #places = new Map<Node, number>();
  /** No node was made before something that it waits for, so none can wait for itself. */
  #isInOrder = true;
  /** For each name, the number to try next. */
  readonly #uses = new Map<string, number>();
  readonly #orderings = new Map<Node, Ordering[]>();
  /** What each node waits for, as far as that was asked for since it last changed. */
  readonly #upstreams = new Map<Node, ReadonlySet<Node>>();
  #refusedRun: UsageError | undefined;

  constructor(flow: string) {
    this.flow = flow;
  }

  /** Whether its builder is running, and no other within. */
  get isBeingBuilt(): boolean {
    return underConstruction.graph === this;
  }

  /** Runs `builder` so that tasks called and parameters made inside of it become nodes of this graph. */
  build<Plan>(builder: () => Plan): Plan {
    const outer = underConstruction.graph;
    underConstruction.graph = this;
    try {
      const plan = builder();
      if (isPromise(plan)) plan.catch(() => {});
      if (this.#refusedRun !== undefined) throw this.#refusedRun;
      this.refusePromise(plan, `the builder of flow '${this.flow}' is async`);
      return plan;
    } finally {
      underConstruction.graph = outer;
    }
  }

  /** Throws `FLOW_BUILDER_ASYNC` if what the builder gave, or a part of it, is a promise: nothing waits for it. */
  refusePromise(given: unknown, what: string): void {
    if (!isPromise(given)) return;
    given.catch(() => {});
    const message =
      `${what}. Building a flow only notes what is to be done: call tasks without await, hand on what they give, and ` +
      `do the work inside them.`;
    throw new UsageError('FLOW_BUILDER_ASYNC', message, { flow: this.flow });
  }

  /** The building throws it too: a builder waits for no promise, so it would not hear of one that rejects. */
  refuseRun(call: string): never {
    const { flow } = this;
    const message =
      `${call} was called while flow '${flow}' is being built, when nothing has a value yet. Call it after ` +
      `new Flow(…); to use what it gives in '${flow}', call it inside the function of a task (docs/tasks.md, 'A flow ` +
      `that a task starts').`;
    const error = new UsageError('RUN_INSIDE_BUILDER', message, { flow });
    this.#refusedRun ??= error;
    throw error;
  }

  addTask(task: Task, facts: { bindings: readonly Binding[]; isMapped: boolean; slug?: string | undefined }): Node {
    const slug = facts.slug ?? this.freeSlug(task.name);
    const node = new Node({ graph: this, slug, task, bindings: facts.bindings, isMapped: facts.isMapped });
    this.add(node);
    return node;
  }

  /** Adds a node; its slug must be free, and what is bound to it of this graph. */
  add(node: Node): void {
    for (const upstream of node.bindings.flatMap(nodesOf)) this.assertOwn(upstream, `task '${node.slug}'`);
    if (this.#bySlug.has(node.slug)) {
      const message =
        `flow '${this.flow}' already has a task or parameter with the slug '${node.slug}'. Give one of them another ` +
        `name or slug.`;
      throw new UsageError('DUPLICATE_SLUG', message, { flow: this.flow, slug: node.slug });
    }
    if (this.nodes.length === mostNodes) throw this.#tooLarge();
    this.#bySlug.set(node.slug, node);
    this.#places.set(node, this.nodes.push(node));
  }

  #tooLarge(): UsageError {
    const message =
      `flow '${this.flow}' has ${mostNodes} tasks, and its builder makes still more. A loop that asks a node never ` +
      `ends: it stands for a value that is not there yet, and is true to JavaScript. Loop inside a task, or with ` +
      `signals.LOOP; wait with a sensor; for many values, map one task over a list of them.`;
    return new UsageError('FLOW_TOO_LARGE', message, { flow: this.flow });
  }

  bySlug(slug: string): Node | undefined {
    return this.#bySlug.get(slug);
  }

  get slugs(): Iterable<string> {
    return this.#bySlug.keys();
  }

  /** Makes `downstream` wait for `upstream`. Throws `CYCLE` with the whole path when that could never end. */
  order(upstream: Node, downstream: Node, { isElementwise = false, isGate = false } = {}): void {
    const ordered = (other: unknown) => {
      const who = other instanceof Node ? `task '${other.slug}'` : 'a task';
      return `what ${who} of flow '${this.flow}' is ordered before or after`;
    };
    assertNode(upstream, ordered(downstream));
    assertNode(downstream, ordered(upstream));
    this.assertOwn(upstream, `task '${downstream.slug}'`);
    this.assertOwn(downstream, `task '${upstream.slug}'`);
    if (downstream.task === undefined) throw this.#parameterWaits(upstream, downstream);
    this.#isInOrder &&= this.#places.get(upstream)! < this.#places.get(downstream)!;
    const path = this.#isInOrder ? undefined : this.#path(downstream, upstream);
    if (path !== undefined) {
      const names = [...path, downstream].map((node) => node.slug);
      const message =
        `'${downstream.slug}' cannot wait for '${upstream.slug}', because that already waits for it: ` +
        names.join(' → ');
      throw new UsageError('CYCLE', message, { flow: this.flow, cycle: names });
    }
    const orderings = this.#orderings.get(downstream) ?? [];
    this.#orderings.set(downstream, [...orderings, { node: upstream, isElementwise, ...(isGate && { isGate }) }]);
    this.#upstreams.delete(downstream);
  }

  /** The upstream nodes whose values `node` does not get. */
  orderingsOf(node: Node): readonly Ordering[] {
    return this.#orderings.get(node) ?? [];
  }

  /** All nodes that `node` waits for, each once. */
  upstreamOf(node: Node): ReadonlySet<Node> {
    let upstream = this.#upstreams.get(node);
    if (upstream === undefined) {
      upstream = new Set([...node.bindings.flatMap(nodesOf), ...this.orderingsOf(node).map((each) => each.node)]);
      this.#upstreams.set(node, upstream);
    }
    return upstream;
  }

  /** For each node, those that wait for it; in an order in which each comes after all that it waits for. */
  downstream(): ReadonlyMap<Node, readonly Node[]> {
    const downstream = new Map<Node, Node[]>(this.nodes.map((node) => [node, []]));
    const left = new Map<Node, number>();
    for (const node of this.nodes) {
      const upstream = this.upstreamOf(node);
      left.set(node, upstream.size);
      for (const each of upstream) downstream.get(each)!.push(node);
    }
    const sorted = this.nodes.filter((node) => left.get(node) === 0);
    for (const node of sorted) {
      for (const next of downstream.get(node)!) {
        left.set(next, left.get(next)! - 1);
        if (left.get(next) === 0) sorted.push(next);
      }
    }
    return new Map(sorted.map((node) => [node, downstream.get(node)!]));
  }

  /** The nodes that nothing waits for, as if there were no resources. They decide the state of a flow run. */
  terminals(): Node[] {
    const downstream = this.downstream();
    const isCounted = (node: Node) => !(node instanceof Resource) || downstream.get(node)!.length > 0;
    return this.nodes.filter((node) => isCounted(node) && !downstream.get(node)!.some(isCounted));
  }

  /** From `from` downstream to `to`, if there is a way. */
  #path(from: Node, to: Node): Node[] | undefined {
    const cameFrom = new Map<Node, Node | undefined>([[to, undefined]]);
    for (const node of cameFrom.keys()) {
      if (node === from) break;
      for (const upstream of this.upstreamOf(node)) if (!cameFrom.has(upstream)) cameFrom.set(upstream, node);
    }
    if (!cameFrom.has(from)) return undefined;
    const path = [from];
    for (let next = cameFrom.get(from); next !== undefined; next = cameFrom.get(next)) path.push(next);
    return path;
  }

  /** The name itself, or with a number, if there is a node of that slug already. */
  freeSlug(name: string): string {
    for (let count = this.#uses.get(name) ?? 1; ; count += 1) {
      const slug = count === 1 ? name : `${name}-${count}`;
      if (this.#bySlug.has(slug)) continue;
      this.#uses.set(name, count + 1);
      return slug;
    }
  }

  #parameterWaits(upstream: Node, parameter: Node): UsageError {
    const message =
      `parameter '${parameter.slug}' of flow '${this.flow}' cannot wait for '${upstream.slug}', because parameters ` +
      `are known before anything runs. Order the task that uses it instead.`;
    return new UsageError('PARAMETER_CANNOT_WAIT', message, { flow: this.flow, parameter: parameter.slug });
  }

  /** Throws `NOT_A_NODE` for what is none, and `NODE_OF_ANOTHER_FLOW` for one that is not of this graph. */
  assertOwn(node: unknown, who: string): void {
    assertNode(node, `${who} of flow '${this.flow}'`);
    if (node.graph === this) return;
    const message =
      `${who} of flow '${this.flow}' cannot use '${node.slug}', which belongs to flow '${node.graph.flow}'. Build it ` +
      `in the same flow.`;
    throw new UsageError('NODE_OF_ANOTHER_FLOW', message, { flow: this.flow, node: node.slug });
  }
}

/** Throws `RUN_INSIDE_BUILDER` when `call`, which runs a flow, is made while one is being built. */
export function assertNotBuilding(call: string): void {
  underConstruction.graph?.refuseRun(call);
}

/** The graph that is being built. Throws when none is: `who` and `remedy` make the message. */
export function currentGraph(who: string, remedy: string): Graph {
  if (underConstruction.graph !== undefined) return underConstruction.graph;
  throw new UsageError('OUTSIDE_FLOW', `${who} outside of a flow. ${remedy}`);
}
