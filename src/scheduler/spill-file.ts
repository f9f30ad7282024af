// Keeps bytes that have no room in memory in one file without a name: it is removed as soon as it is open, so that
// nobody else can read it, and nothing is left of it however the process ends. Places that are freed are used again;
// those at the end of the file are cut off.

import { open, unlink, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { nodeCrypto } from '../lib/lazy-node.ts';
import { HeddleError } from '../lib/heddle-error.ts';
import { lengthOf, type Range } from '../lib/range.ts';
import { Ranges } from '../lib/ranges.ts';
import { messageIn } from '../lib/thrown-text.ts';

export class SpillFile implements AsyncDisposable {
  /** The folder in which the file is made when it is first needed. */
  readonly directory: string;
  readonly #mostAtOnce: number;
  #file: Promise<FileHandle> | undefined;
  readonly #free = new Ranges();
  #end = 0;
  /** Settles after the latest change of the file. One at a time, so that no cut removes what was just written. */
  #changes: Promise<unknown> = Promise.resolve();

  /** `mostAtOnce`: how many bytes go in one call; less than 2 GB, which is more than Node and the system move. */
  constructor(directory: string, { mostAtOnce = 2 ** 30 } = {}) {
    this.directory = directory;
    this.#mostAtOnce = mostAtOnce;
  }

  /** How many bytes are kept here. */
  get usedBytes(): number {
    return this.#end - this.#free.size;
  }

  /**
   * Writes the pieces one behind the other, and returns their place. Rejects when there is no room or no such folder;
   * then nothing is kept.
   */
  async write(...pieces: readonly Uint8Array[]): Promise<Range> {
    const place = this.#take(pieces.reduce((sum, { byteLength }) => sum + byteLength, 0));
    try {
      await this.#change(async (file) => {
        let { start } = place;
        for (const piece of pieces) {
          await this.#writeAll(file, piece, start);
          start += piece.byteLength;
        }
      });
      return place;
    } catch (error) {
      this.free(place);
      throw error;
    }
  }

  /** Rejects with `RESULT_LOST` when it cannot be read, or is not all there. */
  async read(place: Range): Promise<Uint8Array> {
    const bytes = new Uint8Array(lengthOf(place));
    try {
      const file = await this.#opened();
      for (let done = 0; done < bytes.length;) {
        const length = Math.min(bytes.length - done, this.#mostAtOnce);
        const { bytesRead } = await file.read(bytes, done, length, place.start + done);
        if (bytesRead === 0) throw new Error(`the file ends after ${done} of ${bytes.length} bytes`);
        done += bytesRead;
      }
      return bytes;
    } catch (cause) {
      const why = messageIn(cause);
      const message = `a result that was moved from memory to disk (in ${this.directory}) cannot be read back: ${why}`;
      throw new HeddleError('RESULT_LOST', message, { directory: this.directory, cause });
    }
  }

  /** The place may be used for something else from here on. */
  free(place: Range): void {
    this.#free.add(place);
    const { last } = this.#free;
    if (last === undefined || last.end < this.#end) return;
    this.#free.remove(last);
    this.#end = last.start;
    // By the time it is cut, the end may have moved. If that fails, the file is only longer than it need be.
    if (this.#file !== undefined) void this.#change((file) => file.truncate(this.#end)).catch(() => {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#changes;
    await (await this.#file)?.close();
    this.#file = undefined;
  }

  /** The first gap that is large enough, or the end. */
  #take(size: number): Range {
    const gap = this.#free[Symbol.iterator]().find((range) => lengthOf(range) >= size);
    const start = gap?.start ?? this.#end;
    const place = { start, end: start + size };
    if (gap === undefined) this.#end = place.end;
    else this.#free.remove(place);
    return place;
  }

  async #change(change: (file: FileHandle) => Promise<void>): Promise<void> {
    const changed = this.#changes.then(async () => change(await this.#opened()));
    this.#changes = changed.catch(() => {});
    await changed;
  }

  async #writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
    for (let done = 0; done < bytes.byteLength;) {
      const length = Math.min(bytes.byteLength - done, this.#mostAtOnce);
      done += (await file.write(bytes, done, length, position + done)).bytesWritten;
    }
  }

  #opened(): Promise<FileHandle> {
    this.#file ??= openNameless(this.directory).catch((error: unknown) => {
      // The folder may be there next time.
      this.#file = undefined;
      throw error;
    });
    return this.#file;
  }
}

async function openNameless(directory: string): Promise<FileHandle> {
  const path = join(directory, `heddle-${process.pid}-${nodeCrypto().randomUUID()}`);
  const file = await open(path, 'wx+', 0o600);
  await unlink(path);
  return file;
}
