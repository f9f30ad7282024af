// A description of a result travels to workers, and names its serializer: here the name finds the serializer again.

import type { Reference } from '../code/registry.ts';
import { HeddleError, UsageError } from '../lib/heddle-error.ts';
import { didYouMean } from '../lib/nearest.ts';
import { describe } from '../lib/options.ts';
import { processWide } from '../lib/process-wide.ts';
import { nameTaken, Registrations } from './registrations.ts';
import { isSerializer, type Serializer } from './serializer.ts';
import { innermost, isCompressionFormat, serializers } from './serializers.ts';

const builtIn: ReadonlyMap<string, Serializer> = new Map(
  [serializers.v8, serializers.json, serializers.msgpack].map((serializer) => [serializer.name, serializer]),
);

/** Serializers of users, by name, each with where another thread or process finds it. */
const registered = processWide('serializers', () => new Registrations<Serializer>('serializer'));

/**
 * Makes a serializer of your own known by its name, and returns it. To be called at the top level of a module, which
 * every worker imports that needs it.
 */
export function registerSerializer<T extends Serializer>(serializer: T): T {
  if (!isSerializer(serializer) || !/^[\w.-]+$/.test(serializer.name)) {
    const expected = 'a name of letters, digits, `_`, `-` and `.`, and the methods serialize and deserialize';
    const got = isSerializer(serializer) ? `the name '${serializer.name}'` : describe(serializer);
    throw new UsageError('INVALID_OPTION', `a serializer should have ${expected}; got ${got}`);
  }
  const { name } = serializer;
  if (builtIn.has(name)) throw nameTaken('serializer', name);
  registered.add(name, serializer);
  return serializer;
}

function find(name: string): Serializer | undefined {
  return builtIn.get(name) ?? registered.get(name);
}

/** Where others find the user's serializer that a name such as `'mine+gzip'` needs, if it needs one. */
export function referenceToSerializer(name: string): Reference | undefined {
  return registered.referenceTo(name.split('+')[0]!);
}

/** Lets its name stand for this one, which was found by its reference. */
export function useSerializer(entry: Serializer, reference: Reference): void {
  registered.use(entry.name, { entry, reference });
}

/** The serializer that a name stands for: `v8`, `json+gzip`, or one that was registered. */
export function serializerOf(name: string): Serializer {
  const [inner = '', ...formats] = name.split('+');
  let serializer = find(inner);
  for (const format of formats) {
    if (serializer === undefined || !isCompressionFormat(format)) throw unknownSerializer(name);
    serializer = serializers.compressed(serializer, { format });
  }
  if (serializer === undefined) throw unknownSerializer(name);
  return serializer;
}

/** The name under which a worker finds this very serializer. Throws `UNKNOWN_SERIALIZER` if it would not. */
export function sentNameOf(serializer: Serializer): string {
  // What is packed is made anew for each asker, by the name of what is inside.
  const inner = innermost(serializer);
  if (find(inner.name) !== inner) throw unknownSerializer(inner.name);
  return serializer.name;
}

function unknownSerializer(name: string): HeddleError {
  const known = [...builtIn.keys(), ...registered.names].filter((each) => each !== name);
  const hint =
    didYouMean(name, known) || ' Call registerSerializer() at the top level of a module that the flow imports.';
  return new HeddleError('UNKNOWN_SERIALIZER', `the serializer '${name}' is not registered here.${hint}`, {
    serializer: name,
  });
}
