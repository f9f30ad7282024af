// Signals end a task run at once in the state that they name. They are thrown: `throw new signals.FAIL('no rows')`.

import { State, type StateType } from './state.ts';

/** What every signal is: an error that carries the state to end in. */
export class Signal extends Error {
  readonly state: State;

  constructor(type: StateType, message: string) {
    super(message);
    this.name = new.target.name;
    const details = type === 'Skipped' || type === 'Paused' ? {} : { error: this };
    this.state = new State(type, message, details);
  }
}

/** Ends the task run as `Failed`. It is retried like any failure. */
export class FAIL extends Signal {
  constructor(message = 'FAIL signal raised.') {
    super('Failed', message);
  }
}

/** Ends the task run as `Skipped`, which counts as a success and skips what depends on it. */
export class SKIP extends Signal {
  constructor(message = 'SKIP signal raised.') {
    super('Skipped', message);
  }
}

/** From a trigger: ends the task run as `TriggerFailed`. Never retried. */
export class TRIGGERFAIL extends Signal {
  constructor(message = 'TRIGGERFAIL signal raised.') {
    super('TriggerFailed', message);
  }
}

/** Leaves the task run `Paused`, waiting for an approval. */
export class PAUSE extends Signal {
  constructor(message = 'PAUSE signal raised.') {
    super('Paused', message);
  }
}
