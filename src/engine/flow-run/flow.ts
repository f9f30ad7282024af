import { toMilliseconds, type Duration } from '../../lib/duration.ts';
import { UsageError } from '../../lib/heddle-error.ts';
import type { LogRecord } from '../../lib/log-record.ts';
import { didYouMean } from '../../lib/nearest.ts';
import { once } from '../../lib/once.ts';
import { checkOptions, describe, rules } from '../../lib/options.ts';
import { register } from '../../code/registry.ts';
import { assertNotBuilding, Graph } from '../../flow/graph.ts';
import type { Node } from '../../flow/node.ts';
import { Parameter } from '../../flow/parameter.ts';
import { refuseResource } from '../../flow/resource.ts';
import type { State } from '../../flow/state.ts';
import { assertSendable, assertStorable, resultRule } from '../../flow/storing.ts';
import type { Task } from '../../flow/task.ts';
import type { Result } from '../../results/result.ts';
import { assertPlan } from './flow-plan.ts';
import type { Schedule } from '../../schedules/schedule.ts';
import { heldBack } from '../held.ts';
import { takeCommandLine, type CommandLineRun } from './command-line.ts';
import { defaultExecutor, type Executor } from './executor.ts';
import { flowPlacingOf, flowPlacingRules, type FlowPlacingOptions } from './flow-placing.ts';
import { flowRunIdRule } from './flow-run-id.ts';
import type { FlowRunRequest } from './flow-run.ts';
import { unreachable } from '../../lib/unreachable.ts';
import { FlowState } from './flow-state.ts';
import { readParameter } from './parameters.ts';
import type { ScheduledRun, Served } from './schedule-loop.ts';
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
 * A name for a flow run: a text, filled from `parameters`, `flowName`, `flowRunId` and `date`; or a function of them.
 */
export type FlowRunName =
  | string
  | ((run: {
      // oxlint-disable-next-line typescript/no-explicit-any -- read freely, as in a cluster factory
      readonly parameters: Readonly<Record<string, any>>;
      readonly flowName: string;
      readonly flowRunId: string;
      readonly date: Date;
    }) => string);

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

export interface FlowRunOptions extends FlowPlacingOptions {
  /** Values for the flow's parameters, by name. */
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** Instead of the flow's own. */
  readonly executor?: Executor;
  /** The run's name in the log, instead of the flow's own. */
  readonly flowRunName?: FlowRunName;
  /**
   * An id of your own, up to 100 characters. What is done is then noted on this machine, in `results.directory`: the
   * same run started again, also after its process was killed, does only what is missing.
   */
  readonly flowRunId?: string;
  /** Slugs of tasks that would be left `Paused`, by `triggers.manualOnly` or by `signals.PAUSE`, and may go on now. */
  readonly approve?: readonly string[];
  /** Cancels the run when it is aborted. */
  readonly signal?: AbortSignal;
  /** Secrets for this run, by name; they come before those of the environment and the configuration. */
  readonly secrets?: Readonly<Record<string, unknown>>;
  /** How long running functions are given to end by themselves after a cancel; `'5s'` by default. */
  readonly cancelGrace?: Duration;
  /** Gets each line of the run's log, instead of standard error. */
  readonly onLog?: (record: LogRecord) => void;
}

export interface ServeOptions<Plan = unknown> extends Omit<FlowRunOptions, 'flowRunId'> {
  /** Instead of the flow's own. */
  readonly schedule?: Schedule;
  /** Values for the flow's parameters; those of the schedule's clocks come first. */
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** Cancels the run that is under way, when it is aborted, and ends the loop. */
  readonly signal?: AbortSignal;
  /** Ends the loop after so many runs; without limit by default. */
  readonly maxRuns?: number;
  /** Called and waited for after each run. What it throws ends the loop. */
  readonly onRun?: (run: ScheduledRun<Plan>) => unknown;
}

const runName = {
  expected: "a text like 'load-{parameters.day}', or a function",
  holds: (value: unknown) => typeof value === 'function' || (typeof value === 'string' && value !== ''),
};
const executorRule = {
  expected: 'an executor, like new LocalExecutor() or new DistributedExecutor(() => cluster)',
  holds: isExecutor,
  elsewhere: ['taskRunner'],
};
const scheduleRule = {
  expected: 'a Schedule: new Schedule({ clocks: [clock] })',
  holds: (value: unknown) => typeof (value as Partial<Schedule> | null)?.next === 'function',
};
const flowRules = {
  executor: executorRule,
  schedule: scheduleRule,
  result: resultRule,
  flowRunName: runName,
  stateHandlers: {
    expected: 'an array of functions',
    holds: (value: unknown) => Array.isArray(value) && value.every((each) => typeof each === 'function'),
  },
  terminalStateHandler: rules.function,
  onFailure: rules.function,
  ...flowPlacingRules,
};
export interface TaskQuery {
  readonly name?: string;
  readonly tags?: readonly string[];
}

const queryRules = { name: rules.text, tags: rules.list };

export interface VisualizeOptions {
  /** `'svg'` by default. */
  readonly format?: 'svg' | 'dot' | 'mermaid';
  /** Of a finished run of this flow. */
  readonly state?: FlowState;
  /** From left to right, rather than from top to bottom. */
  readonly horizontal?: boolean;
}

const formats: readonly unknown[] = ['svg', 'dot', 'mermaid'];
const visualizeRules = {
  format: { expected: "'svg', 'dot' or 'mermaid'", holds: (value: unknown) => formats.includes(value) },
  state: { expected: 'the state of a run of this flow', holds: (value: unknown) => value instanceof FlowState },
  horizontal: rules.flag,
};

const runRules = {
  executor: executorRule,
  parameters: {
    expected: 'an object of values by parameter name',
    holds: isRecord,
    elsewhere: ['params', 'inputs', 'args'],
  },
  flowRunName: runName,
  flowRunId: { ...flowRunIdRule, elsewhere: ['runId'] },
  approve: rules.list,
  signal: { expected: 'an AbortSignal', holds: (value: unknown) => value instanceof AbortSignal },
  secrets: { expected: 'an object of secrets by name', holds: isRecord },
  cancelGrace: rules.anything,
  onLog: rules.function,
  ...flowPlacingRules,
};
const { flowRunId: _, ...everyRunRules } = runRules;
const serveRules = { ...everyRunRules, schedule: scheduleRule, maxRuns: rules.positiveCount, onRun: rules.function };

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
    if (typeof name !== 'string' || name === '') {
      throw new UsageError('INVALID_NAME', `a flow needs a name: new Flow('nightly', …); got ${describe(name)}`);
    }
    if (typeof builder !== 'function') {
      const message =
        `flow '${name}' needs a function that builds it: new Flow('${name}', () => …); got ` + describe(builder);
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
   * each task is coloured by how it ended. Rejects with `GRAPHVIZ_UNAVAILABLE` when the renderer cannot be loaded.
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
    const { schedule = this.settings.schedule, maxRuns, onRun, ...runOptions } = options;
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
      onRun: ended,
    });
  }

  #approved(slugs: readonly string[]): readonly string[] {
    for (const slug of slugs) {
      if (this.graph.bySlug(slug)?.task !== undefined) continue;
      const all = this.tasks().map((node) => node.slug);
      const known = `It has: ${all.join(', ')}.`;
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
  #withParameters(known: typeof everyRunRules) {
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
      return [name, readParameter(this.name, this.parameters.get(name), text)] as const;
    });
    return {
      ...rest,
      ...(flowRunId !== undefined && { flowRunId }),
      approve: this.#approved([...(options.approve ?? []), ...(commandLine?.approve ?? [])]),
      parameters: { ...parameters, ...Object.fromEntries(typed) },
      executor: commandLine?.executor ?? executor ?? this.#executor ?? defaultExecutor.make(),
      placing: flowPlacingOf(owner, tasks, [this.settings, options]),
      cancelGraceMs: toMilliseconds(cancelGrace, `option 'cancelGrace' of ${owner}`),
    };
  }
}

keepFromTravelling(
  Flow,
  "start it in a task: import it there, and call its run() (docs/tasks.md, 'A flow that a task starts')",
);

/** A cluster can be started too, but it is for the factory of an executor. */
function isExecutor(value: unknown): boolean {
  const { start, connect } = (value ?? {}) as { start?: unknown; connect?: unknown };
  return typeof start === 'function' && connect === undefined;
}

function isRecord(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
