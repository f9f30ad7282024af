interface ViewClass {
  readonly name: string;
  readonly prototype: object;
  readonly BYTES_PER_ELEMENT?: number;
  new (memory: never, offset: number, length: number): NodeJS.ArrayBufferView;
}

/** The classes of views, by their number on the wire: numbers are never given to another class. */
export const viewClasses: readonly ViewClass[] = [
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
  Float16Array,
];
