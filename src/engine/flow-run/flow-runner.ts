// Walks a flow: each node is submitted as soon as its length is known. With a mapped upstream that is at once, so a
// chain of maps waits for nothing; a list that a task returns has to be there first.

import type { Definition } from '../../lib/chunk.ts';
import { keepSpecimen } from '../../lib/specimens.ts';
import { Graph } from '../../flow/graph.ts';
import type { Node } from '../../flow/node.ts';
import { Parameter } from '../../flow/parameter.ts';
import { Resource } from '../../flow/resource.ts';
import type { State } from '../../flow/state.ts';
import type { Task } from '../../flow/task.ts';
import { isBuiltIn } from '../../code/registry.ts';
import { config } from '../../config/config.ts';
import { adviseToMap, alikeIn } from './alike.ts';
import { concluded, endedHere } from './ended-here.ts';
import type { ArrayListener, ArrayRequest, Session } from './executor.ts';
import { placingIn, type FlowPlacing } from './flow-placing.ts';
import { FlowResources } from './flow-resources.ts';
import { addressesIn } from './flow-code.ts';
import { blockOfState, blocksOf } from './literals.ts';
import { wantedOf } from './kept-values.ts';
import { isBoundAsBefore, isEndedAsBefore, keptOf, noneKept, type Kept } from './kept-outcomes.ts';
import type { Journal } from './journal.ts';
import { knownLength } from './mapped-over.ts';
import type { OutgoingUse } from '../outgoing.ts';
import { NodeRun, type Submitted } from './node-run.ts';
import { plansFor, type PlannedRun } from './plans.ts';
import { prepareTasks } from './prepared-tasks.ts';
import { areParametersApart, encodeParameters, encodePlan, sizeOf, type PlanParts } from '../plan.ts';
import { EndedBefore, nobody, nothingToRun, Wiring, type WiringFacts } from './wiring.ts';
import { failed } from '../failures.ts';

interface FlowRunnerFacts extends PlannedRun {
  /** Notes how far the run is, when it can be resumed. */
  readonly journal: Journal | undefined;
  /** What the builder of the flow returned. */
  readonly plan: unknown;
  readonly placing: FlowPlacing;
}

/** The states of a flow's nodes, while it runs and after. */
export class FlowRunner {
  readonly runs: ReadonlyMap<Node, NodeRun>;
  readonly resources: FlowResources;
  readonly #graph: Graph;
  readonly #facts: FlowRunnerFacts;
  readonly #addressOf: ReturnType<typeof addressesIn>;
  readonly #downstream: ReadonlyMap<Node, readonly Node[]>;
  /** These two are there once there are the means to run tasks. */
  #shared!: WiringFacts;
  #planOf!: ReturnType<typeof plansFor>;
  /** The array of the parameters, once it is submitted. */
  #parameters: number | undefined;

  constructor(graph: Graph, facts: FlowRunnerFacts) {
    this.#graph = graph;
    this.#facts = facts;
    this.#addressOf = addressesIn(graph, facts.result);
    this.resources = new FlowResources(graph);
    this.#downstream = graph.downstream();
    const wanted = wantedOf(graph, facts.plan);
    this.runs = new Map(Array.from(this.#downstream.keys(), (node) => [node, new NodeRun(node, wanted(node))]));
  }

  /** Takes the means to run tasks. Rejects when some task cannot be run by them at all, before any is. */
  async attach(session: Session): Promise<void> {
    const { runs, resources } = this;
    const { flowRunId, log, journal } = this.#facts;
    // What is written to a journal is read by other processes.
    const sharesMemory = session.sharesMemory && journal === undefined;
    const ofRun = { flowRunId, warn: (message: string) => log.logger.warn(message), sharesMemory };
    this.#shared = { runs, session, resources, ofRun };
    await resources.prepare(session);
    const prepared = await prepareTasks(this.#graph, session, ofRun);
    const alike = alikeIn(runs.keys());
    adviseToMap(alike, log.logger);
    this.#planOf = plansFor({ run: this.#facts, prepared, alike, sharesMemory });
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
    const destination = (): OutgoingUse => ({ role: 'parameter', name, check, ...this.#shared.ofRun });
    const given = blocksOf([value], { destination, limitBytes: limit * 2 ** 20 });
    this.#submitArray(run, { given, length: 1, isList: false, isUnchanged: true });
  }

  async #submitTask(run: NodeRun, task: Task): Promise<void> {
    const { node } = run;
    const wiring = new Wiring(node, this.#shared);
    await wiring.connect();
    const { length } = wiring;
    const { blocks, isUnchanged } = this.#keptOf(wiring);
    const plan = this.#planOf(wiring);
    this.#submitArray(run, {
      length,
      isList: node.isMapped,
      isUnchanged,
      ...(blocks.length > 0 && { given: blocks }),
      definition: this.#definition(wiring, plan),
      elementwise: wiring.elementwise.map(({ array }) => array),
      whole: [...wiring.whole.map(({ array }) => array), ...this.#apart(plan)],
      timeoutMs: longestCallMs(task),
      placing: placingIn(this.#facts.placing, task),
      code: this.#addressOf(task.reference),
      ...(node instanceof Resource && { resource: this.resources.keyOf(node) }),
    });
    this.#shared.session.seal(wiring.own);
    if (node instanceof Resource) void this.#releaseInTime(run);
  }

  #submitArray(
    run: NodeRun,
    { isList, isUnchanged = false, ...facts }: Omit<Submitted, 'kept'> & Partial<ArrayRequest>,
  ): void {
    const { length, definition, given = [] } = facts;
    const array = this.#shared.session.submit(
      { ...nothingToRun, name: run.node.slug, ...facts },
      this.#listenerFor(run),
    );
    run.submittedAs(array, { length, isList, kept: isUnchanged || definition !== undefined ? given : [], isUnchanged });
    void this.#sealInTime(run.node, array);
  }

  /** Seals an array as soon as all that may need it is submitted. */
  async #sealInTime(node: Node, array: number): Promise<void> {
    await this.#usersSubmitted(node);
    this.#shared.session.seal([array]);
  }

  /** Once all that uses a resource is submitted, it is needed until those are done. */
  async #releaseInTime(run: NodeRun): Promise<void> {
    await Promise.all([run.done, this.#usersSubmitted(run.node)]);
    this.#shared.session.release(await run.submitted);
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

  #keptOf(wiring: Wiring): Kept {
    const { journal, log } = this.#facts;
    const { node } = wiring;
    if (journal === undefined) return noneKept;
    // Our own tasks take no time, and their inputs may be of tasks whose results must not be stored.
    if (isBuiltIn(node.task!.reference)) return { blocks: [], isUnchanged: isBoundAsBefore(journal, wiring) };
    if (this.#journalFor(node) === undefined) return noneKept;
    return keptOf(journal, wiring, (message) => log.logger.warn(message));
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

  #definition(wiring: Wiring, plan: PlanParts): Definition {
    const definition = encodePlan(plan);
    const { valueLimitBytes } = wiring.node.task!.settings;
    if (sizeOf(definition) > valueLimitBytes) wiring.assertConstantsFit(valueLimitBytes);
    return definition;
  }

  /** The array of the parameters, where they are in no plan. */
  #apart({ flowRun }: PlanParts): readonly number[] {
    if (!areParametersApart(flowRun)) return [];
    if (this.#parameters === undefined) {
      // Arrays are asked for by name, and a task may be called parameters.
      const name = `parameters of flow '${flowRun.flow}'`;
      const request = { ...nothingToRun, name, length: 1, given: [encodeParameters(flowRun)] };
      this.#parameters = this.#shared.session.submit(request, nobody);
    }
    return [this.#parameters];
  }
}

/** The last call of a sensor begins when its time is up, and may take as long as it waits between two calls. */
function longestCallMs({ settings: { timeoutMs, everyMs = 0 } }: Task): number | undefined {
  return timeoutMs === undefined ? undefined : Math.max(timeoutMs, everyMs);
}

/** A flow of a parameter, a run of it that nobody started, and what a node of it is given. */
const example = new Graph('');
example.build(() => new Parameter('parameter'));
keepSpecimen(new FlowRunner(example, {} as FlowRunnerFacts));
keepSpecimen(new Wiring(example.nodes[0]!, {} as WiringFacts));
