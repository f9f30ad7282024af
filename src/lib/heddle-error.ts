import { callersStack } from './own-frames.ts';
import { sharedByCopies } from './shared-by-copies.ts';

/**
 * The root of every error that Heddle itself makes. `code` is stable and made for programs, `message` for people: what
 * happened, where, what to do. The facts of the case are own fields of the error.
 */
export class HeddleError extends Error {
  readonly code: string;

  constructor(code: string, message: string, facts: ErrorFacts = {}) {
    const { cause, ...fields } = facts;
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'HeddleError';
    this.code = code;
    addFacts(this, fields);
  }
}

/**
 * A call that cannot be carried out as written: what was expected, and what came. The fault is the caller's, so the
 * stack begins with the caller's line.
 */
export class UsageError extends TypeError {
  readonly code: string;

  constructor(code: string, message: string, facts: ErrorFacts = {}) {
    const { cause, ...fields } = facts;
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'TypeError';
    this.code = code;
    addFacts(this, fields);
    if (this.stack !== undefined) this.stack = callersStack(this.stack);
  }
}

sharedByCopies(HeddleError);
sharedByCopies(UsageError);

/** What an error knows besides its text, as plain data; and its cause. None is called like what every error has. */
export interface ErrorFacts {
  readonly cause?: unknown;
  readonly name?: never;
  readonly message?: never;
  readonly stack?: never;
  readonly code?: never;
  readonly [fact: string]: unknown;
}

function addFacts(error: Error, facts: ErrorFacts): void {
  for (const [fact, value] of Object.entries(facts)) {
    if (!Object.hasOwn(error, fact)) Object.assign(error, { [fact]: value });
  }
}
