import { toMilliseconds, type Duration } from '../lib/duration.ts';
import { UsageError } from '../lib/heddle-error.ts';
import type { LogRecord } from '../lib/log-record.ts';
import { checkOptions, describe, rules } from '../lib/options.ts';
import { holdRun, isImportingForTasks } from '../code/load.ts';
import { register } from '../code/registry.ts';
import { Graph } from '../flow/graph.ts';
import type { Node } from '../flow/node.ts';
import { Parameter } from '../flow/parameter.ts';
import type { Task } from '../flow/task.ts';
import { isInTaskRun } from './context.ts';
import { takeCommandLine } from './command-line.ts';
import { defaultExecutor, type Executor } from './executor.ts';
import { carryOut } from './flow-run.ts';
import type { FlowState } from './flow-state.ts';
import { readParameter } from './parameters.ts';

export interface FlowOptions {
  /** Where tasks run; on this thread, one after the other, by default. */
  readonly executor?: Executor;
}

export interface FlowRunOptions {
  /** Values for the flow's parameters, by name. */
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** Instead of the flow's own. */
  readonly executor?: Executor;
  /** The run's name in the log; two words and a number by default. */
  readonly flowRunName?: string;
  /** Cancels the run when it is aborted. */
  readonly signal?: AbortSignal;
  /** How long running functions are given to end by themselves after a cancel; `'5s'` by default. */
  readonly cancelGrace?: Duration;
  /** Gets each line of the run's log, instead of standard error. */
  readonly onLog?: (record: LogRecord) => void;
}

const flowRules = { executor: { expected: 'an executor, like new LocalExecutor()', holds: isExecutor } };
const runRules = {
  ...flowRules,
  parameters: {
    expected: 'an object of values by parameter name',
    holds: (value: unknown) => typeof value === 'object',
  },
  flowRunName: rules.text,
  signal: { expected: 'an AbortSignal', holds: (value: unknown) => value instanceof AbortSignal },
  cancelGrace: rules.anything,
  onLog: rules.function,
};

/** Tasks and what they wait for, built once and run as often as wanted. */
export class Flow<Plan = unknown> {
  readonly name: string;
  readonly graph: Graph;
  /** What the builder returned. */
  readonly plan: Plan;
  readonly #executor: Executor | undefined;

  /** `builder` is called at once. Tasks that it calls and parameters that it makes become this flow's. */
  constructor(name: string, options: FlowOptions, builder: () => Plan);
  constructor(name: string, builder: () => Plan);
  constructor(name: string, ...rest: [FlowOptions, () => Plan] | [() => Plan]) {
    const [options, builder] = rest.length === 1 ? [{}, rest[0]] : rest;
    if (typeof name !== 'string' || name === '') {
      throw new UsageError('INVALID_NAME', `a flow needs a name: new Flow('nightly', …); got ${describe(name)}`);
    }
    if (typeof builder !== 'function') {
      const message = `flow '${name}' needs a function that builds it: new Flow('${name}', () => …); got ${describe(builder)}`;
      throw new UsageError('INVALID_FLOW', message, { flow: name });
    }
    checkOptions(`flow '${name}'`, options, flowRules);
    this.name = name;
    this.#executor = options.executor;
    this.graph = new Graph(name);
    this.plan = this.graph.build(builder);
    register(`flow ${name}`, this);
  }

  /** The parameters, by name. */
  get parameters(): ReadonlyMap<string, Parameter> {
    const parameters = this.graph.nodes.filter((node) => node instanceof Parameter);
    return new Map(parameters.map((parameter) => [parameter.name, parameter]));
  }

  /** Adds a task without arguments, as a call inside the builder would. */
  addTask<Result>(task: Task<[], Result>): Node<Awaited<Result>> {
    return this.graph.build(() => task());
  }

  /** Makes `downstream` wait for `upstream`. */
  addEdge(upstream: Node, downstream: Node): this {
    this.graph.order(upstream, downstream);
    return this;
  }

  /**
   * Runs the flow, and resolves with its final state, however its tasks ended. Rejects when it could not be started: for
   * parameters that do not fit, and for what the executor says. While a worker imports the flow's file to find its
   * tasks, this promise never settles, so a file needs no guard around its top-level run.
   */
  async run(options: FlowRunOptions = {}): Promise<FlowState<Plan>> {
    checkOptions(`${this.name}.run()`, options, runRules);
    if (isImportingForTasks() && !isInTaskRun()) return await holdRun();
    const commandLine = takeCommandLine();
    const { parameters = {}, executor, cancelGrace = '5s', ...rest } = options;
    const typed = Object.entries(commandLine?.parameters ?? {}).map(([name, text]) => {
      return [name, readParameter(this.name, this.parameters.get(name), text)] as const;
    });
    const state = await carryOut(this, {
      ...rest,
      parameters: { ...parameters, ...Object.fromEntries(typed) },
      executor: commandLine?.executor ?? executor ?? this.#executor ?? defaultExecutor.make(),
      cancelGraceMs: toMilliseconds(cancelGrace, `option 'cancelGrace' of ${this.name}.run()`),
    });
    commandLine?.ended(state);
    return state;
  }
}

function isExecutor(value: unknown): boolean {
  return typeof (value as Partial<Executor> | null)?.start === 'function';
}
