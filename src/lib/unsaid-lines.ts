// Lines of the log that a thread has written and not posted yet, in shared memory: whatever ends the thread, or keeps
// it busy, leaves them there for those who watch over it.

import type { LogRecord } from './log-record.ts';

const capacityBytes = 64 * 1024;
const words = {
  /** 1 while one end reads or writes. */
  lock: 0,
  /** How many bytes of lines there are; negative while their writer is about to say them. */
  length: 1,
  /** How many reports the writer had posted when it was about to say them. */
  reports: 2,
} as const;
const headBytes = 3 * Int32Array.BYTES_PER_ELEMENT;
/** Nobody is notified, which would cost more than to look again. */
const lookAgainMs = 1;

export class UnsaidLines {
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #bytes: Buffer;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(headBytes + capacityBytes)) {
    this.memory = memory;
    this.#words = new Int32Array(memory, 0, 3);
    this.#bytes = Buffer.from(memory, headBytes);
  }

  /** For the writer. `first` of those that are there now, whoever said the earlier ones; `full` if it is not added. */
  add(record: LogRecord): 'first' | 'more' | 'full' {
    const line = `${JSON.stringify(record)}\n`;
    this.#lock();
    const start = Math.max(0, this.#length);
    // A character takes three bytes at most; a line that might not fit is as good as one that does not.
    const isRoom = start + 3 * line.length <= this.#bytes.length;
    if (isRoom) this.#length = start + this.#bytes.write(line, start);
    this.#unlock();
    if (!isRoom) return 'full';
    return start === 0 ? 'first' : 'more';
  }

  /** For the writer, who is about to say them with the next report after so many: whether nobody else does. */
  claim(reports: number): boolean {
    this.#lock();
    const length = this.#length;
    if (length > 0) {
      Atomics.store(this.#words, words.reports, reports);
      this.#length = -length;
    }
    this.#unlock();
    return length > 0;
  }

  /** Those that were claimed are said. */
  clear(): void {
    this.#length = 0;
  }

  /** For the next writer, who has not begun. The one before may have ended anywhere. */
  reset(): void {
    this.#length = 0;
    this.#unlock();
  }

  /**
   * For the watcher of a writer that may go on: to say them in its place, unless it is about to. None unless
   * `isHeard` says, while the writer can say no more, that all is heard that it said itself.
   */
  take(isHeard: () => boolean): LogRecord[] {
    if (!this.#tryLock()) return [];
    const records = this.#length > 0 && isHeard() ? this.#read() : [];
    if (records.length > 0) this.#length = 0;
    this.#unlock();
    return records;
  }

  /** Takes what a writer who is gone has not said, of whom so many reports were heard. */
  takeLast(heard: number): LogRecord[] {
    const isSaid = this.#length < 0 && heard > Atomics.load(this.#words, words.reports);
    const records = isSaid ? [] : this.#read();
    this.#length = 0;
    return records;
  }

  #read(): LogRecord[] {
    const text = this.#bytes.toString('utf8', 0, Math.abs(this.#length));
    return text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as LogRecord);
  }

  get #length(): number {
    return Atomics.load(this.#words, words.length);
  }

  set #length(length: number) {
    Atomics.store(this.#words, words.length, length);
  }

  #tryLock(): boolean {
    return Atomics.compareExchange(this.#words, words.lock, 0, 1) === 0;
  }

  #lock(): void {
    while (!this.#tryLock()) Atomics.wait(this.#words, words.lock, 1, lookAgainMs);
  }

  #unlock(): void {
    Atomics.store(this.#words, words.lock, 0);
  }
}
