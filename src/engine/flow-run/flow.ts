import { toMilliseconds } from '../../lib/duration.ts';
import { UsageError } from '../../lib/heddle-error.ts';
import { firstNames } from '../../lib/first-names.ts';
import { didYouMean } from '../../lib/nearest.ts';
import { once } from '../../lib/once.ts';
import { assertName, checkOptions, describe } from '../../lib/options.ts';
import { register } from '../../code/registry.ts';
import { assertNotBuilding, Graph } from '../../flow/graph.ts';
import type { Node } from '../../flow/node.ts';
import { Parameter } from '../../flow/parameter.ts';
import { refuseResource } from '../../flow/resource.ts';
import { assertSendable, assertStorable } from '../../flow/storing.ts';
import type { State } from '../../flow/state.ts';
import type { Task } from '../../flow/task.ts';
import type { Result } from '../../results/result.ts';
import type { Schedule } from '../../schedules/schedule.ts';
import { assertPlan } from './flow-plan.ts';
import { heldBack } from '../held.ts';
import { takeCommandLine, type CommandLineRun } from './command-line.ts';
import { defaultExecutor, type Executor } from './executor.ts';
import {
  flowRules,
  queryRules,
  runRules,
  scheduleRule,
  serveRules,
  visualizeRules,
  type FlowRunName,
  type FlowRunOptions,
  type FlowRunRequest,
  type ScheduledRun,
  type Served,
  type ServeOptions,
  type TaskQuery,
  type VisualizeOptions,
} from './flow-options.ts';
import { flowPlacingOf, type FlowPlacingOptions } from './flow-placing.ts';
import { unreachable } from '../../lib/unreachable.ts';
import type { FlowState } from './flow-state.ts';
import { readParameter } from './parameters.ts';
import { keepFromTravelling } from '../../lib/own-classes.ts';

export interface FlowOptions extends FlowPlacingOptions {
  /** Where tasks run; on this thread, one after the other, by default. */
  readonly executor?: Executor;
  /** When `serve()` runs it; `run()` runs it at once all the same. */
  readonly schedule?: Schedule;
  /** Where the results of its tasks are stored, each as soon as it is there; nowhere by default. */
  readonly result?: Result;
  /** What runs are called: a text like `'load-{parameters.day}'`, or a function. */
  readonly flowRunName?: FlowRunName;
  /** Called in order when a run starts and when it ends, where the flow was started; each may return another state. */
  readonly stateHandlers?: readonly FlowStateHandler[];
  /** Called with the state that the tasks come to, before the other handlers; may return another one. */
  readonly terminalStateHandler?: (end: {
    readonly flow: Flow;
    readonly state: State;
    readonly referenceStates: readonly State[];
  }) => State | void | Promise<State | void>;
  /** Called when a run has failed. */
  readonly onFailure?: (failure: { readonly flow: Flow; readonly state: State }) => unknown;
}

/**
 * Sees a flow run start (`Pending` to `Running`) and end, and may return another state in its place; at the start, any
 * but `Running` ends the run before a task runs. What it throws makes the run `Failed`; a signal makes it that signal's
 * state. `context` is that of the flow run.
 */
export type FlowStateHandler = (change: {
  readonly flow: Flow;
  readonly from: State;
  readonly to: State;
}) => State | void | Promise<State | void>;

// What only runs need is much to load, and threads that import a flow to find its tasks need none of it.
const flowRuns = once(() => import('./flow-run.ts'));

/** Tasks and what they wait for, built once and run as often as wanted. */
export class Flow<Plan = unknown> {
  readonly name: string;
  readonly graph: Graph;
  /** What the builder returned. */
  readonly plan: Plan;
  /** The options that say how runs are named and watched. */
  readonly settings: Omit<FlowOptions, 'executor' | 'stateHandlers'> & Required<Pick<FlowOptions, 'stateHandlers'>>;
  readonly #executor: Executor | undefined;
  #referenceTasks: readonly Node[] = [];

  /** `builder` is called at once. Tasks that it calls and parameters that it makes become this flow's. */
  constructor(name: string, options: FlowOptions, builder: () => Plan);
  constructor(name: string, builder: () => Plan);
  constructor(name: string, ...rest: [FlowOptions, () => Plan] | [() => Plan]) {
    const [options, builder] = rest.length === 1 ? [{}, rest[0]] : rest;
    assertName(name, `a flow needs a name: new Flow('nightly', …)`);
    if (typeof builder !== 'function') {
      const message =
        typeof options === 'function'
          ? `the options of flow '${name}' come before the function that builds it: new Flow('${name}', { … }, () => …)`
          : `flow '${name}' needs a function that builds it: new Flow('${name}', () => …); got ${describe(builder)}`;
      throw new UsageError('INVALID_FLOW', message, { flow: name });
    }
    if (builder.length > 0) {
      const remedy = `Make parameters in it: const x = new Parameter('x')`;
      const message = `the function that builds flow '${name}' is called without arguments. ${remedy}`;
      throw new UsageError('INVALID_FLOW', message, { flow: name });
    }
    checkOptions(`flow '${name}'`, options, flowRules);
    this.name = name;
    const { executor, stateHandlers = [], ...settings } = options;
    this.#executor = executor;
    this.settings = { ...settings, stateHandlers };
    this.graph = new Graph(name);
    if (options.result !== undefined) assertSendable(options.result);
    this.plan = this.#build(builder);
    assertPlan(this.graph, this.plan);
    register(`flow ${name}`, this);
  }

  /** The parameters, by name. */
  get parameters(): ReadonlyMap<string, Parameter> {
    const parameters = this.graph.nodes.filter((node) => node instanceof Parameter);
    return new Map(parameters.map((parameter) => [parameter.name, parameter]));
  }

  /** The nodes of tasks, those of one name or with all of some tags when that is asked for. */
  tasks(which: TaskQuery = {}): readonly Node[] {
    checkOptions(`${this.name}.tasks()`, which, queryRules);
    const { name, tags = [] } = which;
    return this.graph.nodes.filter(({ task }) => {
      if (task === undefined || (name !== undefined && task.name !== name)) return false;
      return tags.every((tag) => task.settings.tags.includes(tag));
    });
  }

  /** The nodes that decide the state of a run: those that were set, or all that nothing waits for. */
  get referenceTasks(): readonly Node[] {
    return this.#referenceTasks.length > 0 ? this.#referenceTasks : this.graph.terminals();
  }

  /** Lets these nodes decide the state of a run; an empty list is the default again. Throws for other flows' nodes. */
  setReferenceTasks(nodes: readonly Node[]): this {
    if (!Array.isArray(nodes)) {
      const owner = `${this.name}.setReferenceTasks()`;
      throw new UsageError('INVALID_OPTION', `${owner} takes an array of nodes; got ${describe(nodes)}`, { owner });
    }
    for (const node of nodes) this.graph.assertOwn(node, 'a reference task');
    for (const node of nodes) refuseResource(node, `a reference task of flow '${this.name}'`);
    this.#referenceTasks = [...nodes];
    return this;
  }

  /** Adds a task without arguments, as a call inside the builder would. */
  addTask<Result>(task: Task<[], Result>): Node<Awaited<Result>> {
    return this.#build(() => task());
  }

  /** Makes `downstream` wait for `upstream`. */
  addEdge(upstream: Node, downstream: Node): this {
    this.graph.order(upstream, downstream);
    return this;
  }

  /**
   * The flow as a picture: SVG by default, or the text that Graphviz or Mermaid makes one of. With the state of a run,
   * each task is coloured by how it ended. An SVG of thousands of tasks takes seconds, in which nothing else happens.
   * Rejects with `GRAPHVIZ_UNAVAILABLE` when the renderer cannot be loaded.
   */
  async visualize(options: VisualizeOptions = {}): Promise<string> {
    checkOptions(`${this.name}.visualize()`, options, visualizeRules);
    const { format = 'svg', state, horizontal } = options;
    const picture = { horizontal, ...(state && { stateOf: (node: Node) => state.of(node) }) };
    switch (format) {
      case 'dot':
        return (await import('../../views/dot.ts')).toDot(this.graph, picture);
      case 'mermaid':
        return (await import('../../views/mermaid.ts')).toMermaid(this.graph, picture);
      case 'svg':
        return await (await import('../../views/svg.ts')).toSvg(this.graph, picture);
      default:
        return unreachable(format);
    }
  }

  /**
   * Runs the flow, and resolves with its final state, however its tasks ended. Rejects when it could not be started:
   * for parameters that do not fit, and for what the executor says. While a worker imports the flow's file to find its
   * tasks, this promise never settles, so a file needs no guard around its top-level run.
   */
  async run(options: FlowRunOptions = {}): Promise<FlowState<Plan>> {
    checkOptions(`${this.name}.run()`, options, this.#withParameters(runRules));
    assertNotBuilding(`${this.name}.run()`);
    const held = heldBack('run of a flow');
    if (held !== undefined) return await held;
    const commandLine = this.#takeCommandLine();
    const { carryOut } = await flowRuns();
    const state = await carryOut(this, this.#request(`${this.name}.run()`, options, commandLine));
    commandLine?.ended(state);
    return state;
  }

  /**
   * Runs the flow at the times of its schedule, one run after the other, until the schedule has no more of them, or
   * `signal` or Ctrl-C ends it. A run that fails, or cannot start, is logged, and the next one takes place all the
   * same. What becomes due while a run goes on is missed, and not made up for. Rejects with `SCHEDULE_EXHAUSTED` when
   * no time is left at all, and at once when the parameters of the first run do not fit. As with `run()`, this promise
   * never settles while a worker imports the flow's file.
   */
  async serve(options: ServeOptions<Plan> = {}): Promise<Served> {
    const owner = `${this.name}.serve()`;
    checkOptions(owner, options, this.#withParameters(serveRules));
    assertNotBuilding(owner);
    const { schedule = this.settings.schedule, maxRuns, onRun, flowRunId: idOf, ...runOptions } = options;
    if (schedule === undefined) {
      const message = `${owner} needs option 'schedule', ${scheduleRule.expected}, there or of the flow itself`;
      throw new UsageError('INVALID_OPTION', message, { owner, option: 'schedule' });
    }
    const held = heldBack('run of a flow');
    if (held !== undefined) return await held;
    const commandLine = this.#takeCommandLine();
    if (commandLine?.flowRunId !== undefined) {
      const all = `so they cannot all be run '${commandLine.flowRunId}'. Leave --run-id out.`;
      const message = `${owner} has a run for each time of its schedule, ${all}`;
      throw new UsageError('INVALID_OPTION', message, { owner, option: 'flowRunId' });
    }
    const ended = async (run: ScheduledRun<Plan>): Promise<void> => {
      if (run.state !== undefined) commandLine?.ended(run.state);
      await onRun?.(run);
    };
    const { followSchedule } = await import('./schedule-loop.ts');
    return await followSchedule(this, {
      schedule,
      run: this.#request(owner, runOptions, commandLine),
      maxRuns,
      idOf,
      onRun: ended,
    });
  }

  #approved(slugs: readonly string[]): readonly string[] {
    for (const slug of slugs) {
      if (this.graph.bySlug(slug)?.task !== undefined) continue;
      const all = this.tasks().map((node) => node.slug);
      const known = `It has: ${firstNames(all)}.`;
      const message = `flow '${this.name}' has no task '${slug}' to approve.${didYouMean(slug, all)} ${known}`;
      throw new UsageError('UNKNOWN_TASK', message, { flow: this.name, task: slug });
    }
    return slugs;
  }

  #build<Built>(builder: () => Built): Built {
    const built = this.graph.build(builder);
    const parameters = [...this.parameters.keys()];
    for (const node of this.graph.nodes) assertStorable(node, parameters);
    return built;
  }

  /** They are often written beside `parameters`. */
  #withParameters<Rules extends Pick<typeof runRules, 'parameters'>>(known: Rules) {
    return { ...known, parameters: { ...known.parameters, members: [...this.parameters.keys()] } };
  }

  #takeCommandLine(): CommandLineRun | undefined {
    const commandLine = takeCommandLine();
    if (commandLine?.flow !== undefined && commandLine.flow !== this.name) {
      const remedy = 'Leave --flow out, or let the file only export.';
      const message = `the file runs flow '${this.name}' itself, not '${commandLine.flow}'. ${remedy}`;
      throw new UsageError('NO_FLOW', message, { flow: commandLine.flow });
    }
    return commandLine;
  }

  /** What the options come to, with what the command line says before them. */
  #request(owner: string, options: FlowRunOptions, commandLine: CommandLineRun | undefined): FlowRunRequest {
    const { parameters = {}, executor, cancelGrace = '5s', priority: _, limits: __, ...rest } = options;
    const tasks = this.tasks().map(({ task }) => task!);
    const flowRunId = commandLine?.flowRunId ?? options.flowRunId;
    const typed = Object.entries(commandLine?.parameters ?? {}).map(([name, text]) => {
      return [name, readParameter(this.parameters.get(name), text)] as const;
    });
    return {
      ...rest,
      ...(flowRunId !== undefined && { flowRunId }),
      approve: this.#approved([...(options.approve ?? []), ...(commandLine?.approve ?? [])]),
      parameters: { ...parameters, ...Object.fromEntries(typed) },
      executor: commandLine?.executor ?? executor ?? this.#executor ?? defaultExecutor.make(),
      placing: flowPlacingOf([`flow '${this.name}'`, owner], tasks, [this.settings, options]),
      cancelGraceMs: toMilliseconds(cancelGrace, `option 'cancelGrace' of ${owner}`),
    };
  }
}

keepFromTravelling(
  Flow,
  "start it in a task: import it there, and call its run() (docs/tasks.md, 'A flow that a task starts')",
);
