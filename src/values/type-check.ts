// What the compiler can tell of a task before it runs: that something in an input or in its result can never travel,
// and where. It only speaks where it is certain. What may travel passes: `any`, `unknown`, type parameters, unions of
// which one member travels, and whatever lies deeper than `Deepest`. The values themselves are looked at when a flow
// runs, see `travels.ts`.

import type { RegisteredTypes } from './registered-types.ts';

/** `Good` for a function that may run on a worker; otherwise what says why it cannot. */
export type Travelling<Implementation, Good> =
  // Within a function type, a type parameter of the caller's counts as anything, instead of leaving this undecided.
  (() => IfMayRun<Implementation>) extends (() => never) | Undecided<Implementation>
    ? { readonly 'this task cannot run on a worker': ComplaintOf<Implementation> }
    : Good;

/** `Good` for inputs that may all be given as they are, otherwise `Bad`. */
export type Givable<Inputs extends readonly unknown[], Good, Bad> = (() => IfTravels<Inputs>) extends
  | (() => never)
  | Undecided<Inputs>
  ? Bad
  : Good;

/** `Given`, if an input may be given as it is; otherwise, beside `Opened`, what says why not. */
export type IfGivable<Inputs extends readonly unknown[], Key extends keyof Inputs, Given, Opened> =
  CanTravel<Inputs[Key]> extends true
    ? Given
    : Opened | { readonly 'this task cannot run on a worker': InputComplaint<Inputs, Key> };

/** Keeps a condition open as long as nothing is known of the function or the list: in declarations with parameters. */
type Undecided<Known> = Known extends Code | readonly unknown[] ? never : 0;

type IfMayRun<Implementation> = Implementation extends (...inputs: infer Inputs extends unknown[]) => infer Result
  ? [Suspect<Inputs[number] | Awaited<Result>>] extends [never]
    ? true
    : false extends CanTravel<Awaited<Result>> | { [Key in keyof Inputs]: MayBeGiven<Inputs[Key]> }[number]
      ? never
      : true
  : true;

type IfTravels<Inputs extends readonly unknown[]> = [Suspect<Inputs[number]>] extends [never]
  ? true
  : false extends { [Key in keyof Inputs]: CanTravel<Inputs[Key]> }[number]
    ? never
    : true;

/**
 * What has methods itself, or holds such things, may be a resource, which is opened where the task runs: of that, the
 * definition of the task says nothing.
 */
type MayBeGiven<Input> = CanTravel<Input> extends true ? true : CanTravel<Input, Nearby> extends true ? false : true;

/** What is anywhere in a type and cannot travel by itself: a quick look, which finds nothing in most. */
type Suspect<T, Depth extends number = 0> = T extends Primitive
  ? never
  : Depth extends Deepest
    ? never
    : T extends readonly unknown[]
      ? Suspect<T[number], Deeper[Depth]>
      : T extends Leaf
        ? never
        : T extends Code | Bound
          ? T
          : Suspect<Inner<T>, Deeper[Depth]>;

type Inner<T> =
  T extends ReadonlyMap<infer Key, infer Value>
    ? Key | Value
    : T extends ReadonlySet<infer Value>
      ? Value
      : T[keyof T & (string | number)];

/** Whether a value of the type may travel. Of a union, one member is enough. */
type CanTravel<T, Depth extends number = 0> = [T] extends [Leaf] ? true : true extends Can<T, Depth> ? true : false;

type Can<T, Depth extends number> = T extends Leaf
  ? true
  : T extends Code | Bound
    ? false
    : Depth extends Deepest
      ? true
      : false extends PartsOf<T, Deeper[Depth]>
        ? false
        : true;

type PartsOf<T, Depth extends number> =
  T extends ReadonlyMap<infer Key, infer Value>
    ? CanTravel<Key, Depth> | CanTravel<Value, Depth>
    : T extends ReadonlySet<infer Value>
      ? CanTravel<Value, Depth>
      : T extends readonly unknown[]
        ? { [Key in keyof T]: CanTravel<T[Key], Depth> }[number]
        : { [Key in keyof T]: Key extends symbol ? true : CanTravel<T[Key], Depth> }[keyof T];

type Deepest = 5;
/** From here to the deepest are a value, its members and theirs. */
type Nearby = 3;
type Deeper = [1, 2, 3, 4, 5];

type Primitive = string | number | bigint | boolean | null | undefined | void;
/** Without `strict`, what may be absent looks as if it were there, and nothing is certain. */
type Leaf = undefined extends 0 ? unknown : Rebuilt;
type Rebuilt =
  | Primitive
  // oxlint-disable-next-line typescript/no-wrapper-object-types -- boxed ones arrive as such
  | (Number | String | Boolean)
  | (Date | RegExp | Error | ArrayBufferLike | ArrayBufferView | URL | URLSearchParams | Headers)
  | { readonly [Symbol.toStringTag]: `Temporal.${string}` }
  | RegisteredTypes[keyof RegisteredTypes];

// oxlint-disable-next-line typescript/no-unsafe-function-type -- whatever its parameters are
type Code = ((...args: never[]) => unknown) | (abstract new (...args: never[]) => unknown) | Function;

/** What only exists in its own process, told by its form: a name that the user's `lib` has not would be anything. */
type Bound = symbol | PromiseLike<unknown> | Iterating | Signalling | Open | Content | Ended;
type Iterating = Iterator<unknown, unknown, never> | AsyncIterator<unknown, unknown, never>;
type Signalling = Signal | { readonly signal: Signal; abort(): void };
type Signal = { readonly aborted: boolean; throwIfAborted(): void };
type Open =
  | { on(event: never, listener: never): unknown; emit(event: never, ...args: never[]): unknown }
  | { close(...args: never[]): unknown };
type Content = { arrayBuffer(): Promise<unknown>; text(): Promise<unknown> };
type Ended = { isSuccessful(): boolean; isCrashed(): boolean };

type ComplaintOf<Implementation> = Implementation extends (...inputs: infer Inputs extends unknown[]) => infer Result
  ? CanTravel<Awaited<Result>> extends true
    ? OneOf<
        { [Key in keyof Inputs]: MayBeGiven<Inputs[Key]> extends true ? never : InputComplaint<Inputs, Key> }[number]
      >
    : OneOf<Wrong<Awaited<Result>, 'result'>>
  : never;

/** A clause such as `input.rows[].owner is a Promise: await it`, for an input that cannot travel. */
type InputComplaint<Inputs extends readonly unknown[], Key extends keyof Inputs> = OneOf<
  Wrong<Inputs[Key], Required<Inputs>['length'] extends 1 ? 'input' : PlaceOf<Key>>
>;
type PlaceOf<Key> = Key extends keyof Positions ? `argument ${Positions[Key]}` : 'an argument';
type Positions = { '0': 1; '1': 2; '2': 3; '3': 4; '4': 5; '5': 6; '6': 7; '7': 8; '8': 9 };

/** All that is wrong with a type that cannot travel. */
type Wrong<T, Path extends string, Depth extends number = 0> = T extends Code | Bound
  ? `${Path} ${WhatItIs<T>}`
  : T extends ReadonlyMap<infer Key, infer Value>
    ? WrongPart<Key, `${Path}.keys()`, Depth> | WrongPart<Value, `${Path}.get(…)`, Depth>
    : T extends ReadonlySet<infer Value>
      ? WrongPart<Value, `${Path}.values()`, Depth>
      : T extends readonly unknown[]
        ? { [Key in keyof T]: WrongPart<T[Key], `${Path}${IndexOf<T, Key>}`, Depth> }[number]
        : {
            [Key in keyof T]-?: Key extends symbol ? never : WrongPart<T[Key], `${Path}.${Key & string}`, Depth>;
          }[keyof T];

type WrongPart<T, Path extends string, Depth extends number> =
  CanTravel<T, Deeper[Depth]> extends true ? never : Wrong<T, Path, Deeper[Depth]>;

type IndexOf<List extends readonly unknown[], Key> = number extends List['length'] ? '[]' : `[${Key & string}]`;

type WhatItIs<T> = T extends symbol
  ? 'is a symbol: send a text'
  : T extends PromiseLike<unknown>
    ? 'is a Promise: await it'
    : T extends Iterating
      ? 'is an iterator: collect it first'
      : T extends Signalling
        ? 'is an abort signal: use context.signal'
        : T extends Open
          ? 'is a connection, a stream or the like: open it in the task, or use resourceManager()'
          : T extends Content
            ? 'is a Response or the like: read it first'
            : T extends Ended
              ? 'is the state of a run: return what is needed of it, such as its output'
              : 'is a function: send data, or register its class with registerType()';

/** One member of a union: a person repairs one thing after the other. */
type OneOf<Union> = (Union extends unknown ? (one: () => Union) => void : never) extends (one: infer All) => void
  ? All extends () => infer One
    ? One
    : never
  : never;
