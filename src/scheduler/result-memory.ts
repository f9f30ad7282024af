// The outcomes that a scheduler holds: in memory up to a limit, the rest on disk. The oldest go to disk first, since
// dependents most often want the latest next. Only those wait for the disk who want what is there.

import { attach, attachmentsOf, byteLengthOf } from '../lib/attachments.ts';
import { formatBytes } from '../lib/byte-size.ts';
import type { Block } from '../lib/chunk.ts';
import type { Range } from '../lib/range.ts';
import { messageIn } from '../lib/thrown-text.ts';
import { SpillFile } from './spill-file.ts';

/** A block that is held. Only `ResultMemory` needs to know where its bytes are. */
export interface HeldBlock {
  readonly start: number;
  readonly count: number;
  /** With what is attached to them. */
  readonly byteLength: number;
  /** How long each attachment is, by its number, in the order in which they follow the bytes on disk. */
  readonly attached: ReadonlyMap<number, number>;
  /** Present while they are in memory. */
  bytes: Uint8Array | undefined;
  /** Where they are on disk, once they are. */
  place: Range | undefined;
  /** How many readers and writers use that place now. */
  users: number;
  /** Its client was told of it, and may still ask for it. */
  isOwed: boolean;
  isDropped: boolean;
}

/** Attached to most blocks: there may be a million, and a map for each takes more than they do. */
const nothing: HeldBlock['attached'] = new Map();

export interface ResultMemoryOptions {
  readonly limitBytes: number;
  /** The folder in which the file is made for what is over the limit. */
  readonly directory: string;
  readonly warn: (message: string) => void;
}

/** Up to this much over the limit, nobody waits for the disk. */
const slackBytes = 2 ** 20;
/** How long to wait before writing to the disk again, after that failed. */
const patienceMs = 10_000;

export class ResultMemory implements AsyncDisposable {
  readonly #options: ResultMemoryOptions;
  readonly #file: SpillFile;
  /** The blocks that are in memory and could as well be on disk, the oldest first. */
  readonly #inMemory = new Set<HeldBlock>();
  /** How much all blocks in memory take, whether they could be on disk or not. */
  memoryBytes = 0;
  /** How much those on disk take. */
  spilledBytes = 0;
  /** Settles when nothing more has to be written, or can be. */
  #spilling: Promise<void> | undefined;
  #refusedUntil = -Infinity;
  #hasWarned = false;

  constructor(options: ResultMemoryOptions) {
    this.#options = options;
    this.#file = new SpillFile(options.directory);
  }

  get heldBytes(): number {
    return this.memoryBytes + this.spilledBytes;
  }

  add({ start, count, bytes }: Block, { isOwed = false } = {}): HeldBlock {
    const byteLength = byteLengthOf(bytes);
    const attachments = [...(attachmentsOf(bytes)?.attachments ?? [])];
    const lengths = attachments.map(([number, memory]) => [number, memory.byteLength] as const);
    const attached = lengths.length === 0 ? nothing : new Map(lengths);
    const whole = { start, count, byteLength, attached, bytes, place: undefined };
    const block: HeldBlock = { ...whole, users: 0, isOwed, isDropped: false };
    this.memoryBytes += byteLength;
    // Shared memory stays in memory: others look at the very same.
    if (attachments.every(([, memory]) => memory instanceof ArrayBuffer)) this.#inMemory.add(block);
    if (this.memoryBytes > this.#options.limitBytes) this.#spilling ??= this.#spill();
    return block;
  }

  /** If far more is in memory than should be, a promise that settles when enough was written. */
  get behind(): Promise<void> | undefined {
    const { limitBytes } = this.#options;
    return this.memoryBytes > limitBytes + Math.max(limitBytes / 4, slackBytes) ? this.#spilling : undefined;
  }

  drop(block: HeldBlock): void {
    if (block.bytes === undefined) this.spilledBytes -= block.byteLength;
    else this.#leaveMemory(block);
    block.isDropped = true;
    this.#freePlace(block);
  }

  /** Returns them at once when all are in memory; else a promise, which may reject with `RESULT_LOST`. */
  read(blocks: readonly HeldBlock[]): readonly Block[] | Promise<readonly Block[]> {
    const known = blocks.map(({ start, count, bytes }) => (bytes === undefined ? undefined : { start, count, bytes }));
    if (known.every((block) => block !== undefined)) return known;
    return Promise.all(blocks.map(async (block, position) => known[position] ?? (await this.#fetch(block))));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#refusedUntil = Infinity;
    await this.#file[Symbol.asyncDispose]();
  }

  async #fetch(block: HeldBlock): Promise<Block> {
    const { start, count } = block;
    block.users += 1;
    try {
      return { start, count, bytes: await this.#read(block) };
    } finally {
      block.users -= 1;
      this.#freePlace(block);
    }
  }

  async #read({ byteLength, attached, place }: HeldBlock): Promise<Uint8Array> {
    let { start } = place!;
    const next = async (length: number) => {
      start += length;
      return await this.#file.read({ start: start - length, end: start });
    };
    const bytes = await next(byteLength - [...attached.values()].reduce((sum, length) => sum + length, 0));
    const attachments = new Map<number, ArrayBuffer>();
    for (const [number, length] of attached) attachments.set(number, (await next(length)).buffer as ArrayBuffer);
    attach(bytes, attachments);
    return bytes;
  }

  async #spill(): Promise<void> {
    // Blocks that are dropped in the same turn need not be written.
    await Promise.resolve();
    while (this.memoryBytes > this.#options.limitBytes && performance.now() >= this.#refusedUntil) {
      const [oldest] = this.#inMemory;
      if (oldest === undefined) break;
      await this.#write(oldest);
    }
    this.#spilling = undefined;
  }

  async #write(block: HeldBlock): Promise<void> {
    block.users += 1;
    try {
      const bytes = block.bytes!;
      const memories = [...(attachmentsOf(bytes)?.attachments.values() ?? [])];
      block.place = await this.#file.write(bytes, ...memories.map((memory) => new Uint8Array(memory)));
      if (block.isDropped) return;
      this.#leaveMemory(block);
      this.spilledBytes += block.byteLength;
    } catch (error) {
      this.#refused(error);
    } finally {
      block.users -= 1;
      this.#freePlace(block);
    }
  }

  #refused(error: unknown): void {
    this.#refusedUntil = performance.now() + patienceMs;
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    const { limitBytes, directory, warn } = this.#options;
    const why = messageIn(error);
    const what = `results take more than ${formatBytes(limitBytes)} of memory, and cannot be moved to disk`;
    const remedy = 'Make room there, or name another folder for them, or allow more memory.';
    warn(`${what} in ${directory}: ${why}. They stay in memory. ${remedy}`);
  }

  #leaveMemory(block: HeldBlock): void {
    this.#inMemory.delete(block);
    block.bytes = undefined;
    this.memoryBytes -= block.byteLength;
  }

  #freePlace(block: HeldBlock): void {
    if (!block.isDropped || block.users > 0 || block.place === undefined) return;
    this.#file.free(block.place);
    block.place = undefined;
  }
}
