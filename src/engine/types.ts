// The user's types, each with where it was registered, so that a worker finds it as it finds a task: by importing its
// module. One worker may have several versions of a bundle of code, each with a class of its own.

import { load } from '../code/load.ts';
import { register, type Reference } from '../code/registry.ts';
import type { CodeSource } from '../lib/chunk.ts';
import { processWide } from '../lib/process-wide.ts';
import * as registry from '../values/types.ts';
import type { ClassOf, ErrorCodec, Registered, TypeCodec } from '../values/types.ts';

/** By what is registered and its tag. */
const references = processWide('type-references', () => new Map<string, Reference>());

/**
 * Lets instances of a class travel, as what `encode` gives, from which `decode` makes them again. Call it at the top
 * level of a module, best of the one that has the class: workers import it when they get such an instance. Subclasses
 * are types of their own. For the compiler, add the class to `RegisteredTypes`. Throws `TYPE_TAG_TAKEN` for a tag
 * that another class has, and `INVALID_TYPE` for what is no such class.
 */
export function registerType<T extends object, Data>(type: ClassOf<T>, codec: TypeCodec<T, Data>): void {
  note('type', registry.registerType(type, codec));
}

/**
 * Lets errors of a class arrive as what they are, thrown or returned, so that `instanceof` holds again:
 * `registerError(HttpError, { decode: (error) => new HttpError(error.message) })`. For where to call it, see
 * `registerType`.
 */
export function registerError<E extends Error>(type: ClassOf<E>, codec: ErrorCodec<E> = {}): void {
  note('error', registry.registerError(type, codec));
}

/** Where all types are registered that a worker can find. */
export function typeReferences(): readonly Reference[] {
  return [...references.values()];
}

/** The types that are there. One that cannot be found is an error only when a value of it arrives. */
export async function loadTypes(wanted: readonly Reference[], code: CodeSource): Promise<readonly Registered[]> {
  const found = await Promise.allSettled(wanted.map((reference) => load(reference, code)));
  return found.flatMap((each) => (each.status === 'fulfilled' ? [each.value as Registered] : []));
}

function note(what: string, registered: Registered): void {
  const name = `${what} '${registered.tag}'`;
  const reference = register(name, registered);
  if (reference.module !== undefined) references.set(name, reference);
}
