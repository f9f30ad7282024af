/**
 * Makes bytes of a value, and the value of the bytes. Both ways are synchronous, and what comes back is what was given:
 * a serializer that cannot promise this for a value throws, and says where in the value the difference would be.
 */
export interface Serializer {
  /** Stands in descriptions that travel to workers, and in errors. No two serializers share a name. */
  readonly name: string;
  /** The bytes belong to the caller. */
  serialize(value: unknown): Uint8Array;
  /** Nothing in the value refers to `bytes`. Throws, whatever it likes, when they are not what `serialize` made. */
  deserialize(bytes: Uint8Array): unknown;
}

export function isSerializer(value: unknown): value is Serializer {
  if (typeof value !== 'object' || value === null) return false;
  const { name, serialize, deserialize } = value as Partial<Record<keyof Serializer, unknown>>;
  return typeof name === 'string' && typeof serialize === 'function' && typeof deserialize === 'function';
}
