// Signals end a task run at once in the state that they name. They are thrown: `throw new signals.FAIL('no rows')`.

import { toMilliseconds, type Duration } from '../lib/duration.ts';
import { UsageError } from '../lib/heddle-error.ts';
import { checkOptions, describe, rules } from '../lib/options.ts';
import { sharedByCopies } from '../lib/shared-by-copies.ts';
import { State, type StateDetails, type StateType } from './state.ts';

/** Told of every signal that is made. The engine listens, to notice one that a user's `catch` swallowed. */
export const signalListener: { made: (signal: Signal) => void } = { made: () => {} };

/** What every signal is: an error that carries the state to end in. In a `catch`, throw it on. */
export class Signal extends Error {
  /** No field: it holds the signal itself, and is of no use where that arrives as an error. */
  readonly #state: State;

  constructor(type: StateType, message: string, details: StateDetails = {}) {
    assertText(new.target.name, message);
    super(message);
    this.name = new.target.name;
    const isFailure = type === 'Failed' || type === 'TriggerFailed' || type === 'ValidationFailed';
    this.#state = new State(type, message, isFailure ? { ...details, error: this } : details);
    signalListener.made(this);
  }

  /** The state to end in. */
  get state(): State {
    return this.#state;
  }
}

sharedByCopies(Signal);

function assertText(name: string, message: unknown): void {
  if (typeof message === 'string') return;
  const told =
    `the message of ${name} should be a text; got ${describe(message)}. What else a signal has comes after it: ` +
    `new ${name}('why', { … }).`;
  throw new UsageError('INVALID_STATE', told, { signal: name, ...(message instanceof Error && { cause: message }) });
}

/** Ends the task run as `Failed`. It is retried like any failure. */
export class FAIL extends Signal {
  constructor(message = 'FAIL signal raised.') {
    super('Failed', message);
  }
}

/** Ends the task run as `Success`, with a message and a result. */
export class SUCCESS extends Signal {
  constructor(message = 'SUCCESS signal raised.', options: { result?: unknown } = {}) {
    checkOptions('signals.SUCCESS', options, { result: rules.anything });
    super('Success', message, { result: options.result });
  }
}

/** Ends the task run as `Skipped`, which counts as a success and skips what depends on it. */
export class SKIP extends Signal {
  constructor(message = 'SKIP signal raised.') {
    super('Skipped', message);
  }
}

/** Ends the task run as `ValidationFailed`: what came out is not what should have. It is retried like any failure. */
export class VALIDATIONFAIL extends Signal {
  constructor(message = 'VALIDATIONFAIL signal raised.') {
    super('ValidationFailed', message);
  }
}

/** From a trigger: ends the task run as `TriggerFailed`. Never retried. */
export class TRIGGERFAIL extends Signal {
  constructor(message = 'TRIGGERFAIL signal raised.') {
    super('TriggerFailed', message);
  }
}

/** When a task run is to be tried again: at a time, or after a while; at once without either. */
export interface RetryTime {
  /** A date, or milliseconds since 1970. */
  readonly startTime?: Date | number;
  readonly delay?: Duration;
}

/** Tries the task run again later, as often as it is thrown: `retries` does not count here. Waiting holds no thread. */
export class RETRY extends Signal {
  /** How long to wait, in milliseconds, when no time was given. */
  readonly delayMs: number;

  constructor(message = 'RETRY signal raised.', time: RetryTime = {}) {
    checkOptions('signals.RETRY', time, { startTime: rules.anything, delay: rules.anything });
    const { startTime, delay = 0 } = time;
    super('Retrying', message, startTime === undefined ? {} : { startTime: timeOf(startTime) });
    this.delayMs = toMilliseconds(delay, `option 'delay' of RETRY`);
  }
}

sharedByCopies(RETRY);

/**
 * Calls the task again at once, with `context.taskLoopResult` set to `result` and `context.taskLoopCount` one higher.
 */
export class LOOP extends Signal {
  constructor(message = 'LOOP signal raised.', options: { result?: unknown } = {}) {
    checkOptions('signals.LOOP', options, { result: rules.anything });
    super('Looped', message, { result: options.result });
  }
}

/** Leaves the task run `Paused` until a run approves it: `if (!context.isApproved) throw new signals.PAUSE('…')`. */
export class PAUSE extends Signal {
  constructor(message = 'PAUSE signal raised.') {
    super('Paused', message);
  }
}

function timeOf(startTime: Date | number): number {
  const time = typeof startTime === 'number' || startTime instanceof Date ? Number(startTime) : Number.NaN;
  if (Number.isFinite(time)) return time;
  throw new UsageError('INVALID_OPTION', `option 'startTime' of RETRY should be a date; got ${describe(startTime)}`);
}
