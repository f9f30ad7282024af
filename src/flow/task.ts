import type { Code } from '../code/function-place.ts';
import { register, registerBuiltIn, type Reference } from '../code/registry.ts';
import { UsageError } from '../lib/heddle-error.ts';
import { assertName, checkOptions, describe } from '../lib/options.ts';
import { bindCall, bindMap, isElementwise } from './bindings.ts';
import { currentGraph } from './graph.ts';
import { isMapMark, Mapped, unmapped } from './node.ts';
import type { Arguments, Binding, MapArguments, MarkedArguments, Node, WithMapped } from './node.ts';
import type { Travelling } from '../values/type-check.ts';
import {
  copyOptionRules,
  isAllData,
  sensorCopyOptionRules,
  settingsOf,
  taskOptionRules,
  type TaskCopyOptions,
  type TaskOptions,
  type TaskSettings,
} from './settings.ts';
import { keepFromTravelling } from '../lib/own-classes.ts';

/** Any number of arguments of any type: what a class that names no types for its `run` is taken to accept. */
// oxlint-disable-next-line typescript/no-explicit-any -- `unknown` would make `class Count extends Task` uncallable
type AnyArguments = any[];

/** A user's own class may call its methods what it likes. */
const code = Symbol.for('heddle.code');
const parts = Symbol.for('heddle.parts');

/** What a task is made of: its function, or its class and what its constructors have put into it. */
export type TaskParts = { readonly options: TaskCopyOptions } & (
  | { readonly run: (...args: AnyArguments) => unknown }
  | { readonly class: Code; readonly fields: Readonly<Record<string, unknown>> }
);

/** A task is called like the function that it is; so what this constructs is a function, with the class's prototype. */
// oxlint-disable-next-line typescript/no-extraneous-class -- `new` is the point of it
class Callable {
  constructor() {
    const callable = (...args: unknown[]): Node => (callable as unknown as Task).node(args);
    return Object.setPrototypeOf(callable, new.target.prototype) as Callable;
  }
}
Object.setPrototypeOf(Callable.prototype, Function.prototype);

/**
 * A function as a part of flows. Made by `task(name, options?, function)`, or by a class that extends `Task` and has a
 * method `run`. Called inside a flow it adds a node there and runs nothing; to call the function itself, use `run`.
 */
// oxlint-disable-next-line typescript/no-unsafe-declaration-merging -- there is no other way to make instances callable
export abstract class Task<Args extends readonly unknown[] = AnyArguments, Result = unknown> extends Callable {
  /** The task's name, as in `task(name, …)`. */
  declare readonly name: string;
  readonly settings: TaskSettings;
  /** How a worker finds this very task. */
  readonly reference: Reference;
  readonly #options: TaskCopyOptions;

  /** `reference` is for those that a worker finds otherwise: copies through their original, and our own. */
  constructor(name: string, options: TaskCopyOptions = {}, reference?: Reference) {
    super();
    assertName(name, "a task needs a name: task('load', …)");
    Object.defineProperty(this, 'name', { value: name });
    this.settings = settingsOf(`task '${name}'`, options);
    this.#options = options;
    this.reference = reference ?? register(name, this);
  }

  abstract run(...args: Args): Result;

  /** What the user wrote of it: its function; or its class, and those between that and this one. */
  get [code](): readonly Code[] {
    return classesOf(this.constructor);
  }

  get [parts](): TaskParts {
    const { settings: _, reference: __, ...fields } = this as unknown as Record<string, unknown>;
    return { options: this.#options, class: this.constructor, fields };
  }

  /** From here on, a run that keeps something in its task throws. */
  freeze(): this {
    return Object.freeze(this);
  }

  /** Adds one run for each element of the mapped arguments; the node stands for the list of their results. */
  map(...args: MapArguments<Args>): Node<Awaited<Result>[]> {
    this.#assertArguments(args);
    return this.#addMapped(args) as Node<Awaited<Result>[]>;
  }

  /**
   * A copy of this task with other options; tags are added to those that it has. `upstreamTasks` are runs to wait for
   * without taking their values.
   */
  with(options: TaskCopyOptions): Task<Args, Result> {
    const isSensor = this.settings.everyMs !== undefined;
    checkOptions(`${this.name}.with()`, options, isSensor ? sensorCopyOptionRules : copyOptionRules);
    const tags = [...this.settings.tags, ...(options.tags ?? [])];
    return new TaskCopy(this, this.#options, { ...this.#options, ...options, tags });
  }

  /** What a call does; a method so that it can be reached from the function that a task is. */
  node(args: readonly unknown[]): Node {
    this.#assertArguments(args);
    if (args.some((argument) => argument instanceof Mapped)) {
      return this.#addMapped(args.map((argument) => (isMapMark(argument) ? argument : unmapped(argument))));
    }
    return this.#add({ bindings: bindCall(this.name, args), isMapped: false });
  }

  #addMapped(args: readonly unknown[]): Node {
    return this.#add({ bindings: bindMap(this.name, args, this.#options.upstreamTasks), isMapped: true });
  }

  #add({ bindings, isMapped }: { readonly bindings: readonly Binding[]; readonly isMapped: boolean }): Node {
    const remedy =
      `Call it inside the function given to new Flow(name, () => …), before anything is awaited there; or call ` +
      `${this.name}.run(), in a task too, to run the function itself.`;
    const graph = currentGraph(`task '${this.name}' was called`, remedy);
    this.#assertRunnable();
    if (!isMapped) this.#assertNoneMapped();
    const node = graph.addTask(this as unknown as Task, { bindings, isMapped, slug: this.settings.slug });
    for (const upstream of this.#options.upstreamTasks ?? []) {
      const upstreamNode = (isMapMark(upstream) ? upstream.value : upstream) as Node;
      graph.order(upstreamNode, node, { isElementwise: isMapped && isElementwise(upstream) });
    }
    return node;
  }

  #assertArguments(args: readonly unknown[]): void {
    for (const [position, argument] of args.entries()) {
      const value = isMapMark(argument) ? argument.value : argument;
      assertNoTask(value, `argument ${position + 1} of task '${this.name}'`);
    }
  }

  /** Only the compiler would know otherwise, before it runs. */
  #assertRunnable(): void {
    const { name, run } = this as { readonly name: string; readonly run: unknown };
    if (typeof run === 'function') return;
    const example = `class ${this.constructor.name} extends Task { run(input) { … } }`;
    const message = `task '${name}' needs a method run: ${example}; got ${describe(run)}`;
    throw new UsageError('INVALID_TASK', message, { task: name });
  }

  #assertNoneMapped(): void {
    if (!this.#options.upstreamTasks?.some((upstream) => upstream instanceof Mapped)) return;
    const { name } = this;
    const message =
      `one of the upstreamTasks of '${name}' is marked mapped(), so there would be a run of it for each element, but ` +
      `${name}() is called for one run. Write ${name}.map(…), or leave the mark out.`;
    throw new UsageError('NOT_MAPPED', message, { task: name });
  }
}

keepFromTravelling(Task, 'call it where the flow is made; or import it in the task that uses it, and call its run()');

/** Whoever forgets to call a task means what calling it gives. */
export function assertNoTask(value: unknown, what: string): void {
  if (!(value instanceof Task)) return;
  const message = `${what} is the task '${value.name}' itself, not a call of it. Write ${value.name}(…).`;
  throw new UsageError('NOT_A_NODE', message, { task: value.name });
}

/** A call signature cannot stand in a class, so it joins the class here. */
// oxlint-disable-next-line typescript/no-unsafe-declaration-merging -- there is no other way to make instances callable
export interface Task<Args extends readonly unknown[] = AnyArguments, Result = unknown> {
  <Given extends MarkedArguments<Args>>(...args: WithMapped<Given>): Node<Awaited<Result>[]>;
  (...args: Arguments<Args>): Node<Awaited<Result>>;
}

type TaskClass = abstract new <
  Args extends readonly unknown[] = AnyArguments,
  Result = unknown,
  Implementation = (...args: Args) => Result,
>(
  name: Travelling<Implementation, string>,
  options?: TaskCopyOptions,
) => Task<Args, Result>;

/** `Task` as it is extended by others: the compiler looks at what its `run` is said to take and to return. */
export const CheckedTask = Task as TaskClass;
export type CheckedTask<Args extends readonly unknown[] = AnyArguments, Result = unknown> = Task<Args, Result>;

/** A task of a function. With `every` among its options, it is a sensor. */
export class FunctionTask<Args extends readonly unknown[], Result> extends Task<Args, Result> {
  readonly #function: (...args: Args) => Result;

  constructor(
    name: string,
    options: TaskCopyOptions,
    implementation: (...args: Args) => Result,
    reference?: Reference,
  ) {
    super(name, options, reference);
    this.#function = implementation;
  }

  override get [code](): readonly Code[] {
    return [this.#function];
  }

  override get [parts](): TaskParts {
    return { options: super[parts].options, run: this.#function };
  }

  override run(...args: Args): Result {
    return this.#function(...args);
  }
}

/** A task of our own, which is there wherever this package is. What it hands on is stored by those who made it. */
export function builtInTask<Args extends readonly unknown[], Result>(
  name: string,
  implementation: (...args: Args) => Result,
  options?: TaskOptions,
): Task<Args, Result> {
  const ours = { checkpoint: false, ...options };
  return registerBuiltIn(name, (reference) => new FunctionTask(name, ours, implementation, reference));
}

class TaskCopy<Args extends readonly unknown[], Result> extends Task<Args, Result> {
  readonly #original: Task<Args, Result>;

  constructor(original: Task<Args, Result>, originalOptions: TaskOptions, options: TaskCopyOptions) {
    super(options.name ?? original.name, options, isAllData(options, originalOptions) ? original.reference : undefined);
    this.#original = original;
  }

  override get [code](): readonly Code[] {
    return this.#original[code];
  }

  override get [parts](): TaskParts {
    return { ...this.#original[parts], options: super[parts].options };
  }

  override run(...args: Args): Result {
    return this.#original.run(...args);
  }

  override freeze(): this {
    this.#original.freeze();
    return super.freeze();
  }
}

/** For those who read the user's code instead of calling it. */
export function codeOf(task: Task): readonly Code[] {
  return task[code];
}

/** For those who take a task apart, to put it together elsewhere. */
export function partsOf(task: Task): TaskParts {
  return task[parts];
}

/** A task of such parts. Of a class, no constructor is called but that of `Task`. */
export function taskOf(reference: Reference, made: TaskParts): Task {
  const { name } = reference;
  const { options } = made;
  if ('run' in made) return new FunctionTask(name, options, made.run, reference);
  return Object.assign(Reflect.construct(Task, [name, options, reference], made.class) as Task, made.fields);
}

function classesOf(first: Code): Code[] {
  const classes: Code[] = [];
  for (let each = first; each !== Task && typeof each === 'function'; each = Object.getPrototypeOf(each) as Code) {
    classes.push(each);
  }
  return classes;
}

/**
 * A function as its author wrote it. Next to one that takes something else, the first is no hint what its parameters
 * are: a default says it, as in any other function, and the compiler asks for it where nothing does.
 */
export type Written<Args extends readonly unknown[], Result> =
  | ((...args: Args) => Result)
  | ((...args: never[]) => never);

/**
 * Makes a task of a function: `task('load', { retries: 3 }, async (path: string) => …)`. Throws a `UsageError` for a
 * missing name or function, and for unknown or wrong options.
 */
export function task<Args extends readonly unknown[], Result, Implementation = Written<Args, Result>>(
  name: string,
  implementation: Implementation & Travelling<Implementation, Written<Args, Result>>,
): Task<Args, Result>;
export function task<Args extends readonly unknown[], Result, Implementation = Written<Args, Result>>(
  name: string,
  options: TaskOptions,
  implementation: Implementation & Travelling<Implementation, Written<Args, Result>>,
): Task<Args, Result>;
export function task<Args extends readonly unknown[], Result>(
  name: string,
  ...rest: [(...args: Args) => Result] | [TaskOptions, (...args: Args) => Result]
): Task<Args, Result> {
  const [options, implementation] = rest.length === 1 ? [{}, rest[0]] : rest;
  if (typeof name === 'function') {
    throw new UsageError('INVALID_TASK', "a task needs a name, before its function: task('name', (input) => …)");
  }
  if (typeof implementation !== 'function') {
    if (typeof options === 'function') {
      const message = `the options of task '${name}' come before its function: task('${name}', { … }, (input) => …)`;
      throw new UsageError('INVALID_TASK', message, { task: name });
    }
    const message = `task '${name}' needs a function: task('${name}', (input) => …); got ${describe(implementation)}`;
    throw new UsageError('INVALID_TASK', message, { task: name });
  }
  checkOptions(`task '${name}'`, options, taskOptionRules);
  return new FunctionTask(name, options, implementation);
}
