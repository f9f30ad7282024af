// What users see of a flow run or a task run. States are immutable values; whoever changes a run's state makes a new
// one.

import { UsageError } from '../lib/heddle-error.ts';
import { didYouMean } from '../lib/nearest.ts';
import { describe } from '../lib/options.ts';
import { keepFromTravelling } from '../lib/own-classes.ts';
import { decodeValue, encodeValue } from '../values/encode.ts';
import { packed } from '../values/travels.ts';
import type { ThrownRecord } from '../values/error-record.ts';
import { encodeThrown } from '../values/thrown.ts';
import { decodeThrown } from '../values/thrown-again.ts';

/** The questions that a state answers, by type. A type that is not listed under a question answers no. */
const kinds = {
  pending: ['Pending', 'Scheduled', 'Paused', 'Resume', 'Retrying'],
  scheduled: ['Scheduled', 'Paused', 'Resume', 'Retrying', 'Queued'],
  running: ['Running'],
  finished: [
    'Success',
    'Mapped',
    'Cached',
    'Skipped',
    'Failed',
    'TimedOut',
    'TriggerFailed',
    'ValidationFailed',
    'Crashed',
    'Cancelled',
    'Looped',
  ],
  successful: ['Success', 'Mapped', 'Cached', 'Skipped'],
  failed: ['Failed', 'TimedOut', 'TriggerFailed', 'ValidationFailed', 'Crashed'],
  /** They say where another state's run is on its way; they are neither pending nor running nor finished themselves. */
  meta: ['Submitted', 'Queued'],
} as const;

export type StateType = (typeof kinds)['pending' | 'running' | 'finished' | 'meta'][number];
const allTypes: ReadonlySet<unknown> = new Set(Object.values(kinds).flat());
const detailNames: ReadonlySet<string> = new Set<keyof StateDetails>([
  'result',
  'error',
  'startTime',
  'runCount',
  'loopCount',
  'expiresAt',
  'context',
  'children',
]);

/** What a state may carry besides its type and message. */
export interface StateDetails<T = unknown> {
  /** The value that the task returned. */
  readonly result?: T;
  readonly error?: Error | undefined;
  /** When a retry is due, in milliseconds since 1970. */
  readonly startTime?: number;
  /** How often the task was called, retries included; 0 when its result was found instead. */
  readonly runCount?: number;
  /** Which iteration of a loop this is, from 1. */
  readonly loopCount?: number;
  /** Until when a cached result may be used again, in milliseconds since 1970. */
  readonly expiresAt?: number;
  /** Facts of the user's own, as plain data. */
  readonly context?: Readonly<Record<string, unknown>>;
  /** The states of the children of a mapped task, by map index. */
  readonly children?: readonly State[];
}

export class State<T = unknown> {
  readonly type: StateType;
  /** One sentence for people. */
  readonly message: string;
  readonly #details: StateDetails<T>;

  /** `isSealed: false` is for subclasses that have fields of their own to set; they freeze themselves. */
  constructor(type: StateType, message: string, details: StateDetails<T> = {}, { isSealed = true } = {}) {
    assertParts(type, message, details);
    this.type = type;
    this.message = message;
    this.#details = details;
    if (isSealed) Object.freeze(this);
  }

  /** The value of a successful state; of a mapped one, the list of its children's. Decoded when first asked for. */
  get result(): T | undefined {
    return this.#details.result;
  }

  get error(): Error | undefined {
    return this.#details.error;
  }

  get startTime(): number | undefined {
    return this.#details.startTime;
  }

  /** How often the task was called, retries included; 0 when its result was found instead; where it is known. */
  get runCount(): number | undefined {
    return this.#details.runCount;
  }

  /** Which iteration of a loop this is, from 1; absent outside of loops. */
  get loopCount(): number | undefined {
    return this.#details.loopCount;
  }

  /** Until when its result may be used again by later runs, in milliseconds since 1970; where it was cached. */
  get expiresAt(): number | undefined {
    return this.#details.expiresAt;
  }

  get context(): Readonly<Record<string, unknown>> {
    return this.#details.context ?? noFacts;
  }

  /** The states of a mapped task's children, by map index; empty for every other state. */
  get children(): readonly State[] {
    return this.#details.children ?? [];
  }

  isPending(): boolean {
    return has(kinds.pending, this.type);
  }

  /** It waits for a time, or for somebody: Scheduled, Paused, Resume, Retrying, Queued. */
  isScheduled(): boolean {
    return has(kinds.scheduled, this.type);
  }

  isRunning(): boolean {
    return has(kinds.running, this.type);
  }

  isFinished(): boolean {
    return has(kinds.finished, this.type);
  }

  isSuccessful(): boolean {
    return has(kinds.successful, this.type);
  }

  isFailed(): boolean {
    return has(kinds.failed, this.type);
  }

  isSkipped(): boolean {
    return this.type === 'Skipped';
  }

  isMapped(): boolean {
    return this.type === 'Mapped';
  }

  isCached(): boolean {
    return this.type === 'Cached';
  }

  isLooped(): boolean {
    return this.type === 'Looped';
  }

  isQueued(): boolean {
    return this.type === 'Queued';
  }

  isSubmitted(): boolean {
    return this.type === 'Submitted';
  }

  /** Submitted and Queued, which say where a run is on its way. */
  isMeta(): boolean {
    return has(kinds.meta, this.type);
  }

  isRetrying(): boolean {
    return this.type === 'Retrying';
  }

  isPaused(): boolean {
    return this.type === 'Paused';
  }

  isCancelled(): boolean {
    return this.type === 'Cancelled';
  }

  isTimedOut(): boolean {
    return this.type === 'TimedOut';
  }

  isCrashed(): boolean {
    return this.type === 'Crashed';
  }

  /** Plain data, without loss: results and errors as bytes in base64. `State.fromJSON` makes a state of it again. */
  toJSON(): StateJson {
    return toJson(this, this.#details);
  }

  static fromJSON(json: StateJson): State {
    return fromJson(json);
  }

  toString(): string {
    return this.message === '' ? this.type : `${this.type}: ${this.message}`;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return `<${this.toString()}>`;
  }
}

keepFromTravelling(
  State,
  'hand on what is needed of it, such as state.result; to end a task run in a state, throw a signal, such as new ' +
    "signals.FAIL('no rows')",
);

/** A state that no question knows would be noticed much later, when it has done its harm. */
function assertParts(type: unknown, message: unknown, details: unknown): void {
  if (allTypes.has(type) && typeof message === 'string' && typeof details === 'object' && details !== null) {
    return assertDetails(details);
  }
  if (!allTypes.has(type)) {
    const names = [...allTypes] as string[];
    const told = `there is no state of the type ${describe(type)}.${didYouMean(String(type), names)}`;
    throw new UsageError('INVALID_STATE', `${told} There are: ${names.join(', ')}.`, { type });
  }
  const wrong =
    typeof message === 'string'
      ? `the details of a state should be an object, or left out; got ${describe(details)}`
      : `the message of a state should be a text; got ${describe(message)}`;
  const remedy = `What else a state has comes after it: new State('${String(type)}', 'why', { result: … }).`;
  throw new UsageError('INVALID_STATE', `${wrong}. ${remedy}`, { type });
}

/** By their names alone: a result may be decoded when it is first read. */
function assertDetails(details: object): void {
  const unknown = Object.keys(details).find((name) => !detailNames.has(name));
  if (unknown === undefined) return;
  const told = `a state has no detail '${unknown}'.${didYouMean(unknown, detailNames)}`;
  throw new UsageError('INVALID_STATE', `${told} It has: ${[...detailNames].join(', ')}.`, { detail: unknown });
}

/** A state as plain data. */
export interface StateJson extends Numbers {
  readonly type: StateType;
  readonly message: string;
  /** Bytes in base64, as all values travel. */
  readonly result?: string;
  readonly error?: ThrownRecord;
  readonly context?: string;
  readonly children?: readonly StateJson[];
}

type Numbers = Pick<StateDetails, 'startTime' | 'runCount' | 'loopCount' | 'expiresAt'>;

const noFacts = Object.freeze({});

function toJson({ type, message, children, context }: State, details: StateDetails): StateJson {
  const { error } = details;
  // What is read from its children, as that of a mapped state, is not written twice. It may have a result of its own.
  const isOfChildren = children.length > 0 && Object.getOwnPropertyDescriptor(details, 'result')?.get !== undefined;
  const hasResult = Object.hasOwn(details, 'result') && type !== 'Mapped' && !isOfChildren;
  return {
    type,
    message,
    ...(hasResult && { result: toBase64(details.result) }),
    ...(error !== undefined && { error: encodeThrown(error) }),
    ...numbersOf(details),
    ...(context !== noFacts && { context: toBase64(context) }),
    ...((type === 'Mapped' || children.length > 0) && { children: children.map((child) => child.toJSON()) }),
  };
}

function fromJson(json: StateJson): State {
  const { type, message, result, error, context } = json;
  const children = json.children?.map((child) => fromJson(child));
  return new State(type, message, {
    ...(error !== undefined && { error: decodeThrown(error) }),
    ...numbersOf(json),
    ...(context !== undefined && { context: fromBase64(context) as Record<string, unknown> }),
    ...(children !== undefined && { children, result: children.map((child) => child.result) }),
    ...(result !== undefined && { result: fromBase64(result) }),
  });
}

/** What is the same in a state and as plain data, as far as it is there. */
function numbersOf(from: Numbers): Numbers {
  const { startTime, runCount, loopCount, expiresAt } = from;
  const numbers = Object.entries({ startTime, runCount, loopCount, expiresAt });
  return Object.fromEntries(numbers.filter(([, number]) => number !== undefined));
}

function toBase64(value: unknown): string {
  return Buffer.from(encodeValue(packed(value))).toString('base64');
}

function fromBase64(text: string): unknown {
  return decodeValue(new Uint8Array(Buffer.from(text, 'base64')));
}

/** Of a task run. */
export const pending = new State('Pending', 'Task run has not started.');

/** What a success says that has nothing else to say. */
export const succeeded = 'Task run succeeded.';

export function success<T>(result: T): State<T> {
  return new State('Success', succeeded, { result });
}

/** Whether a success says no more than any other. */
export function isUsual({ type, message, error, expiresAt }: State): boolean {
  return type === 'Success' && message === succeeded && error === undefined && expiresAt === undefined;
}

function has(types: readonly StateType[], type: StateType): boolean {
  return types.includes(type);
}
