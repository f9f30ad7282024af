import { inspect } from 'node:util';
import { HeddleError, UsageError } from '../../lib/heddle-error.ts';
import { firstNames } from '../../lib/first-names.ts';
import { didYouMean } from '../../lib/nearest.ts';
import { keepFromTravelling } from '../../lib/own-classes.ts';
import { once } from '../../lib/once.ts';
import { describe } from '../../lib/options.ts';
import type { Graph } from '../../flow/graph.ts';
import { Node, type Opaque } from '../../flow/node.ts';
import { Resource } from '../../flow/resource.ts';
import { State, type StateDetails, type StateType } from '../../flow/state.ts';
import { Task } from '../../flow/task.ts';
import { isContainer } from './flow-plan.ts';
import type { NodeRun } from './node-run.ts';
import { timelineOf } from './timeline-of.ts';
import { bounded } from '../failures.ts';

/** The values of a plan of nodes: what a flow's builder returned, each node replaced by the type of its value. */
export type Output<Plan> =
  Plan extends Node<infer Value>
    ? Value
    : Plan extends Opaque
      ? Plan
      : Plan extends object
        ? { readonly [Key in keyof Plan]: Output<Plan[Key]> }
        : Plan;

/** How long a flow run took, and what it used. */
export interface FlowStatistics {
  /** From the call of `run` to the final state, in milliseconds. */
  readonly durationMs: number;
  /** Task runs that came to an end, children of mapped tasks included, parameters not. */
  readonly taskRuns: number;
  /** Those of them that were done already when this run was resumed (see `flowRunId`). */
  readonly keptTaskRuns: number;
  /** Those of them that this run tried again after a failure. */
  readonly retriedTaskRuns: number;
  /** When it started, in milliseconds since 1970. */
  readonly startedAt: number;
  /** The most workers, and threads of theirs, that were there at one time. */
  readonly workers: number;
  readonly threads: number;
}

export interface FlowOutcome<Plan> {
  readonly graph: Graph;
  readonly plan: Plan;
  readonly runs: ReadonlyMap<Node, NodeRun>;
  readonly flowRunId: string;
  /** Has the name of the run, which its last handlers may still change. */
  readonly log: { readonly flowRunName: string };
  readonly statistics: FlowStatistics;
}

/** How a flow run ended, and how each of its task runs did. */
export class FlowState<Plan = unknown> extends State<Output<Plan>> {
  readonly flowRunId: string;
  readonly statistics: FlowStatistics;
  readonly #outcome: FlowOutcome<Plan>;
  /** The parts of the output that were read, by what the builder returned in their place. It may hold itself. */
  readonly #copies = new Map<object, unknown>();

  constructor(
    type: StateType,
    message: string,
    details: Omit<StateDetails, 'result'> & { outcome: FlowOutcome<Plan> },
  ) {
    const { outcome, ...rest } = details;
    super(type, message, rest, { isSealed: false });
    this.flowRunId = outcome.flowRunId;
    this.statistics = Object.freeze(outcome.statistics);
    this.#outcome = outcome;
    Object.freeze(this);
  }

  get flowRunName(): string {
    return this.#outcome.log.flowRunName;
  }

  /**
   * The values of the nodes that the flow's builder returned, in the same shape, and the same at each reading. A value
   * is decoded when it is first read, and is the very one that the states of the tasks have; reading one whose task did
   * not succeed throws `OUTPUT_UNAVAILABLE`, with that task's error as its cause, or with that of the task that kept it
   * from running.
   */
  get output(): Output<Plan> {
    return this.#read(this.#outcome.plan) as Output<Plan>;
  }

  /** The output of a run that succeeded. JSON of the state leaves it out, as it does the states of the tasks. */
  override get result(): Output<Plan> | undefined {
    return this.isSuccessful() ? this.output : undefined;
  }

  /** One HTML file, complete in itself, that shows which worker ran what when, and what failed. */
  async timelineHtml(): Promise<string> {
    // Most runs are never looked at, and threads load this file too.
    const { timelineHtml } = await import('../../views/timeline.ts');
    const { flowRunName, statistics } = this;
    const { graph, runs } = this.#outcome;
    return timelineHtml(timelineOf(this, { flow: graph.flow, flowRunName, statistics, runs: [...runs.values()] }));
  }

  /**
   * The same run and outputs under the state that its handlers gave it, with all that was only of use while it ran left
   * out. `taken`: how long it took with them.
   */
  as({ type, message, error }: State, taken: Pick<FlowStatistics, 'durationMs'>): FlowState<Plan> {
    const log = { flowRunName: this.flowRunName };
    const outcome = { ...this.#outcome, log, statistics: { ...this.statistics, ...taken } };
    return stateWith<Plan>(type, message, { outcome, ...(error !== undefined && { error }) });
  }

  /** The state of one node, given the node or its slug. Throws `UNKNOWN_TASK` for one that is not of this flow. */
  of<Value>(node: Node<Value>): State<Value>;
  of(slug: string): State;
  of(which: Node | string): State {
    const { graph, runs } = this.#outcome;
    const node = typeof which === 'string' ? graph.bySlug(which) : which;
    const run = node === undefined ? undefined : runs.get(node);
    if (run !== undefined) return stateOf(run);
    const all = `has: ${firstNames(graph.slugs)}.`;
    // Only the compiler would notice.
    if (which instanceof Task) {
      const told =
        `'${which.name}' is a task, of which a flow may have several nodes: give state.of() the node that its call ` +
        `gave, or the slug. Flow '${graph.flow}' ${all}`;
      throw new UsageError('UNKNOWN_TASK', told, { flow: graph.flow, task: which.name });
    }
    const name = which instanceof Node ? which.slug : which;
    const slug = typeof name === 'string' ? name : describe(name);
    const message = `flow '${graph.flow}' has no task '${slug}'.${didYouMean(slug, graph.slugs)} It ${all}`;
    throw new UsageError('UNKNOWN_TASK', message, { flow: graph.flow, task: slug });
  }

  #read(plan: unknown): unknown {
    if (!(plan instanceof Node || isContainer(plan))) return plan;
    if (!this.#copies.has(plan)) this.#copies.set(plan, this.#copyOf(plan));
    return this.#copies.get(plan);
  }

  #copyOf(plan: object): unknown {
    if (plan instanceof Node) return this.#valueOf(plan);
    return lazily(plan, Array.isArray(plan) ? [] : {}, (part) => this.#read(part));
  }

  #valueOf(node: Node): unknown {
    const run = this.#outcome.runs.get(node)!;
    const { state } = run;
    if (state.isSuccessful() && !run.hasFailed && !run.isUnfinished) return state.result;
    const failures = (state.isSuccessful() ? run.children : [state]).filter((each) => !each.isSuccessful());
    const first = failures[0]!;
    const some = state.isSuccessful() ? `${failures.length} of ${run.length} runs of ` : '';
    const whole = `state.of('${node.slug}')`;
    const remedy = run.isList
      ? `${whole}.result has what its runs returned, and undefined for each that did not succeed.`
      : `Look at ${whole}.`;
    const isConsequence = first.type === 'TriggerFailed' && this.error !== undefined;
    const why = followed(bounded(first.message), isConsequence ? `state.message says why. ${remedy}` : remedy);
    const message = `this output is not there, since ${some}'${node.slug}' did not succeed: ${why}`;
    const cause = isConsequence ? this.error.cause : first.error;
    throw new HeddleError('OUTPUT_UNAVAILABLE', message, { task: node.slug, cause });
  }
}

keepFromTravelling(
  FlowState,
  'hand on what is needed of it, such as state.output, after a look at state.isSuccessful(): a flow that failed does ' +
    'not fail the task that started it',
);

/** A class that names itself within itself has another name once the package is built. */
function stateWith<Plan>(...parts: ConstructorParameters<typeof FlowState<Plan>>): FlowState<Plan> {
  return new FlowState(...parts);
}

/** A resource has no value outside of the task runs that use it. */
function stateOf({ node, state }: NodeRun): State {
  if (!(node instanceof Resource) || state.type !== 'Success') return state;
  return new State(state.type, 'All that its setup needs was there: each thread opens it when a task needs it.');
}

/** A message as a sentence of its own, or as paragraphs, with the remedy after it. */
function followed(message: string, remedy: string): string {
  if (message.includes('\n')) return `${message}\n${remedy}`;
  return `${message}${/[.!?]$/.test(message) ? '' : '.'} ${remedy}`;
}

/** A copy of `source` in which each part is read when it is first asked for. */
function lazily(source: object, copy: object, read: (part: unknown) => unknown): unknown {
  for (const [key, part] of Object.entries(source)) {
    const get = () => {
      const value = read(part);
      Object.defineProperty(copy, key, { value, enumerable: true });
      return value;
    };
    Object.defineProperty(copy, key, { get, enumerable: true, configurable: true });
  }
  // Printed with its values, not as getters; a value that cannot be read says so.
  Object.defineProperty(copy, inspect.custom, { value: once(() => printable(copy)) });
  return copy;
}

function printable(values: object): unknown {
  const entries = Object.keys(values).map((key) => {
    try {
      return [key, (values as Record<string, unknown>)[key]] as const;
    } catch (error) {
      return [key, new Unavailable(error)] as const;
    }
  });
  if (!entries.some(([, value]) => value instanceof Unavailable)) return values;
  return Array.isArray(values) ? entries.map(([, value]) => value) : Object.fromEntries(entries);
}

class Unavailable {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }

  [inspect.custom](): string {
    return `<${this.error instanceof Error ? this.error.message : String(this.error)}>`;
  }
}
