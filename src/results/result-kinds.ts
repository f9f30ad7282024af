// From the description of a result, which travels, to a result.

import type { Reference } from '../code/registry.ts';
import { HeddleError, UsageError } from '../lib/heddle-error.ts';
import { didYouMean } from '../lib/nearest.ts';
import { describe } from '../lib/options.ts';
import { processWide } from '../lib/process-wide.ts';
import { LocalResult } from './local-result.ts';
import type { Result, ResultDescription } from './result.ts';
import { nameTaken, Registrations } from './registrations.ts';
import { referenceToSerializer, useSerializer } from './serializer-names.ts';
import type { Serializer } from './serializer.ts';

/** Makes the result that its own `describe()` described. */
export type ResultMaker = (description: ResultDescription) => Result;

const builtIn: ReadonlyMap<string, ResultMaker> = new Map([['local', LocalResult.of]]);

/** Kinds of users, by name. */
const registered = processWide('result-kinds', () => new Registrations<ResultMaker>('kind of result'));

/**
 * Makes a kind of result known by its name. To be called at the top level of a module, which every worker imports that
 * needs the kind.
 */
export function registerResultKind(kind: string, make: ResultMaker): void {
  if (typeof kind !== 'string' || kind === '' || typeof make !== 'function') {
    const got = `${describe(kind)} and ${describe(make)}`;
    throw new UsageError('INVALID_OPTION', `a kind of result should have a name and a function; got ${got}`);
  }
  if (builtIn.has(kind)) throw nameTaken('kind of result', kind);
  registered.add(kind, make);
}

/** The result that was described, on this thread or another. */
export function resultOf(description: ResultDescription): Result {
  const { kind } = description;
  const make = builtIn.get(kind) ?? registered.get(kind);
  if (make !== undefined) return make(description);
  const hint =
    didYouMean(kind, [...builtIn.keys(), ...registered.names]) ||
    ' Call registerResultKind() at the top level of a module that the flow imports.';
  throw new HeddleError('UNKNOWN_RESULT_KIND', `there is no kind of result called '${kind}' here.${hint}`, { kind });
}

/** Where others find what of the user's a result is made of. */
export interface ResultSources {
  readonly kind?: Reference;
  readonly serializer?: Reference;
}

export function sourcesOf(result: Result): ResultSources {
  const kind = registered.referenceTo(result.describe().kind);
  const serializer = referenceToSerializer(result.serializer.name);
  return { ...(kind && { kind }), ...(serializer && { serializer }) };
}

/** The result that was described, made of what `load` finds at these sources. */
export async function resultFrom(
  description: ResultDescription,
  { kind, serializer }: ResultSources,
  load: (reference: Reference) => Promise<object>,
): Promise<Result> {
  const maker = kind && ((await load(kind)) as ResultMaker);
  const ownSerializer = serializer && ((await load(serializer)) as Serializer);
  // Nothing comes between this and the making, which goes by names.
  if (maker !== undefined) registered.use(description.kind, { entry: maker, reference: kind! });
  if (ownSerializer !== undefined) useSerializer(ownSerializer, serializer!);
  return resultOf(description);
}
