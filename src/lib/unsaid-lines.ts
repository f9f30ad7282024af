// Lines of the log that a thread has written and not posted yet, in shared memory: whatever ends the thread, or keeps
// it busy, leaves them there for those who watch over it.

import type { LogRecord } from './log-record.ts';

const capacityBytes = 64 * 1024;
const headBytes = Int32Array.BYTES_PER_ELEMENT;

export class UnsaidLines {
  readonly memory: SharedArrayBuffer;
  /** How many bytes of lines there are; negative while their writer is about to say them. */
  readonly #length: Int32Array;
  readonly #bytes: Buffer;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(headBytes + capacityBytes)) {
    this.memory = memory;
    this.#length = new Int32Array(memory, 0, 1);
    this.#bytes = Buffer.from(memory, headBytes);
  }

  /** For the writer. `first` of those that are there now, whoever said the earlier ones; `full` if it is not added. */
  add(record: LogRecord): 'first' | 'more' | 'full' {
    const line = `${JSON.stringify(record)}\n`;
    for (;;) {
      const length = Atomics.load(this.#length, 0);
      const start = Math.max(0, length);
      // A character takes three bytes at most; a line that might not fit is as good as one that does not.
      if (start + 3 * line.length > this.#bytes.length) return 'full';
      const end = start + this.#bytes.write(line, start);
      // Unless they were taken meanwhile.
      if (Atomics.compareExchange(this.#length, 0, length, end) === length) return start === 0 ? 'first' : 'more';
    }
  }

  /** For the writer, who is about to say them: whether nobody else does. Until then they can still be read. */
  claim(): boolean {
    const length = Atomics.load(this.#length, 0);
    return length > 0 && Atomics.compareExchange(this.#length, 0, length, -length) === length;
  }

  /** They are said. */
  clear(): void {
    Atomics.store(this.#length, 0, 0);
  }

  /** For who watches over a writer that may go on: to say them in his place, unless he does. */
  take(): LogRecord[] {
    for (;;) {
      const length = Atomics.load(this.#length, 0);
      if (length <= 0) return [];
      const records = this.read();
      if (Atomics.compareExchange(this.#length, 0, length, 0) === length) return records;
    }
  }

  /** Of a writer that is gone. */
  read(): LogRecord[] {
    const text = this.#bytes.toString('utf8', 0, Math.abs(Atomics.load(this.#length, 0)));
    return text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as LogRecord);
  }
}
