// The copier: V8's own serializer, which keeps nearly everything of a value, and our additions to it: views get memory
// of their own, and in envelopes go what it cannot rebuild.

import { types } from 'node:util';
import { DefaultSerializer, Deserializer } from 'node:v8';
import type { Attached } from '../lib/attachments.ts';
import { HeddleError } from '../lib/heddle-error.ts';
import { Envelope } from './envelope.ts';
import { kindOfView } from './exactness.ts';
import { shorten } from './members.ts';
import { isGivenUp } from './transfer.ts';
import { decodeTyped, isRegistered, notRegistered, ownPrefix } from './types.ts';
import { viewClasses } from './view-classes.ts';

const dataViewNumber = 0;
const bufferNumber = 1;
const envelopeNumber = 64;
const movedNumber = 65;
const sharedNumber = 66;

/** A view of as much goes beside the bytes, where there is a way: it is not copied once more to be read. */
const besideBytes = 64 * 1024;

/** What becomes of a value of a type that is not registered here: an error, or it is passed on in its envelope. */
export type UnknownTypes = 'refuse' | 'pass on';

export interface Reading {
  readonly unknownTypes?: UnknownTypes | undefined;
  /** What came beside the bytes. */
  readonly attached?: Attached | undefined;
}

export interface Writing {
  /** Collects memory that goes beside the bytes, large views too; nothing does where there is no such collection. */
  readonly attaching?: Map<number, ArrayBuffer | SharedArrayBuffer> | undefined;
  /** Gives the memory for a large view, with a copy of its bytes; each time another one, if not said. */
  readonly copyOf?: ((view: object, bytes: Uint8Array) => SharedArrayBuffer) | undefined;
  /** Whether memory that was given up is taken: it is gone for its author then, wherever it goes. */
  readonly takesGivenUp?: boolean;
}

/** Numbers of attachments; never used twice in a thread, so that blocks can be joined. */
let nextAttachment = 1;

/** Bytes of the value behind those of `head`, which are numbers below 128. They own their memory. */
export function write(value: unknown, head: readonly number[], writing: Writing = {}): Uint8Array {
  const serializer = new CopierSerializer(writing);
  // A number below 128 is written as one byte.
  for (const byte of head) serializer.writeUint32(byte);
  serializer.writeHeader();
  try {
    serializer.writeValue(value);
  } catch (error) {
    throw notWritten(error);
  }
  serializer.takeGivenUp();
  return serializer.releaseBuffer();
}

/** Of what was looked at before, and was fit to travel then. */
function notWritten(cause: unknown): HeddleError {
  const why = cause instanceof Error ? cause.message.split('\n')[0]!.replace(/\.$/, '') : String(cause);
  const message =
    `a value that was fit to travel when it was looked at cannot be written: ${shorten(why)}. A getter that gives ` +
    `something else each time it is read does that, and so does an object that was given another prototype: send ` +
    `plain data.`;
  return new HeddleError('VALUE_NOT_SERIALIZABLE', message, { cause });
}

const noReading: Reading = {};

/** The value of bytes that begin with a head of so many bytes. Nothing in it refers to them. */
export function read(bytes: Uint8Array, headLength: number, reading: Reading = noReading): unknown {
  // Reading memory that another thread can write to, while it is being parsed, is not safe.
  const isShared = types.isSharedArrayBuffer(bytes.buffer);
  const own = isShared ? bytes.slice(headLength) : bytes.subarray(headLength);
  const deserializer = new CopierDeserializer(own);
  deserializer.reading = reading;
  deserializer.readHeader();
  return deserializer.readValue();
}

const envelopeMark = Buffer.from([0x5c, envelopeNumber]);
/** How V8 marks a text of one byte a letter, and of two. */
const textMarks: readonly (number | undefined)[] = [0x22, 0x63];

/** Whether something in these bytes is, or looks as if it were, of a type that the user registered. */
export function mayHoldTypes(bytes: Uint8Array): boolean {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = buffer.indexOf(envelopeMark); at !== -1; at = buffer.indexOf(envelopeMark, at + 1)) {
    const tag = buffer.toString('latin1', at + 4, at + 4 + ownPrefix.length);
    if (textMarks.includes(buffer[at + 2]) && tag !== ownPrefix) return true;
  }
  return false;
}

/** Is asked how to write views. They are cut out of their buffers, so that nothing else in those leaves the process. */
class CopierSerializer extends DefaultSerializer {
  readonly #writing: Writing;
  /** Memory that was given up, by the number under which it goes; without one, it was copied. */
  readonly #givenUp = new Map<ArrayBuffer, number | undefined>();

  constructor(writing: Writing) {
    super();
    this.#writing = writing;
  }

  _writeHostObject(view: NodeJS.ArrayBufferView): void {
    if (Envelope.is(view)) {
      if (view.isShared) return this.#writeShared(view.data as SharedArrayBuffer);
      this.writeUint32(envelopeNumber);
      this.writeValue(view.tag);
      this.writeValue(view.data);
      return;
    }
    // With a prototype that is not that of a view, it does not say where its bytes are.
    if (!('buffer' in view)) throw new TypeError('Unserializable host object: a view');
    const viewNumber = numberOf(view);
    const bytes = bytesOf(view, viewNumber);
    if (this.#writing.takesGivenUp === true && isGivenUp(bytes.buffer) && this.#writeMoved(viewNumber, bytes)) return;
    const { attaching, copyOf } = this.#writing;
    if (attaching !== undefined && bytes.length >= besideBytes) {
      const number = nextAttachment++;
      attaching.set(number, copyOf?.(view, bytes) ?? bytes.slice().buffer);
      return this.#writePlace([viewNumber, number, 0, bytes.length]);
    }
    this.writeUint32(viewNumber);
    this.writeUint32(bytes.length);
    this.writeRawBytes(bytes);
  }

  /** Of a view in memory that goes beside the bytes. */
  #writePlace(place: readonly [viewNumber: number, number: number, offset: number, length: number]): void {
    this.writeUint32(movedNumber);
    for (const part of place) this.writeUint32(part);
  }

  #writeShared(memory: SharedArrayBuffer): void {
    const number = nextAttachment++;
    this.#writing.attaching!.set(number, memory);
    this.writeUint32(sharedNumber);
    this.writeUint32(number);
  }

  /** A small view of much memory is copied all the same, so that nothing else of it goes along. */
  #writeMoved(viewNumber: number, { buffer: memory, byteOffset, length }: Uint8Array<ArrayBuffer>): boolean {
    const isMoved = this.#writing.attaching !== undefined && length * 2 > memory.byteLength && !memory.resizable;
    const number = this.#givenUp.get(memory) ?? (isMoved ? nextAttachment++ : undefined);
    this.#givenUp.set(memory, number);
    if (number === undefined) return false;
    this.#writePlace([viewNumber, number, byteOffset, length]);
    return true;
  }

  takeGivenUp(): void {
    for (const [memory, number] of this.#givenUp) {
      const moved = memory.transfer();
      if (number !== undefined) this.#writing.attaching!.set(number, moved);
    }
  }
}

const ofDataView = gettersOf(DataView.prototype);
const ofTypedArray = gettersOf(Object.getPrototypeOf(Uint8Array.prototype) as object);

/** Those of the language: a view, or its class, may say something else of itself. */
function gettersOf(prototype: object) {
  const { buffer, byteOffset, byteLength } = Object.getOwnPropertyDescriptors(prototype as Uint8Array<ArrayBuffer>);
  return { memory: buffer.get!, offset: byteOffset.get!, length: byteLength.get! };
}

function bytesOf(view: NodeJS.ArrayBufferView, viewNumber: number): Uint8Array<ArrayBuffer> {
  const { memory, offset, length } = viewNumber === dataViewNumber ? ofDataView : ofTypedArray;
  return new Uint8Array(memory.call(view), offset.call(view), length.call(view));
}

export function numberOf(view: NodeJS.ArrayBufferView): number {
  if (Buffer.isBuffer(view)) return bufferNumber;
  if (types.isDataView(view)) return dataViewNumber;
  const name = kindOfView(view);
  return viewClasses.findIndex((each) => each.name === name);
}

/** Gives each view memory of its own. A view into the message would keep all of it alive, and could write to it. */
class CopierDeserializer extends Deserializer {
  reading: Reading = noReading;
  /** Memory that was moved here, or its copy, by its number: several views may look at it. */
  readonly #moved = new Map<number, ArrayBuffer>();

  _readHostObject(): unknown {
    const number = this.readUint32();
    if (number === envelopeNumber) return this.#openEnvelope(String(this.readValue()), this.readValue());
    if (number === movedNumber) return this.#readMoved();
    if (number === sharedNumber) return this.#attachment(this.readUint32());
    const length = this.readUint32();
    const bytes = new Uint8Array(length);
    bytes.set(this.readRawBytes(length));
    return viewOf(number, bytes.buffer, 0, length);
  }

  #readMoved(): NodeJS.ArrayBufferView {
    const next = () => this.readUint32();
    const [viewNumber, number, offset, length] = [next(), next(), next(), next()];
    if (!this.#moved.has(number)) {
      const memory = this.#attachment(number);
      const isOwn = this.reading.attached?.isForKeeps === true && types.isArrayBuffer(memory);
      this.#moved.set(number, isOwn ? memory : new Uint8Array(memory).slice().buffer);
    }
    return viewOf(viewNumber, this.#moved.get(number)!, offset, length);
  }

  #attachment(number: number): ArrayBuffer | SharedArrayBuffer {
    const memory = this.reading.attached?.attachments.get(number);
    if (memory === undefined) throw new RangeError('a block of values came without the memory that belongs to it');
    return memory;
  }

  #openEnvelope(tag: string, data: unknown): unknown {
    if (isRegistered(tag)) return decodeTyped(tag, data);
    if (this.reading.unknownTypes !== 'pass on') throw notRegistered(tag);
    const envelope = new Envelope(tag, `a ${tag}`);
    envelope.data = data;
    return envelope;
  }
}

/** A view by the number of its class. */
export function viewOf(number: number, memory: ArrayBufferLike, offset: number, byteLength: number) {
  const viewClass = viewClasses[number];
  if (viewClass === undefined) throw new RangeError(`no view has the number ${number}`);
  if (number === bufferNumber) return Buffer.from(memory as ArrayBuffer, offset, byteLength);
  const { BYTES_PER_ELEMENT: size = 1 } = viewClass;
  return new viewClass(memory as never, offset, byteLength / size);
}
