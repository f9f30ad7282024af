// What a task's node is given: which arrays it needs, and from which of them each of its arguments comes. That is known
// as soon as its upstreams are submitted, but for lists that they return: those have to be there.

import { unreachable } from '../../lib/unreachable.ts';
import { noDefinition, type Block } from '../../lib/chunk.ts';
import { isIterable } from '../../flow/bindings.ts';
import type { Binding, Node, Ordering } from '../../flow/node.ts';
import { State, type StateType } from '../../flow/state.ts';
import { encodeValue } from '../../values/encode.ts';
import { assertFits } from '../../values/size.ts';
import { behindGate } from '../gate.ts';
import { flattenList } from '../flatten.ts';
import { outgoing, type OutgoingUse } from '../outgoing.ts';
import type { ArgumentPlan, PlannedResource } from '../plan.ts';
import type { ArrayListener, Session } from './executor.ts';
import type { FlowResources } from './flow-resources.ts';
import { blocksOf } from './literals.ts';
import {
  elementsOf,
  flattenChildren,
  lengthOf,
  listsOf,
  notIterable,
  withoutList,
  type Elementwise,
  type GivenList,
} from './mapped-over.ts';
import type { NodeRun } from './node-run.ts';

type EachNode = Extract<Binding, { type: 'each-node' }>;

/** What the nodes of a flow run share. */
export interface WiringFacts {
  readonly runs: ReadonlyMap<Node, NodeRun>;
  readonly session: Session;
  readonly resources: FlowResources;
  readonly ofRun: Pick<OutgoingUse, 'flowRunId' | 'warn' | 'sharesMemory'>;
}

/** A run that another waits for, all of it or index by index. */
export interface Upstream {
  readonly run: NodeRun;
  readonly isElementwise: boolean;
}

/** What an array needs of which nothing is run. */
export const nothingToRun = { definition: noDefinition, elementwise: [], whole: [], timeoutMs: undefined };
/** The listener for lists of the user's own and for parameters, of which everything is known. */
export const nobody: ArrayListener = { started: () => {}, wants: () => false, settled: () => {} };

/** Thrown to end a node in a state without running it: there is no list to map it over, or its branch is not taken. */
export class EndedBefore extends Error {
  readonly state: State;

  constructor(state: State) {
    super(state.message);
    this.state = state;
  }
}

export class Wiring {
  readonly node: Node;
  /** How many runs the node has, once it is connected. */
  length = 1;
  readonly args: ArgumentPlan[] = [];
  readonly constants: unknown[] = [];
  readonly elementwise: Elementwise[] = [];
  readonly whole: { readonly array: number; readonly isList: boolean }[] = [];
  readonly resources: PlannedResource[] = [];
  /** The runs that the node waits for, in any way. */
  readonly upstream: Upstream[] = [];
  /** The lists of the user's own that it is mapped over. */
  readonly lists: (readonly Block[])[] = [];
  /** The positions of those elementwise arrays that are the user's own lists, not upstream task runs. */
  readonly literals: number[] = [];
  /** The arrays that were submitted for this node alone. */
  readonly own: number[] = [];
  /** The positions of those elementwise arrays that are gates. */
  readonly gates: number[] = [];
  readonly #facts: WiringFacts;

  constructor(node: Node, facts: WiringFacts) {
    this.node = node;
    this.#facts = facts;
  }

  /** Rejects with `EndedBefore` for a node that ends without being run, and with what is wrong with its lists. */
  async connect(): Promise<void> {
    const { node } = this;
    const orderings = node.graph.orderingsOf(node);
    // Gates come first: if the branch is not taken, nothing else that the node waits for matters.
    for (const ordering of orderings) if (ordering.isGate) await this.#passGate(ordering);
    if (node.isMapped) await this.#assertLists();
    for (const [position, binding] of node.bindings.entries()) this.args.push(await this.#argument(position, binding));
    for (const ordering of orderings) if (!ordering.isGate) await this.#waitFor(ordering);
    if (node.isMapped) this.length = lengthOf(node, this.elementwise);
  }

  /** Elementwise arrays whose runs are upstream runs already: a trigger sees each of those only once. */
  repeats(): number[] {
    const whole = new Set(this.whole.map(({ array }) => array));
    const seen = new Set<string>();
    return this.elementwise.flatMap(({ runs }, input) => {
      if (runs === undefined) return [];
      const key = `${runs.array} ${runs.isFlattened}`;
      if (whole.has(runs.array) || seen.has(key)) return input;
      seen.add(key);
      return [];
    });
  }

  /** Throws `VALUE_TOO_LARGE` for the first of the constants that alone is. */
  assertConstantsFit(limitBytes: number): void {
    for (const [position, argument] of this.args.entries()) {
      if (!('constant' in argument)) continue;
      const value = this.constants[argument.constant];
      assertFits(value, encodeValue(value).length, { ...this.#inputAt(position), limitBytes });
    }
  }

  /** Ends a mapped node that lacks a list. As with any task run, a skipped upstream counts before a failed one. */
  async #assertLists(): Promise<void> {
    const { node } = this;
    const ends: State[] = [];
    const mayLack: State[] = [];
    let lists = node.bindings.filter(({ type }) => type === 'each-constant').length;
    for (const { upstream, isBoxed, isJudged } of listsOf(node)) {
      const run = this.#runOf(upstream);
      await run.submitted;
      if (!run.isList) await run.done;
      const { state } = run;
      if (run.isList || (state.isSuccessful() && !state.isSkipped())) lists += 1;
      else if (isBoxed && state.isSkipped()) mayLack.push(new State('Skipped', 'All upstreams were skipped'));
      else (isJudged ? mayLack : ends).push(withoutList(node, upstream, state));
    }
    if (lists === 0 && ends.length === 0) ends.push(...mayLack);
    const order: StateType[] = ['Pending', 'Skipped', 'TriggerFailed', 'Failed'];
    const [end] = ends.toSorted((a, b) => order.indexOf(a.type) - order.indexOf(b.type));
    if (end !== undefined) throw new EndedBefore(end);
  }

  async #argument(position: number, binding: Binding): Promise<ArgumentPlan> {
    switch (binding.type) {
      case 'constant':
        return { type: 'constant', constant: this.#constant(position, binding.value) };
      case 'node': {
        const input = await this.#whole(binding.node);
        const { isFlattened, isBoxed } = binding;
        return { type: 'whole', input, isFlattened, ...(isBoxed && { isBoxed }) };
      }
      case 'resource': {
        const input = await this.#whole(binding.node);
        const planned = { ...this.#facts.resources.planned(binding.node), input };
        return { type: 'resource', resource: this.resources.push(planned) - 1 };
      }
      case 'filled': {
        const constant = this.#constant(position, binding.template);
        const gaps = [];
        for (const { path, node, isFlattened } of binding.gaps) {
          gaps.push({ path, input: await this.#whole(node), isFlattened });
        }
        return { type: 'filled', constant, gaps, isFlattened: binding.isFlattened };
      }
      case 'each-constant': {
        const values = elementsOf(binding, this.#inputAt(position));
        const input = this.#list(`argument ${position + 1}`, { values });
        this.literals.push(input);
        return { type: 'element', input };
      }
      case 'each-node':
        return await this.#eachArgument(binding);
      default:
        return unreachable(binding);
    }
  }

  async #eachArgument(binding: EachNode): Promise<ArgumentPlan> {
    if (binding.isBoxed !== true) return { type: 'element', input: await this.#each(binding) };
    const run = this.#runOf(binding.node);
    // A skipped upstream has a value for no index, but another one may have it.
    const isSkipped = !run.isList && run.state.isSkipped();
    if (!isSkipped) return { type: 'element', input: await this.#each(binding), isBoxed: true };
    return { type: 'whole', input: await this.#whole(binding.node), isFlattened: false, isBoxed: true };
  }

  /** Waits for a gate that all runs of a node share. A gate for each index is checked by the runs themselves. */
  async #passGate({ node: gate, isElementwise }: Ordering): Promise<void> {
    const run = this.#runOf(gate);
    const array = await run.submitted;
    const isForEach = isElementwise && run.isList;
    this.upstream.push({ run, isElementwise: isForEach });
    if (isForEach) {
      this.gates.push(this.#add({ array, length: run.length, name: gate.slug }));
      return;
    }
    await run.done;
    const end = behindGate(run.state);
    if (end !== undefined) throw new EndedBefore(end);
  }

  async #waitFor({ node, isElementwise }: Ordering): Promise<void> {
    const run = this.#runOf(node);
    await run.submitted;
    // A mapped upstream without a list is a single run, which the trigger judges.
    if (!isElementwise || (node.isMapped && !run.isList)) await this.#whole(node);
    else await this.#each({ node, isFlattened: false });
  }

  /** The position among the constants of what is sent for an argument of the user's own. */
  #constant(position: number, value: unknown): number {
    return this.constants.push(outgoing(value, () => this.#inputAt(position))) - 1;
  }

  /** The position of an upstream among those that are needed whole. */
  async #whole(upstream: Node): Promise<number> {
    const run = this.#runOf(upstream);
    const array = await run.submitted;
    this.upstream.push({ run, isElementwise: false });
    const known = this.whole.findIndex((input) => input.array === array);
    return known === -1 ? this.whole.push({ array, isList: run.isList }) - 1 : known;
  }

  /** The position, among the elementwise arrays, of an upstream or of the list that it returned. */
  async #each({ node: upstream, isFlattened }: Pick<EachNode, 'node' | 'isFlattened'>): Promise<number> {
    const { slug } = upstream;
    const run = this.#runOf(upstream);
    const array = await run.submitted;
    const runs = { array, isFlattened: run.isList && isFlattened };
    const isElementwise = run.isList && !isFlattened;
    this.upstream.push({ run, isElementwise });
    if (isElementwise) return this.#add({ array, length: run.length, name: slug, runs });
    await run.done;
    if (run.isList) return this.#list(slug, { ...flattenChildren(this.node, run.children), runs });
    const { result } = run.state;
    if (!isIterable(result)) throw notIterable(this.node, upstream, result);
    const values = [...result];
    return this.#list(slug, { values: isFlattened ? flattenList(this.node.slug, values) : values, runs });
  }

  #list(name: string, { values, states, runs }: GivenList): number {
    const { length } = values;
    const given = blocksOf(values, {
      ...(states && { states }),
      destination: (mapIndex) => this.#inputOf({ mapIndex, name }),
      limitBytes: this.node.task!.settings.valueLimitBytes,
    });
    this.lists.push(given);
    const array = this.#facts.session.submit({ ...nothingToRun, name, length, given }, nobody);
    this.own.push(array);
    return this.#add({ array, length, name, ...(runs && { runs }) });
  }

  /** The position of an array among the elementwise ones. One that is there already is not added again. */
  #add(input: Elementwise): number {
    const known = this.elementwise.findIndex(({ array }) => array === input.array);
    return known === -1 ? this.elementwise.push(input) - 1 : known;
  }

  #runOf(upstream: Node): NodeRun {
    return this.#facts.runs.get(upstream)!;
  }

  #inputAt(position: number): OutgoingUse {
    return this.#inputOf({ name: `argument ${position + 1}` });
  }

  #inputOf(place: Pick<OutgoingUse, 'name' | 'mapIndex'>): OutgoingUse {
    const { slug, task } = this.node;
    return { role: 'input', task: slug, check: task!.settings.check, ...place, ...this.#facts.ofRun };
  }
}
