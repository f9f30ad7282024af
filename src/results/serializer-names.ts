// A description of a result travels to workers, and names its serializer: here the name finds the serializer again.

import { HeddleError, UsageError } from '../lib/heddle-error.ts';
import { describe } from '../lib/options.ts';
import { Registrations } from './registrations.ts';
import { isSerializer, type Serializer } from './serializer.ts';
import { innermost, isCompressionFormat, serializers } from './serializers.ts';

export const knownSerializers = new Registrations<Serializer>({
  what: 'serializer',
  call: 'registerSerializer',
  builtIn: new Map([serializers.v8, serializers.json, serializers.msgpack].map((each) => [each.name, each])),
});

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
  knownSerializers.add(serializer.name, serializer);
  return serializer;
}

/** The serializer that a name stands for: `v8`, `json+gzip`, or one that was registered. */
export function serializerOf(name: string): Serializer {
  const [inner = '', ...formats] = name.split('+');
  let serializer = knownSerializers.get(inner);
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
  if (knownSerializers.get(inner.name) !== inner) throw unknownSerializer(inner.name);
  return serializer.name;
}

function unknownSerializer(name: string): HeddleError {
  const message = `the serializer '${name}' is not registered here.${knownSerializers.hintFor(name)}`;
  return new HeddleError('UNKNOWN_SERIALIZER', message, { serializer: name });
}
