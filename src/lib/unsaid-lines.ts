// Lines of the log that a thread has written and not posted yet, in shared memory: whatever ends the thread leaves them
// there, for those who watch over it.

import type { LogRecord } from './log-record.ts';

const capacityBytes = 64 * 1024;
const headBytes = Int32Array.BYTES_PER_ELEMENT;

export class UnsaidLines {
  readonly memory: SharedArrayBuffer;
  /** How many bytes of lines there are. */
  readonly #length: Int32Array;
  readonly #bytes: Buffer;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(headBytes + capacityBytes)) {
    this.memory = memory;
    this.#length = new Int32Array(memory, 0, 1);
    this.#bytes = Buffer.from(memory, headBytes);
  }

  /** Whether there was room for it. */
  add(record: LogRecord): boolean {
    const line = `${JSON.stringify(record)}\n`;
    const start = Atomics.load(this.#length, 0);
    // A character takes three bytes at most; a line that might not fit is as good as one that does not.
    if (start + 3 * line.length > this.#bytes.length) return false;
    Atomics.store(this.#length, 0, start + this.#bytes.write(line, start));
    return true;
  }

  clear(): void {
    Atomics.store(this.#length, 0, 0);
  }

  read(): LogRecord[] {
    const text = this.#bytes.toString('utf8', 0, Atomics.load(this.#length, 0));
    return text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as LogRecord);
  }
}
