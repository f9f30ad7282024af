// From the description of a result, which travels, to a result.

import type { Reference } from '../code/registry.ts';
import { HeddleError, UsageError } from '../lib/heddle-error.ts';
import { describe } from '../lib/options.ts';
import { localResultOf } from './local-result.ts';
import type { Result, ResultDescription } from './result.ts';
import { Registrations } from './registrations.ts';
import { knownSerializers } from './serializer-names.ts';
import type { Serializer } from './serializer.ts';

/** Makes the result that its own `describe()` described. */
export type ResultMaker = (description: ResultDescription) => Result;

const kinds = new Registrations<ResultMaker>({
  what: 'kind of result',
  call: 'registerResultKind',
  builtIn: new Map([['local', localResultOf]]),
});

/**
 * Makes a kind of result known by its name. To be called at the top level of a module, which every worker imports that
 * needs the kind.
 */
export function registerResultKind(kind: string, make: ResultMaker): void {
  if (typeof kind !== 'string' || kind === '' || typeof make !== 'function') {
    const got = `${describe(kind)} and ${describe(make)}`;
    throw new UsageError('INVALID_OPTION', `a kind of result should have a name and a function; got ${got}`);
  }
  kinds.add(kind, make);
}

/** The result that was described, on this thread or another. */
export function resultOf(description: ResultDescription): Result {
  const { kind } = description;
  const make = kinds.get(kind);
  if (make !== undefined) return make(description);
  const message = `there is no kind of result called '${kind}' here.${kinds.hintFor(kind)}`;
  throw new HeddleError('UNKNOWN_RESULT_KIND', message, { kind });
}

/** Where others find what of the user's a result is made of. */
export interface ResultSources {
  readonly kind?: Reference;
  readonly serializer?: Reference;
}

export function sourcesOf(result: Result): ResultSources {
  const kind = kinds.referenceTo(result.describe().kind);
  // Of `'mine+gzip'`, the first is the user's.
  const serializer = knownSerializers.referenceTo(result.serializer.name.split('+')[0]!);
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
  if (maker !== undefined) kinds.use(description.kind, { entry: maker, reference: kind! });
  if (ownSerializer !== undefined) {
    knownSerializers.use(ownSerializer.name, { entry: ownSerializer, reference: serializer! });
  }
  return resultOf(description);
}
