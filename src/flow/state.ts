// What users see of a flow run or a task run. States are immutable values; whoever changes a run's state makes a new one.

/** The questions that a state answers, by type. A type that is not listed under a question answers no. */
const kinds = {
  pending: ['Pending', 'Scheduled', 'Paused', 'Retrying'],
  running: ['Running'],
  finished: ['Success', 'Mapped', 'Cached', 'Skipped', 'Failed', 'TimedOut', 'TriggerFailed', 'Crashed', 'Cancelled'],
  successful: ['Success', 'Mapped', 'Cached', 'Skipped'],
  failed: ['Failed', 'TimedOut', 'TriggerFailed', 'Crashed'],
} as const;

export type StateType = (typeof kinds)['pending' | 'running' | 'finished'][number];

/** What a state may carry besides its type and message. */
export interface StateDetails<T = unknown> {
  /** The value that the task returned. */
  readonly result?: T;
  readonly error?: Error;
  /** When a retry is due, in milliseconds since 1970. */
  readonly startTime?: number;
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

  /** The states of a mapped task's children, by map index; empty for every other state. */
  get children(): readonly State[] {
    return this.#details.children ?? [];
  }

  isPending(): boolean {
    return has(kinds.pending, this.type);
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

  toString(): string {
    return this.message === '' ? this.type : `${this.type}: ${this.message}`;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return `<${this.toString()}>`;
  }
}

export function success<T>(result: T): State<T> {
  return new State('Success', 'Task run succeeded.', { result });
}

function has(types: readonly StateType[], type: StateType): boolean {
  return types.includes(type);
}
