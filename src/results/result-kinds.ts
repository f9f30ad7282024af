// From the description of a result, which travels, to a result.

import { register, type Reference } from '../code/registry.ts';
import { HeddleError, UsageError } from '../lib/heddle-error.ts';
import { didYouMean } from '../lib/nearest.ts';
import { describe } from '../lib/options.ts';
import { processWide } from '../lib/process-wide.ts';
import { LocalResult } from './local-result.ts';
import type { Result, ResultDescription } from './result.ts';
import { registrationOf } from './serializer-names.ts';

/** Makes the result that its own `describe()` described. */
export type ResultMaker = (description: ResultDescription) => Result;

const builtIn: ReadonlyMap<string, ResultMaker> = new Map([['local', LocalResult.of]]);

/** A kind of the user's, and where another thread or process finds it. */
interface RegisteredKind {
  readonly make: ResultMaker;
  readonly reference: Reference;
}

/** Kinds of users, by name. */
const registered = processWide('result-kinds', () => new Map<string, RegisteredKind>());

/**
 * Makes a kind of result known by its name. To be called at the top level of a module, which every worker imports that
 * needs the kind.
 */
export function registerResultKind(kind: string, make: ResultMaker): void {
  if (typeof kind !== 'string' || kind === '' || typeof make !== 'function') {
    const got = `${describe(kind)} and ${describe(make)}`;
    throw new UsageError('INVALID_OPTION', `a kind of result should have a name and a function; got ${got}`);
  }
  const holder = makerOf(kind);
  if (holder !== undefined && holder !== make) {
    throw new UsageError('INVALID_OPTION', `there is another kind of result called '${kind}'; take another name`);
  }
  if (holder === undefined) registered.set(kind, { make, reference: register(`kind of result '${kind}'`, make) });
}

/** The result that was described, on this thread or another. */
export function resultOf(description: ResultDescription): Result {
  const { kind } = description;
  const make = makerOf(kind);
  if (make !== undefined) return make(description);
  const hint =
    didYouMean(kind, [...builtIn.keys(), ...registered.keys()]) ||
    ' Call registerResultKind() at the top level of a module that the flow imports.';
  throw new HeddleError('UNKNOWN_RESULT_KIND', `there is no kind of result called '${kind}' here.${hint}`, { kind });
}

/** What of the user's has to be imported before `resultOf` can make this result in another thread or process. */
export function requirementsOf(result: Result): readonly Reference[] {
  const references = [registered.get(result.describe().kind)?.reference, registrationOf(result.serializer.name)];
  return references.filter((reference) => reference?.module !== undefined) as Reference[];
}

function makerOf(kind: string): ResultMaker | undefined {
  return builtIn.get(kind) ?? registered.get(kind)?.make;
}
