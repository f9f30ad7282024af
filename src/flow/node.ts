import { UsageError } from '../lib/heddle-error.ts';
import { didYouMean } from '../lib/nearest.ts';
import { describe } from '../lib/options.ts';
import type { Graph } from './graph.ts';
import type { Givable, IfGivable } from '../values/type-check.ts';
import type { Resource } from './resource.ts';
import type { Task } from './task.ts';
import { keepFromTravelling } from '../lib/own-classes.ts';

declare const valueType: unique symbol;
/** Tells the marks apart for the compiler, to which they would look alike. */
declare const markType: unique symbol;

/** Where an argument of a task run comes from. `each` ones give every child its own element, the others the same. */
export type Binding =
  | { readonly type: 'constant'; readonly value: unknown }
  | ({ readonly type: 'node' } & Source)
  /** What the task run is given is opened where it runs. */
  | { readonly type: 'resource'; readonly node: Resource }
  /** A value with nodes in it: `template` has gaps in their places. */
  | {
      readonly type: 'filled';
      readonly template: unknown;
      readonly gaps: readonly Gap[];
      readonly isFlattened: boolean;
    }
  | { readonly type: 'each-constant'; readonly values: readonly unknown[]; readonly isFlattened: boolean }
  | ({ readonly type: 'each-node' } & Source);

/** A node whose value is used. */
interface Source {
  readonly node: Node;
  readonly isFlattened: boolean;
  /** Whether it arrives as `[value]`, or as `undefined` when it was skipped, so that the two can be told apart. */
  readonly isBoxed?: true;
}

/** A place inside a value that a node's value is put into: the keys that lead there. */
export interface Gap extends Source {
  readonly path: readonly (string | number)[];
}

/** The nodes whose values make an argument. */
export function nodesOf(binding: Binding): readonly Node[] {
  if (binding.type === 'filled') return binding.gaps.map(({ node }) => node);
  return 'node' in binding ? [binding.node] : [];
}

/** An upstream run that is waited for without its value being passed on. */
export interface Ordering {
  readonly node: Node;
  /** Whether child i waits only for child i, or for the whole of the upstream. */
  readonly isElementwise: boolean;
  /** Present when this is the gate of the branch that the run is in: closed, it ends the run whatever its trigger. */
  readonly isGate?: true;
}

export interface NodeFacts {
  readonly graph: Graph;
  readonly slug: string;
  readonly task: Task | undefined;
  readonly bindings: readonly Binding[];
  readonly isMapped: boolean;
}

/** What is spread, or gone through, is read member by member. */
const members = '[members]';
const whenRead: PropertyDescriptor = {
  enumerable: true,
  get(this: Node): undefined {
    if (isInBuilder(this)) throw wasTakenApart(this);
  },
};

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
    Object.defineProperty(this, members, whenRead);
  }

  /** This task run starts only when `upstream` are finished, and its trigger sees them. No value is passed. */
  setUpstream(upstream: Node, ...more: readonly Node[]): this {
    for (const node of [upstream, ...more]) this.graph.order(node, this);
    return this;
  }

  /** `downstream` start only when this task run is finished. The same as `setUpstream(this)` of each of them. */
  setDownstream(downstream: Node, ...more: readonly Node[]): this {
    for (const node of [downstream, ...more]) this.graph.order(this, node);
    return this;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return `<Node ${this.slug}>`;
  }
}

keepFromTravelling(
  Node,
  'give it to a task where the flow is made, as an argument or in a plain object or list: the task gets its value',
);

// A node looks like its value to the eye of the author, so the ways to take it for one say what to do instead.
for (const method of [Symbol.iterator, Symbol.toPrimitive, 'toJSON']) {
  Object.defineProperty(Node.prototype, method, {
    value(this: Node): never {
      throw hasNoValue(this);
    },
  });
}

/** What others read of any object, to find out what they have before them: promises, Node, and the tools of tests. */
const asked = /^(?:then|href|asymmetricMatch|nodeType|tagName|inspect|\$\$typeof|@@.*)$/;

/** Asked only for what neither a node nor its classes have. Who takes a node for its value does that in a builder. */
const nothingElse: ProxyHandler<object> = {
  get(ordinary, key, node: Node) {
    const isMistake = typeof key === 'string' && !(key in ordinary) && !asked.test(key) && isInBuilder(node);
    if (isMistake) throw hasNoValue(node, key);
    return Reflect.get(ordinary, key, node) as unknown;
  },
};
Object.setPrototypeOf(Node.prototype, new Proxy({}, nothingElse));

/** The prototype is asked too, and is no node. */
function isInBuilder(node: Node): boolean {
  return Object.hasOwn(node, 'graph') && node.graph.isBeingBuilt;
}

function hasNoValue({ slug }: Node, property?: string): UsageError {
  const so = property === undefined ? '' : `, so there is no '${property}' to read of it`;
  const meant = property === undefined ? '' : didYouMean(property, ['setUpstream', 'setDownstream']);
  const what =
    meant === ''
      ? `'${slug}' is a node and has no value itself${so}`
      : `'${slug}' is a node and has no '${property}'.${meant} It has no value itself`;
  const message =
    `${what}: it stands for what there will be when the flow runs. Pass it to a task, and work with the value inside ` +
    `of that. A task is mapped over it by task.map(it), and ifElse() and switchCase() choose by it.`;
  return new UsageError('NODE_HAS_NO_VALUE', message, { node: slug, ...(property !== undefined && { property }) });
}

function wasTakenApart({ slug }: Node): UsageError {
  const message =
    `'${slug}' is a node and was taken apart, as { ...it } and Object.entries(it) do, but the members of its value ` +
    `are known only when the flow runs. Use it whole, as an argument or inside of one, or make the object in a task ` +
    `that is given it.`;
  return new UsageError('NODE_HAS_NO_VALUE', message, { node: slug });
}

/** A task is easily taken for a node of it, and only the compiler would know. */
export function assertNode(value: unknown, what: string): asserts value is Node {
  if (value instanceof Node) return;
  const got = describe(value);
  const spread = got.startsWith('an array') ? ' Spread it: ...list.' : '';
  const remedy = typeof value === 'function' ? ` Write ${value.name || 'task'}(…).` : spread;
  const message = `${what} should be a node, which is what calling a task gives; got ${got}.${remedy}`;
  throw new UsageError('NOT_A_NODE', message);
}

/** What is said of an argument, around its value. */
class Mark<T, Name extends string> {
  declare readonly [valueType]: T;
  declare readonly [markType]: Name;
  readonly value: unknown;

  constructor(value: unknown) {
    this.value = value;
  }
}

/** Marks an argument that every child gets whole. */
export class Unmapped<T = unknown> extends Mark<T, 'unmapped'> {}

/** Marks an argument of a call of which every child gets its own element. */
export class Mapped<T = unknown> extends Mark<T, 'mapped'> {}

/** Marks a list of lists that is taken as one list: mapped over in `.map`, passed as one list in a call. */
export class Flattened<T = unknown> extends Mark<T, 'flattened'> {}

const marks = [Unmapped, Mapped, Flattened] as const;

export function isMark(value: unknown): value is Unmapped | Mapped | Flattened {
  return marks.some((mark) => value instanceof mark);
}

/** Whether it says which part of an argument each child of a mapped task is given. */
export function isMapMark(value: unknown): value is Unmapped | Mapped {
  return value instanceof Unmapped || value instanceof Mapped;
}

for (const mark of marks) {
  keepFromTravelling(mark, 'give it to a task where the flow is made, as an argument of its own');
}

/** Gives every child of a mapped task this whole value, rather than one element of it. */
export function unmapped<T>(value: Resource<T>): Unmapped<Resource<T>>;
export function unmapped<T>(value: Node<T>): Unmapped<T>;
export function unmapped<T>(value: T): Unmapped<T>;
export function unmapped(value: unknown): Unmapped {
  assertNotMarked('unmapped', value);
  return new Unmapped(value);
}

/** In a call, maps over this list and gives the others whole: `t(mapped(xs), y)` is `t.map(xs, unmapped(y))`. */
export function mapped<T>(value: Node<Iterable<T> & object> | (Iterable<T> & object) | Flattened<T>): Mapped<T> {
  assertNotMarked('mapped', value);
  return new Mapped(value);
}

/** Takes away one level of nesting: maps over the elements of the lists, not over the lists. */
export function flatten<T>(value: Mapped<Iterable<T>>): Mapped<T>;
export function flatten<T>(value: Lists<T>): Flattened<T>;
export function flatten(value: unknown): Mapped | Unmapped | Flattened {
  // Marks may be put around each other in any order; from here on the flattening is the inner one.
  if (value instanceof Mapped) return new Mapped(new Flattened(value.value));
  if (value instanceof Unmapped) return new Unmapped(new Flattened(value.value));
  return new Flattened(value);
}

function assertNotMarked(mark: string, value: unknown): void {
  if (!isMapMark(value)) return;
  const other = value instanceof Mapped ? 'mapped' : 'unmapped';
  const message = `${mark}(${other}(…)) says twice how the children of a task are given an argument. Keep one.`;
  throw new UsageError('MARKED_TWICE', message, { marks: [mark, other] });
}

type Lists<T> = Node<List<List<T>>> | List<List<T> | Node<List<T>>>;
/** An array is an iterable too, but of an array in an array the compiler does not always find out what is in it. */
type List<T> = readonly T[] | Iterable<T>;

/** What may stand for an argument of type `T` in a call: the value, a node of it, or a value with nodes in it. */
export type ValueOrNode<T> =
  | T
  | Node<T>
  | (T extends readonly (infer Element)[] ? Flattened<Element> : never)
  | Inside<T>;

/** Plain arrays and objects may have a node in any place. */
type Inside<T> = unknown extends T
  ? never
  : T extends Opaque
    ? never
    : T extends object
      ? { [Key in keyof T]: ValueOrNode<T[Key]> }
      : never;

/** What a value with nodes in it is once they have their values. */
export type Filled<T> =
  T extends Node<infer Value>
    ? Value
    : T extends Opaque
      ? T
      : T extends object
        ? { [Key in keyof T]: Filled<T[Key]> }
        : T;

/** What is neither a list nor a plain object has no place for a node, as far as the compiler can tell them apart. */
export type Opaque =
  | ((...args: never[]) => unknown)
  | Node
  | Date
  | RegExp
  | Error
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  | ArrayBuffer
  | ArrayBufferView;

/** What may stand for an argument of type `T` in a `.map`: a list, a node of a list, one for all, or a resource. */
export type ListOrUnmapped<T> =
  | (Iterable<T> & object)
  | Node<Iterable<T> & object>
  | Resource<T>
  | Mapped<T>
  | Unmapped<ValueOrNode<T>>
  | Flattened<T>;

export type Arguments<Args extends readonly unknown[]> = Givable<
  Args,
  { [Key in keyof Args]: ValueOrNode<Args[Key]> },
  { [Key in keyof Args]: IfGivable<Args, Key, ValueOrNode<Args[Key]>, Node<Args[Key]>> }
>;
export type MapArguments<Args extends readonly unknown[]> = Givable<
  Args,
  { [Key in keyof Args]: ListOrUnmapped<Args[Key]> },
  { [Key in keyof Args]: IfGivable<Args, Key, ListOrUnmapped<Args[Key]>, OpenedInMap<Args[Key]>> }
>;
type OpenedInMap<T> = Resource<T> | Node<Iterable<T> & object> | Mapped<T> | Unmapped<Resource<T>>;

/** For arguments of a call among which there is one marked `mapped()`. What is not marked is given whole. */
export type MarkedArguments<Args extends readonly unknown[]> = {
  [Key in keyof Args]: ValueOrNode<Args[Key]> | Mapped<Args[Key]> | Unmapped<ValueOrNode<Args[Key]>>;
};

/** What they are, if one of them is marked `mapped()`; nothing that can be given, otherwise. */
export type WithMapped<Given extends readonly unknown[]> = true extends {
  [Key in keyof Given]: IsMapped<Given[Key]>;
}[number]
  ? Given
  : never;
type IsMapped<Given> = 0 extends 1 & Given ? false : Given extends Mapped ? true : false;
