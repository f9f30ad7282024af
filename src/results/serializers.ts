import { createRequire } from 'node:module';
import type * as msgpackr from 'msgpackr';
import { types } from 'node:util';
import { choices } from '../code/known-names.ts';
import { nodeZlib } from '../lib/lazy-node.ts';
import { UsageError } from '../lib/heddle-error.ts';
import { describe } from '../lib/options.ts';
import { didYouMean } from '../lib/nearest.ts';
import { messageIn } from '../lib/thrown-text.ts';
import { decodeValue, encodeValue } from '../values/encode.ts';
import { isExact } from '../values/exactness.ts';
import { assertKept, copierLosses } from './losses.ts';
import { firstLoss, type Format } from './plain-data.ts';
import { isSerializer, type Serializer } from './serializer.ts';

/** How `compressed` packs. `zstd` is the fastest for its size; `gzip` and `deflate` are known everywhere. */
export type CompressionFormat = keyof typeof compressions;

interface Compression {
  readonly pack: (bytes: Uint8Array) => Uint8Array;
  readonly unpack: (bytes: Uint8Array) => Uint8Array;
}

const compressions = {
  gzip: { pack: (bytes) => nodeZlib().gzipSync(bytes), unpack: (bytes) => nodeZlib().gunzipSync(bytes) },
  deflate: { pack: (bytes) => nodeZlib().deflateSync(bytes), unpack: (bytes) => nodeZlib().inflateSync(bytes) },
  // The default quality is the highest, which takes seconds for a megabyte.
  brotli: {
    pack: (bytes) =>
      nodeZlib().brotliCompressSync(bytes, { params: { [nodeZlib().constants.BROTLI_PARAM_QUALITY]: 5 } }),
    unpack: (bytes) => nodeZlib().brotliDecompressSync(bytes),
  },
  zstd: {
    pack: (bytes) => nodeZlib().zstdCompressSync(bytes, { params: { [nodeZlib().constants.ZSTD_c_checksumFlag]: 1 } }),
    unpack: (bytes) => nodeZlib().zstdDecompressSync(bytes),
  },
} as const satisfies Record<string, Compression>;

const checksumBytes = 4;

const v8: Serializer = {
  name: 'v8',
  serialize(value) {
    const { losses, packed } = copierLosses(value);
    assertKept(cannotStore('v8'), losses);
    const block = encodeValue(packed);
    const bytes = new Uint8Array(block.length + checksumBytes);
    bytes.set(block);
    new DataView(bytes.buffer).setUint32(block.length, nodeZlib().crc32(block), true);
    return bytes;
  },
  deserialize(bytes) {
    const length = bytes.length - checksumBytes;
    if (length < 1) throw new RangeError(`${bytes.length} bytes are too few for a stored value`);
    const block = bytes.subarray(0, length);
    const checksum = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(length, true);
    if (nodeZlib().crc32(block) !== checksum)
      throw new RangeError('the checksum does not fit: the bytes were changed or cut');
    return decodeValue(block);
  },
};

const jsonFormat: Format = {
  name: 'JSON',
  serializer: 'json',
  lossOfPrimitive(value) {
    if (value === undefined) return 'JSON leaves it out, or writes null';
    if (Object.is(value, -0)) return 'JSON writes 0';
    if (typeof value === 'number' && !Number.isFinite(value)) return 'JSON writes null';
    return typeof value === 'bigint' ? 'JSON has no bigint' : undefined;
  },
  lossOfKey: () => undefined,
  keeps: () => false,
};

const utf8 = new TextDecoder('utf-8', { fatal: true });

const json: Serializer = {
  name: 'json',
  serialize(value) {
    const text = write(jsonFormat, value, () => JSON.stringify(value));
    return Buffer.from(`${text}\n`);
  },
  deserialize(bytes) {
    const text = utf8.decode(bytes);
    const value: unknown = JSON.parse(text);
    // Of all JSON texts only a number is still one when its end is missing; its line end is then missing too.
    if (typeof value === 'number' && !/\s$/.test(text)) throw new SyntaxError('the end of the number is missing');
    return value;
  },
};

const leastInteger = -(2n ** 63n);
const mostInteger = 2n ** 64n - 1n;

const msgpackFormat: Format = {
  name: 'MessagePack',
  serializer: 'msgpack',
  lossOfPrimitive(value) {
    if (Object.is(value, -0)) return 'MessagePack writes 0';
    if (typeof value === 'string' && !value.isWellFormed()) return 'half of a surrogate pair is no UTF-8';
    const isTooBig = typeof value === 'bigint' && (value < leastInteger || value > mostInteger);
    return isTooBig ? 'MessagePack has integers of 64 bits' : undefined;
  },
  lossOfKey(key) {
    if (key === '__proto__') return 'it would be renamed, so that it sets no prototype';
    return key.isWellFormed() ? undefined : 'half of a surrogate pair is no UTF-8';
  },
  // Other views would come back as Buffers.
  keeps: (value) => (types.isDate(value) || Buffer.isBuffer(value)) && isExact(value),
};

let packr: msgpackr.Packr | undefined;

/** Loaded when it is first needed: few programs store anything in this format, and every thread would pay for it. */
function loadedPackr(): msgpackr.Packr {
  if (packr !== undefined) return packr;
  const { Packr: Class } = createRequire(import.meta.url)('msgpackr') as typeof msgpackr;
  return (packr = new Class({ useRecords: false, mapsAsObjects: true, moreTypes: false, copyBuffers: true }));
}

const msgpack: Serializer = {
  name: 'msgpack',
  serialize: (value) => write(msgpackFormat, value, () => loadedPackr().pack(value)),
  // What it gives for binary is of the class that it was given to read.
  deserialize: (bytes) =>
    loadedPackr().unpack(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)) as unknown,
};

function compressed(inner: Serializer, options: { readonly format: CompressionFormat }): Serializer {
  if (!isSerializer(inner)) {
    const message = `compressed() packs a serializer, such as serializers.v8; got ${describe(inner)}`;
    throw new UsageError('INVALID_OPTION', message, { option: 'inner' });
  }
  const { pack, unpack } = compressionOf((options as { readonly format?: unknown } | undefined)?.format);
  const made = {
    name: `${inner.name}+${options.format}`,
    serialize: (value: unknown) => pack(inner.serialize(value)),
    deserialize: (bytes: Uint8Array) => inner.deserialize(unpack(bytes)),
  };
  packedIn.set(made, inner);
  return made;
}

const packedIn = new WeakMap<Serializer, Serializer>();

/** What `compressed` has packed, however often. */
export function innermost(serializer: Serializer): Serializer {
  let inner = serializer;
  for (let next = packedIn.get(inner); next !== undefined; next = packedIn.get(inner)) inner = next;
  return inner;
}

/** The serializers that come with the library. */
interface Serializers {
  /**
   * Everything that can travel to a worker, exactly, and guarded by a checksum: Map, Set, Date, bigint, typed arrays,
   * cycles. Only this library reads it.
   */
  readonly v8: Serializer;
  /** Plain data as a line of JSON text, for people and other programs to read. It has no checksum. */
  readonly json: Serializer;
  /** Plain data, with undefined, Date, Buffer and bigint, in few bytes that others can read too. It has no checksum. */
  readonly msgpack: Serializer;
  /** `inner`, packed. It packs on the thread that calls it. */
  readonly compressed: (inner: Serializer, options: { readonly format: CompressionFormat }) => Serializer;
}

export const serializers: Serializers = choices('serializers', 'UNKNOWN_SERIALIZER', {
  v8,
  json,
  msgpack,
  compressed,
});

export function isCompressionFormat(name: unknown): name is CompressionFormat {
  return typeof name === 'string' && Object.hasOwn(compressions, name);
}

function compressionOf(format: unknown): Compression {
  if (isCompressionFormat(format)) return compressions[format];
  const names = Object.keys(compressions);
  const hint = typeof format === 'string' ? didYouMean(format, names) : '';
  const expected = names.map((name) => `'${name}'`).join(', ');
  const message = `option 'format' of compressed() should be one of ${expected}; got ${describe(format)}.${hint}`;
  throw new UsageError('INVALID_OPTION', message, { option: 'format', value: format });
}

function cannotStore(name: string): string {
  return `The serializer '${name}' cannot store this value as it is.`;
}

function write<T>(format: Format, value: unknown, writer: () => T): T {
  const loss = firstLoss(value, format);
  assertKept(cannotStore(format.serializer), loss === undefined ? [] : [loss]);
  try {
    return writer();
  } catch (error) {
    const what = `could not be written as ${format.name}`;
    const loss = { path: '', what, why: messageIn(error), remedy: ['use serializers.v8, or store it in parts'] };
    assertKept(cannotStore(format.serializer), [loss], error);
    throw error;
  }
}
