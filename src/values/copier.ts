// The copier: V8's own serializer, which keeps nearly everything of a value, and our additions to it: views get memory
// of their own, and in envelopes go what it cannot rebuild.

import { types } from 'node:util';
import { DefaultSerializer, Deserializer } from 'node:v8';
import { Envelope } from './envelope.ts';
import { decodeTyped, isRegistered, notRegistered } from './types.ts';

type ViewClass = new (memory: ArrayBuffer) => NodeJS.ArrayBufferView;

/** The classes of views, by their number on the wire: numbers are never given to another class. */
const viewClasses: readonly (ViewClass | undefined)[] = [
  DataView,
  Buffer,
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  Reflect.get(globalThis, 'Float16Array') as ViewClass | undefined,
];
const bufferNumber = 1;
const envelopeNumber = 64;

/** What becomes of a value of a type that is not registered here: an error, or it is passed on in its envelope. */
export type UnknownTypes = 'refuse' | 'pass on';

/** Bytes of the value behind those of `head`, which are numbers below 128. They own their memory. */
export function write(value: unknown, head: readonly number[]): Uint8Array {
  const serializer = new CopierSerializer();
  // A number below 128 is written as one byte.
  for (const byte of head) serializer.writeUint32(byte);
  serializer.writeHeader();
  serializer.writeValue(value);
  return serializer.releaseBuffer();
}

/** The value of bytes that begin with a head of so many bytes. Nothing in it refers to them. */
export function read(bytes: Uint8Array, headLength: number, unknownTypes: UnknownTypes = 'refuse'): unknown {
  // Reading memory that another thread can write to, while it is being parsed, is not safe.
  const isShared = types.isSharedArrayBuffer(bytes.buffer);
  const deserializer = new CopierDeserializer(isShared ? bytes.slice(headLength) : bytes.subarray(headLength));
  deserializer.unknownTypes = unknownTypes;
  deserializer.readHeader();
  return deserializer.readValue();
}

/** Is asked how to write views. They are cut out of their buffers, so that nothing else in those leaves the process. */
class CopierSerializer extends DefaultSerializer {
  _writeHostObject(view: NodeJS.ArrayBufferView): void {
    if (Envelope.is(view)) {
      this.writeUint32(envelopeNumber);
      this.writeValue(view.tag);
      this.writeValue(view.data);
      return;
    }
    this.writeUint32(numberOf(view));
    this.writeUint32(view.byteLength);
    this.writeRawBytes(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
  }
}

function numberOf(view: NodeJS.ArrayBufferView): number {
  if (Buffer.isBuffer(view)) return bufferNumber;
  if (types.isDataView(view)) return viewClasses.indexOf(DataView);
  const name = view[Symbol.toStringTag];
  return viewClasses.findIndex((each) => each?.name === name);
}

/** Gives each view memory of its own. A view into the message would keep all of it alive, and could write to it. */
class CopierDeserializer extends Deserializer {
  unknownTypes: UnknownTypes = 'refuse';

  _readHostObject(): unknown {
    const number = this.readUint32();
    if (number === envelopeNumber) return this.#openEnvelope(String(this.readValue()), this.readValue());
    const viewClass = viewClasses[number];
    if (viewClass === undefined) throw new RangeError(`no view has the number ${number}`);
    const length = this.readUint32();
    const bytes = new Uint8Array(length);
    bytes.set(this.readRawBytes(length));
    return number === bufferNumber ? Buffer.from(bytes.buffer) : new viewClass(bytes.buffer);
  }

  #openEnvelope(tag: string, data: unknown): unknown {
    if (isRegistered(tag)) return decodeTyped(tag, data);
    if (this.unknownTypes === 'refuse') throw notRegistered(tag);
    const envelope = new Envelope(tag, `a ${tag}`);
    envelope.data = data;
    return envelope;
  }
}
