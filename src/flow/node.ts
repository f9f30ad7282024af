import { UsageError } from '../lib/heddle-error.ts';
import type { Graph } from './graph.ts';
import type { Task } from './task.ts';

declare const valueType: unique symbol;

/** Where an argument of a task run comes from. `each` ones give every child its own element, the others the same. */
export type Binding =
  | { readonly type: 'constant'; readonly value: unknown }
  | { readonly type: 'node'; readonly node: Node; readonly isFlattened: boolean }
  | { readonly type: 'each-constant'; readonly values: unknown; readonly isFlattened: boolean }
  | { readonly type: 'each-node'; readonly node: Node; readonly isFlattened: boolean };

/** An upstream run that is waited for without its value being passed on. */
export interface Ordering {
  readonly node: Node;
  /** Whether child i waits only for child i, or for the whole of the upstream. */
  readonly isElementwise: boolean;
}

export interface NodeFacts {
  readonly graph: Graph;
  readonly slug: string;
  readonly task: Task | undefined;
  readonly bindings: readonly Binding[];
  readonly isMapped: boolean;
}

/**
 * A task in a flow: a task run to be. It stands for a value of type `T` while the flow is built and may be passed to
 * other tasks; its value exists only when the flow runs.
 */
export class Node<T = unknown> {
  /** Carries the type; never set. */
  declare readonly [valueType]: T;
  /** Unique in the flow: the task's name, with a number from the second use on. */
  readonly slug: string;
  /** Absent for a parameter. */
  readonly task: Task | undefined;
  readonly bindings: readonly Binding[];
  readonly isMapped: boolean;
  readonly graph: Graph;

  constructor({ graph, slug, task, bindings, isMapped }: NodeFacts) {
    this.graph = graph;
    this.slug = slug;
    this.task = task;
    this.bindings = bindings;
    this.isMapped = isMapped;
  }

  /** This task run starts only when `upstream` is finished, and its trigger sees it. No value is passed. */
  setUpstream(upstream: Node): this {
    this.graph.order(upstream, this);
    return this;
  }

  /** `downstream` starts only when this task run is finished. The same as `downstream.setUpstream(this)`. */
  setDownstream(downstream: Node): this {
    this.graph.order(this, downstream);
    return this;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return `<Node ${this.slug}>`;
  }
}

// A node looks like its value to the eye of the author, so the ways to take it for one say what to do instead.
for (const method of [Symbol.iterator, Symbol.toPrimitive, 'toJSON']) {
  Object.defineProperty(Node.prototype, method, {
    value(this: Node): never {
      throw new UsageError(
        'NODE_HAS_NO_VALUE',
        `'${this.slug}' has no value yet: the flow is only being built. Pass the node to a task, and work with the ` +
          `value inside of it.`,
        { node: this.slug },
      );
    },
  });
}

/** Marks an argument of `.map` that every child gets whole. */
export class Unmapped<T = unknown> {
  declare readonly [valueType]: T;
  readonly value: unknown;

  constructor(value: unknown) {
    this.value = value;
  }
}

/** Marks a list of lists that is taken as one list: mapped over in `.map`, passed as one list in a call. */
export class Flattened<T = unknown> {
  declare readonly [valueType]: T;
  readonly value: unknown;

  constructor(value: unknown) {
    this.value = value;
  }
}

/** Gives every child of a mapped task this whole value, rather than one element of it. */
export function unmapped<T>(value: Node<T>): Unmapped<T>;
export function unmapped<T>(value: T): Unmapped<T>;
export function unmapped(value: unknown): Unmapped {
  return new Unmapped(value);
}

/** Takes away one level of nesting: maps over the elements of the lists, not over the lists. */
export function flatten<T>(value: Node<Iterable<Iterable<T>>> | Iterable<Iterable<T>>): Flattened<T> {
  return new Flattened(value);
}

/** What may stand for an argument of type `T` in a call: the value, or a node of it. */
export type Argument<T> = T | Node<T> | (T extends readonly (infer Element)[] ? Flattened<Element> : never);

/** What may stand for an argument of type `T` in a `.map`: a list of them, a node of a list, or one for all. */
export type MapArgument<T> = Iterable<T> | Node<Iterable<T>> | Unmapped<T> | Flattened<T>;

export type Arguments<Args extends readonly unknown[]> = { [Key in keyof Args]: Argument<Args[Key]> };
export type MapArguments<Args extends readonly unknown[]> = { [Key in keyof Args]: MapArgument<Args[Key]> };
