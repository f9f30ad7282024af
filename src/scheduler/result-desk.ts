// Passes outcomes of task runs on to those who need them: to workers, as inputs of dependents, and to the client, which
// asks for large ones. What nobody needs any more is dropped.

import { tmpdir } from 'node:os';
import { byteLengthOf } from '../lib/attachments.ts';
import { blockHeadBytes, type Block, type ChunkInput } from '../lib/chunk.ts';
import type { HeddleError } from '../lib/heddle-error.ts';
import { rangeOf, unit } from '../lib/range.ts';
import type { FromClient, FromWorker, ToClient, ToWorker } from '../protocol/messages.ts';
import type { CodeDesk } from './code-desk.ts';
import type { Command, Event, SchedulerCore } from './core.ts';
import { type ClientPeer, type HeldArray, type WorkerPeer } from './peers.ts';
import { ResultMemory, type HeldBlock } from './result-memory.ts';
import type { SchedulerOptions } from './scheduler-options.ts';

/** Outcomes, and who tells of them. */
export interface Told {
  readonly worker: WorkerPeer;
  readonly message: Extract<FromWorker, { type: 'settled' }>;
}

type RunChunk = Extract<Command, { type: 'run-chunk' }>;
/** Where indices were run, as the client is told. */
export type Ran = NonNullable<Extract<ToClient, { type: 'settled' }>['ran']>;

/** Of a larger block, the client is only told; it is sent when the client asks for it. */
const toldBytes = 64 * 1024;

interface RestOfScheduler {
  readonly core: SchedulerCore;
  readonly code: CodeDesk;
  readonly warn: (message: string) => void;
  /** The run of the client was told that it cannot go on. */
  readonly failed: (client: ClientPeer) => void;
  /** A chunk that was assigned could not be sent. */
  readonly unsent: (worker: WorkerPeer, attempt: number) => void;
}

export class ResultDesk {
  readonly memory: ResultMemory;
  readonly #around: RestOfScheduler;

  constructor(options: SchedulerOptions, around: RestOfScheduler) {
    const { resultMemoryBytes: limitBytes = 2 ** 30, spillDirectory = tmpdir() } = options;
    this.memory = new ResultMemory({ limitBytes, directory: spillDirectory, warn: around.warn });
    this.#around = around;
  }

  submitted(array: HeldArray, given: readonly Block[]): void {
    for (const block of given) array.blocks.add(this.memory.add(block));
  }

  /** Some indices of an array have settled. */
  settled(array: HeldArray, block: Block, ran: Ran | undefined): void {
    const { start, count, bytes } = block;
    const { byteLength } = bytes;
    const isOwed = byteLength > toldBytes;
    const held = this.memory.add(block, { isOwed });
    array.blocks.add(held);
    // A slice of a Buffer would keep all of it.
    const head = () => new Uint8Array(bytes.subarray(0, blockHeadBytes));
    const told = isOwed ? { start, count, bytes: head(), byteLength } : block;
    array.client.comm.send({ ...told, type: 'settled', array: array.clientArray, ...(ran && { ran }) });
    this.#dropUnneeded(array, [held]);
    const range = rangeOf(block);
    for (const upstream of array.elementwise) this.#dropUnneeded(upstream, upstream.blocks.touching(range));
    if (array.whole.length === 0 || this.#around.core.arrays.get(array.id)?.isComplete === false) return;
    for (const upstream of array.whole) this.#dropUnneeded(upstream, upstream.blocks.all);
  }

  /** The client takes a block that it was told of, or does not want it. */
  answered(array: HeldArray | undefined, { start, isWanted }: Extract<FromClient, { type: 'take' }>): void {
    const [block] = array?.blocks.touching(unit(start)) ?? [];
    if (array === undefined || block === undefined || block.start !== start || !block.isOwed) return;
    block.isOwed = false;
    if (isWanted) void this.#deliver(array, block);
    this.#dropUnneeded(array, [block]);
  }

  /** No array that is still to be submitted needs these. */
  sealed(arrays: readonly HeldArray[]): void {
    for (const array of arrays) {
      array.isSealed = true;
      this.#dropUnneeded(array, array.blocks.all);
    }
  }

  forgotten(array: HeldArray): void {
    for (const block of array.blocks.all) this.memory.drop(block);
    for (const upstream of [...array.elementwise, ...array.whole]) {
      // An upstream that the core has forgotten as well is dropped as a whole in a moment.
      if (this.#around.core.arrays.has(upstream.id)) this.#dropUnneeded(upstream, upstream.blocks.all);
    }
  }

  /** Sends a chunk to a worker with all that it needs. Later messages arrive after it. */
  send(worker: WorkerPeer, array: HeldArray, command: RunChunk): void {
    const { ranges } = command;
    const isDefined = array.definedOn.has(worker);
    const defining = array.definedOn.get(worker);
    const lacking = array.whole.filter(({ wholeOn }) => !wholeOn.has(worker));
    const wholes = lacking.map((upstream) => ({ upstream, blocks: upstream.blocks.all }));
    const parts = array.elementwise.map((upstream) => {
      return { upstream, blocks: [...new Set(ranges.flatMap((range) => upstream.blocks.touching(range)))] };
    });
    const needs = [...wholes, ...parts];
    const read = this.memory.read(needs.flatMap(({ blocks }) => blocks));
    const make = (blocks: readonly Block[]): readonly ToWorker[] => {
      const inputs = inputsOf(needs, blocks);
      const run = runMessage(array, command, inputs.slice(wholes.length));
      if (isDefined) return [run];
      const whole = inputs.slice(0, wholes.length).map((input) => ({ ...input, type: 'whole' }) as const);
      return [...whole, { type: 'define', definition: this.#around.code.definitionOf(array) }, run];
    };
    for (const { wholeOn } of lacking) wholeOn.add(worker);
    if (!(read instanceof Promise) && defining === undefined) {
      array.definedOn.set(worker, undefined);
      return worker.line.send(...make(read));
    }
    // What defines it may be lost: then nothing of it is sent.
    const made = Promise.all([read, defining]).then(([blocks]) => make(blocks));
    const messages = this.#orNothing(made, array.client);
    // A promise of the messages themselves would keep all that is in them.
    const sent = messages.then(({ length }) => {
      if (length === 0) this.#around.unsent(worker, command.attempt);
    });
    if (!isDefined) array.definedOn.set(worker, sent);
    worker.line.sendWhenRead(messages);
  }

  /** Tells the client, once, that its run cannot go on. */
  #fail(client: ClientPeer, { code, message }: HeddleError): void {
    if (client.hasFailed) return;
    client.hasFailed = true;
    client.comm.send({ type: 'failed', code, message });
    this.#around.failed(client);
  }

  async #orNothing(made: Promise<readonly ToWorker[]>, client: ClientPeer): Promise<readonly ToWorker[]> {
    try {
      const all = await made;
      // Something before these in the line may have been unreadable, and the run has failed.
      if (!client.hasFailed) return all;
    } catch (error) {
      this.#fail(client, error as HeddleError);
    }
    return [];
  }

  async #deliver({ client, clientArray }: HeldArray, block: HeldBlock): Promise<void> {
    try {
      const [{ start, count, bytes } = block] = await this.memory.read([block]);
      client.comm.send({ type: 'block', array: clientArray, start, count, bytes: bytes! });
    } catch (error) {
      this.#fail(client, error as HeddleError);
    }
  }

  #dropUnneeded(array: HeldArray, blocks: readonly HeldBlock[]): void {
    if (!array.isSealed) return;
    for (const block of blocks) {
      if (block.isOwed || this.#isNeeded(array, block)) continue;
      array.blocks.remove(block);
      this.memory.drop(block);
    }
  }

  #isNeeded(array: HeldArray, { start, count }: HeldBlock): boolean {
    const record = this.#around.core.arrays.get(array.id);
    if (record === undefined) return false;
    if (record.wholeDependents.size > 0) return true;
    return record.elementwiseDependents
      .values()
      .some(({ settled, length }) => !settled.covers({ start, end: Math.min(start + count, length) }));
  }
}

/** The blocks, read in the order of `needs`, grouped by the array that they belong to. */
function inputsOf(needs: readonly Need[], blocks: readonly Block[]): ChunkInput[] {
  let next = 0;
  return needs.map(({ upstream, blocks: { length } }) => {
    next += length;
    return { array: upstream.id, blocks: blocks.slice(next - length, next) };
  });
}

interface Need {
  readonly upstream: HeldArray;
  readonly blocks: readonly HeldBlock[];
}

function runMessage(array: HeldArray, command: RunChunk, inputs: readonly ChunkInput[]): ToWorker {
  const { ranges, attempt, lanes, behind } = command;
  const noted = ranges.flatMap((range) => array.notesWithin(range));
  const notes = noted.flatMap(({ index, bytes }) => (bytes === undefined ? [] : [{ index, bytes }]));
  const timedOut = noted.filter(({ isTimedOut }) => isTimedOut).map(({ index }) => index);
  const run = { type: 'run', array: array.id, attempt, ranges, lanes, inputs, notes, timedOut } as const;
  return behind === undefined ? run : { ...run, behind };
}

/** What the core is told of outcomes. */
export function newsOf(
  { id: worker }: WorkerPeer,
  message: Told['message'],
): Extract<Event, { type: 'indices-settled' }> {
  const { attempt, busyMs, isLast = false, unable } = message;
  const news = { worker, attempt, range: rangeOf(message), busyMs, bytes: byteLengthOf(message.bytes), isLast };
  return { ...news, type: 'indices-settled', ...(unable !== undefined && { isUnable: true }) };
}

/** What the client is told of where indices were run. */
export function ranOf({ worker, message: { busyMs, retried } }: Told): Ran {
  return { worker: worker.name, busyMs, ...(retried !== undefined && { retried }) };
}
