// Walks a flow: each node is submitted as soon as its length is known. With a mapped upstream that is at once, so a
// chain of maps waits for nothing; a list that a task returns has to be there first.

import { noDefinition, type Definition } from '../../lib/chunk.ts';
import { unreachable } from '../../lib/unreachable.ts';
import { isIterable } from '../../flow/bindings.ts';
import type { Graph } from '../../flow/graph.ts';
import type { Binding, Node, Ordering } from '../../flow/node.ts';
import { Parameter } from '../../flow/parameter.ts';
import { Resource } from '../../flow/resource.ts';
import { State, type StateType } from '../../flow/state.ts';
import type { Task } from '../../flow/task.ts';
import { isBuiltIn } from '../../code/registry.ts';
import { config } from '../../config/config.ts';
import type { Result } from '../../results/result.ts';
import { behindGate } from '../arguments.ts';
import { adviseToMap, alikeIn } from './alike.ts';
import { concluded, EndedBefore, endedHere } from './ended-here.ts';
import type { ArrayListener, ArrayRequest, Session } from './executor.ts';
import { placingIn, type FlowPlacing } from './flow-placing.ts';
import { FlowResources } from './flow-resources.ts';
import { flattenList } from '../flatten.ts';
import { FlowCode } from './flow-code.ts';
import type { FlowRunScope } from './flow-context.ts';
import { blockOfState, blocksOf } from './literals.ts';
import { wantedOf } from './kept-values.ts';
import { isBoundAsBefore, isEndedAsBefore, keptOf, noneKept, type Kept } from './kept-outcomes.ts';
import type { Journal } from './journal.ts';
import { knownLength } from './known-length.ts';
import {
  elementsOf,
  flattenChildren,
  lengthOf,
  listsOf,
  notIterable,
  withoutList,
  type GivenList,
} from './mapped-over.ts';
import { assertEachFits, outgoing, type OutgoingUse } from '../outgoing.ts';
import { NodeRun, type Submitted } from './node-run.ts';
import { Plans } from './plans.ts';
import { prepareTasks } from './prepared-tasks.ts';
import { encodePlan, sizeOf, type ArgumentPlan } from '../plan.ts';
import { storagePlanOf, type StoragePlan } from '../storage-plan.ts';
import { failed } from '../endings.ts';
import { Wiring } from './wiring.ts';

type EachNode = Extract<Binding, { type: 'each-node' }>;
type EachSource = Pick<EachNode, 'node' | 'isFlattened'>;

interface FlowRunnerFacts extends FlowRunScope {
  /** Notes how far the run is, when it can be resumed. */
  readonly journal: Journal | undefined;
  /** Slugs of tasks that need not wait for somebody's approval. */
  readonly approved: readonly string[];
  /** What the builder of the flow returned. */
  readonly plan: unknown;
  /** Where results are stored of tasks that name no place of their own. */
  readonly result: Result | undefined;
  readonly placing: FlowPlacing;
}

/** The states of a flow's nodes, while it runs and after. */
export class FlowRunner {
  readonly runs: ReadonlyMap<Node, NodeRun>;
  readonly resources: FlowResources;
  readonly #graph: Graph;
  readonly #facts: FlowRunnerFacts;
  #session!: Session;
  readonly #code: FlowCode;
  readonly #downstream: ReadonlyMap<Node, readonly Node[]>;
  #ofRun!: Pick<OutgoingUse, 'flowRunId' | 'warn' | 'sharesMemory'>;
  #plans!: Plans;

  constructor(graph: Graph, facts: FlowRunnerFacts) {
    this.#graph = graph;
    this.#facts = facts;
    this.#code = new FlowCode(graph, facts.result);
    this.resources = new FlowResources(graph);
    this.#downstream = graph.downstream();
    const wanted = wantedOf(graph, facts.plan);
    this.runs = new Map(Array.from(this.#downstream.keys(), (node) => [node, new NodeRun(node, wanted(node))]));
  }

  /** Takes the means to run tasks. Rejects when some task cannot be run by them at all, before any is. */
  async attach(session: Session): Promise<void> {
    this.#session = session;
    // What is written to a journal is read by other processes.
    const sharesMemory = session.sharesMemory && this.#facts.journal === undefined;
    const { flowRunId, log } = this.#facts;
    this.#ofRun = { flowRunId, warn: (message) => log.logger.warn(message), sharesMemory };
    await this.resources.prepare(session);
    const prepared = await prepareTasks(this.#graph, session, this.#ofRun);
    const alike = alikeIn(this.runs.keys());
    adviseToMap(alike, log.logger);
    this.#plans = new Plans({ scope: this.#facts, prepared, approved: this.#facts.approved, alike, sharesMemory });
  }

  /** Submits all there is, and resolves when every task run is settled. */
  async run(): Promise<void> {
    const runs = [...this.runs.values()];
    await Promise.all(runs.flatMap((run) => [this.#submit(run), concluded(run, this.#facts)]));
    for (const run of runs) run.isOver = true;
  }

  /** Ends everything that is not settled yet in this state. */
  abandon(end: State): void {
    for (const run of this.runs.values()) run.abandon(end, knownLength(run.node, this.runs));
  }

  async #submit(run: NodeRun): Promise<void> {
    const { node } = run;
    try {
      if (node instanceof Parameter) this.#submitParameter(run, node);
      else await this.#submitTask(run, node.task!);
    } catch (error) {
      // It was abandoned together with its upstream.
      if (run.isDone) return;
      await this.#settle(run, error instanceof EndedBefore ? error.state : failed(error));
    }
  }

  #submitParameter(run: NodeRun, { name }: Parameter): void {
    const value = this.#facts.parameters[name];
    const { check, limit } = config().values;
    const destination = (): OutgoingUse => ({ role: 'parameter', name, check, ...this.#ofRun });
    const given = blocksOf([value], { destination, limitBytes: limit * 2 ** 20 });
    this.#submitArray(run, { given, length: 1, isList: false, isUnchanged: true });
  }

  async #submitTask(run: NodeRun, task: Task): Promise<void> {
    const { node } = run;
    const wiring = new Wiring();
    const orderings = this.#graph.orderingsOf(node);
    // Gates come first: if the branch is not taken, nothing else that the node waits for matters.
    for (const ordering of orderings) if (ordering.isGate) await this.#passGate(wiring, ordering);
    if (node.isMapped) await this.#assertLists(node);
    for (const [position, binding] of node.bindings.entries()) {
      wiring.args.push(await this.#argument(wiring, node, position, binding));
    }
    for (const ordering of orderings) if (!ordering.isGate) await this.#connect(wiring, node, ordering);
    const length = node.isMapped ? lengthOf(node, wiring.elementwise) : 1;
    const { blocks, isUnchanged } = this.#keptOf(node, length, wiring);
    const storage = storagePlanOf(task.settings.storing, this.#facts.result);
    this.#submitArray(run, {
      length,
      isList: node.isMapped,
      isUnchanged,
      ...(blocks.length > 0 && { given: blocks }),
      definition: this.#plan(node, wiring, storage),
      elementwise: wiring.elementwise.map(({ array }) => array),
      whole: wiring.whole.map(({ array }) => array),
      timeoutMs: longestCallMs(task),
      placing: placingIn(this.#facts.placing, task),
      code: this.#code.addressOf(task.reference),
      ...(node instanceof Resource && { resource: this.resources.keyOf(node) }),
    });
    this.#session.seal(wiring.own);
    if (node instanceof Resource) void this.#releaseInTime(run);
  }

  /** Ends a mapped node that lacks a list. As with any task run, a skipped upstream counts before a failed one. */
  async #assertLists(node: Node): Promise<void> {
    const ends: State[] = [];
    const mayLack: State[] = [];
    let lists = node.bindings.filter(({ type }) => type === 'each-constant').length;
    for (const { upstream, isBoxed, isJudged } of listsOf(node)) {
      const run = this.runs.get(upstream)!;
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

  async #argument(wiring: Wiring, node: Node, position: number, binding: Binding): Promise<ArgumentPlan> {
    switch (binding.type) {
      case 'constant': {
        const value = this.#constant(node, position, binding.value);
        return { type: 'constant', constant: wiring.constants.push(value) - 1 };
      }
      case 'node': {
        const input = await this.#connectWhole(wiring, binding.node);
        const { isFlattened, isBoxed } = binding;
        return { type: 'whole', input, isFlattened, ...(isBoxed && { isBoxed }) };
      }
      case 'resource': {
        const input = await this.#connectWhole(wiring, binding.node);
        const planned = { ...this.resources.planned(binding.node), input };
        return { type: 'resource', resource: wiring.resources.push(planned) - 1 };
      }
      case 'filled': {
        const constant = wiring.constants.push(this.#constant(node, position, binding.template)) - 1;
        const gaps = [];
        for (const { path, node: upstream, isFlattened } of binding.gaps) {
          gaps.push({ path, input: await this.#connectWhole(wiring, upstream), isFlattened });
        }
        return { type: 'filled', constant, gaps, isFlattened: binding.isFlattened };
      }
      case 'each-constant': {
        const name = `argument ${position + 1}`;
        const values = elementsOf(binding, this.#inputOf(node, { name }));
        const input = this.#connectList(wiring, node, name, { values });
        wiring.literals.push(input);
        return { type: 'element', input };
      }
      case 'each-node':
        return await this.#eachArgument(wiring, node, binding);
      default:
        return unreachable(binding);
    }
  }

  async #eachArgument(wiring: Wiring, node: Node, binding: EachNode): Promise<ArgumentPlan> {
    if (binding.isBoxed !== true) return { type: 'element', input: await this.#connectEach(wiring, node, binding) };
    const run = this.runs.get(binding.node)!;
    // A skipped upstream has a value for no index, but another one may have it.
    const isSkipped = !run.isList && run.state.isSkipped();
    if (!isSkipped) return { type: 'element', input: await this.#connectEach(wiring, node, binding), isBoxed: true };
    return { type: 'whole', input: await this.#connectWhole(wiring, binding.node), isFlattened: false, isBoxed: true };
  }

  async #connect(wiring: Wiring, node: Node, { node: upstream, isElementwise }: Ordering): Promise<void> {
    const run = this.runs.get(upstream)!;
    await run.submitted;
    // A mapped upstream without a list is a single run, which the trigger judges.
    if (!isElementwise || (upstream.isMapped && !run.isList)) await this.#connectWhole(wiring, upstream);
    else await this.#connectEach(wiring, node, { node: upstream, isFlattened: false });
  }

  /** Waits for a gate that all runs of a node share. A gate for each index is checked by the runs themselves. */
  async #passGate(wiring: Wiring, { node: gate, isElementwise }: Ordering): Promise<void> {
    const run = this.runs.get(gate)!;
    const array = await run.submitted;
    wiring.upstream.push({ run, isElementwise: isElementwise && run.isList });
    if (isElementwise && run.isList) {
      wiring.gates.push(wiring.each({ array, length: run.length, name: gate.slug }));
      return;
    }
    await run.done;
    const end = behindGate(run.state);
    if (end !== undefined) throw new EndedBefore(end);
  }

  async #connectWhole(wiring: Wiring, upstream: Node): Promise<number> {
    const run = this.runs.get(upstream)!;
    const array = await run.submitted;
    wiring.upstream.push({ run, isElementwise: false });
    const known = wiring.whole.findIndex((input) => input.array === array);
    return known === -1 ? wiring.whole.push({ array, isList: run.isList }) - 1 : known;
  }

  async #connectEach(wiring: Wiring, node: Node, { node: upstream, isFlattened }: EachSource): Promise<number> {
    const run = this.runs.get(upstream)!;
    const array = await run.submitted;
    wiring.upstream.push({ run, isElementwise: run.isList && !isFlattened });
    if (run.isList && !isFlattened) {
      return wiring.each({ array, length: run.length, name: upstream.slug, runs: { array, isFlattened: false } });
    }
    await run.done;
    const { state } = run;
    const runs = { array, isFlattened: run.isList };
    if (run.isList) {
      return this.#connectList(wiring, node, upstream.slug, { ...flattenChildren(node, run.children), runs });
    }
    if (!isIterable(state.result)) throw notIterable(node, upstream, state.result);
    const values = [...state.result];
    const list = { values: isFlattened ? flattenList(node.slug, values) : values, runs };
    return this.#connectList(wiring, node, upstream.slug, list);
  }

  #connectList(wiring: Wiring, node: Node, name: string, { values, states, runs }: GivenList): number {
    const given = blocksOf(values, {
      ...(states && { states }),
      destination: (mapIndex) => this.#inputOf(node, { mapIndex, name }),
      limitBytes: node.task!.settings.valueLimitBytes,
    });
    const request = { ...this.#request(name), length: values.length, given };
    wiring.lists.push(given);
    const array = this.#session.submit(request, nobody);
    wiring.own.push(array);
    return wiring.each({ array, length: values.length, name, ...(runs && { runs }) });
  }

  #submitArray(
    run: NodeRun,
    { isList, isUnchanged = false, ...facts }: Omit<Submitted, 'kept'> & Partial<ArrayRequest>,
  ): void {
    const { length, definition, given = [] } = facts;
    const array = this.#session.submit({ ...this.#request(run.node.slug), ...facts }, this.#listenerFor(run));
    run.submittedAs(array, { length, isList, kept: isUnchanged || definition !== undefined ? given : [], isUnchanged });
    void this.#sealInTime(run.node, array);
  }

  /** Seals an array as soon as all that may need it is submitted. */
  async #sealInTime(node: Node, array: number): Promise<void> {
    await this.#usersSubmitted(node);
    this.#session.seal([array]);
  }

  /** Once all that uses a resource is submitted, it is needed until those are done. */
  async #releaseInTime(run: NodeRun): Promise<void> {
    await Promise.all([run.done, this.#usersSubmitted(run.node)]);
    this.#session.release(await run.submitted);
  }

  async #usersSubmitted(node: Node): Promise<void> {
    await Promise.allSettled(this.#downstream.get(node)!.map((user) => this.runs.get(user)!.submitted));
  }

  /** Outcomes are noted in the journal before anybody hears of them. */
  #listenerFor(run: NodeRun): ArrayListener {
    const journal = this.#journalFor(run.node);
    if (journal === undefined) return run;
    return {
      started: (count) => run.started(count),
      wants: (byteLength) => {
        run.wants(byteLength);
        // The journal keeps them all.
        return true;
      },
      settled: (block, ran) => {
        if (ran !== undefined) journal.settled(run.node.slug, block);
        run.settled(block, ran);
      },
    };
  }

  /** The journal for a node's outcomes; none for a task that stores nothing. */
  #journalFor({ task }: Node): Journal | undefined {
    return task?.settings.storing?.checkpoint === false ? undefined : this.#facts.journal;
  }

  #keptOf(node: Node, length: number, wiring: Wiring): Kept {
    const journal = this.#facts.journal;
    if (journal === undefined) return noneKept;
    const { args, constants, literals, gates, lists, upstream } = wiring;
    const bound = { args, constants, literals, gates, upstream: upstream.map(({ run }) => run.node.slug) };
    const toRun = { slug: node.slug, length, bound, lists, upstream };
    // Our own tasks take no time, and their inputs may be of tasks whose results must not be stored.
    if (isBuiltIn(node.task!.reference)) return { blocks: [], isUnchanged: isBoundAsBefore(journal, toRun) };
    return this.#journalFor(node) === undefined
      ? noneKept
      : keptOf(journal, toRun, (message) => this.#facts.log.logger.warn(message));
  }

  /** Ends a node without running it; what depends on it sees this state. */
  async #settle(run: NodeRun, end: State): Promise<void> {
    const state = await endedHere(run, end, this.#facts);
    // The node was abandoned meanwhile.
    if (run.isDone) return;
    const block = blockOfState(state);
    const isUnchanged = this.#facts.journal !== undefined && isEndedAsBefore(this.#facts.journal, run.node.slug, block);
    this.#submitArray(run, { given: [block], length: 1, isList: false, isUnchanged });
  }

  #request(name: string) {
    return { name, definition: noDefinition, elementwise: [], whole: [], timeoutMs: undefined };
  }

  #plan(node: Node, wiring: Wiring, storage: StoragePlan | undefined): Definition {
    const plan = encodePlan(this.#plans.of(node, wiring, storage));
    const { valueLimitBytes } = node.task!.settings;
    if (sizeOf(plan) > valueLimitBytes) {
      const given = wiring.args.flatMap((argument, position) => {
        const use = this.#inputOf(node, { name: `argument ${position + 1}` });
        return 'constant' in argument ? [[wiring.constants[argument.constant], use] as const] : [];
      });
      assertEachFits(given, valueLimitBytes);
    }
    return plan;
  }

  /** What is sent for an argument of the user's own. */
  #constant(node: Node, position: number, value: unknown): unknown {
    return outgoing(value, () => this.#inputOf(node, { name: `argument ${position + 1}` }));
  }

  #inputOf({ slug, task }: Node, place: Pick<OutgoingUse, 'name' | 'mapIndex'>): OutgoingUse {
    const { check } = task!.settings;
    return { role: 'input', task: slug, check, ...place, ...this.#ofRun };
  }
}

/** The listener for lists of the user's own, of which everything is known. */
const nobody: ArrayListener = { started: () => {}, wants: () => false, settled: () => {} };

/** The last call of a sensor begins when its time is up, and may take as long as it waits between two calls. */
function longestCallMs({ settings: { timeoutMs, everyMs = 0 } }: Task): number | undefined {
  return timeoutMs === undefined ? undefined : Math.max(timeoutMs, everyMs);
}
