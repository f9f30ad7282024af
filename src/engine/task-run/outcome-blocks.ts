import { attach } from '../../lib/attachments.ts';
import type { Block } from '../../lib/chunk.ts';
import { isExact } from '../../values/exactness.ts';
import { encodeColumn, encodeValue, joinValues } from '../../values/encode.ts';
import { Table, takeTableApart } from '../../values/rows.ts';
import { assertFits } from '../../values/size.ts';
import type { Destination } from '../../values/travels.ts';
import type { State } from '../../flow/state.ts';
import { packOutcomes, succeededHead as head } from '../outcomes.ts';
import { outgoing, type OutgoingUse } from '../outgoing.ts';
import type { RunPlan } from '../plan.ts';
import { Ending } from './endings.ts';
import type { TaskRunner } from './task-runner.ts';
import { failed } from '../failures.ts';

/** How many bytes a block should have at most: a chunk gets whole blocks, and might need little of a large one. */
const enoughBytes = 256 * 1024;
/** A text of this length or more is encoded by itself, so that its number of bytes is known. */
const longText = 64 * 1024;

/** Collects the outcomes of a chunk, whose indices may end in any order, until they leave as blocks. */
export class OutcomeBlocks {
  /** One for each row of consecutive indices; at least one. */
  readonly #buffers: OutcomeBuffer[];

  constructor(start: number) {
    this.#buffers = [new OutcomeBuffer(start)];
  }

  /** The buffer for the outcome of an index that has just ended. */
  at(index: number): OutcomeBuffer {
    const last = this.#buffers.at(-1)!;
    if (last.next === index) return last;
    let buffer = this.#buffers.find(({ next }) => next === index);
    if (buffer === undefined) this.#buffers.push((buffer = new OutcomeBuffer(index)));
    return buffer;
  }

  /** How many outcomes were collected. */
  get count(): number {
    return this.#buffers.reduce((sum, { count }) => sum + count, 0);
  }

  /** Whether what was collected is as much as a block should hold. */
  get isFull(): boolean {
    return this.#buffers.some(({ heldBytes }) => heldBytes >= enoughBytes);
  }

  /** What was collected. */
  take(): readonly Block[] {
    const blocks = this.#buffers.flatMap((buffer) => buffer.take() ?? []);
    if (this.#buffers.length > 1) this.#buffers.splice(0, this.#buffers.length - 1);
    return blocks;
  }
}

/**
 * Collects the outcomes of consecutive indices until they are sent as one block. An object is encoded when it is
 * returned, not when the block is sent: the task may keep it and change it in its next run.
 */
class OutcomeBuffer {
  #start: number;
  #values: unknown[] = [];
  /** By position: the bytes of the values that are objects, or long texts, as a block of their own. */
  #held = new Map<number, Uint8Array>();
  #states = new Map<number, State>();
  /** How many bytes all of these have, with the memory beside them. */
  heldBytes = 0;
  /** Memory that goes beside the bytes. */
  #attaching = new Map<number, ArrayBuffer>();

  constructor(start: number) {
    this.#start = start;
  }

  get count(): number {
    return this.#values.length;
  }

  /** The index that it can take next. */
  get next(): number {
    return this.#start + this.#values.length;
  }

  /** Takes a value that was returned, or returns the ending of the run if the value cannot travel. */
  succeed(index: number, value: unknown, plan: RunPlan, runner: TaskRunner): Ending | undefined {
    const position = index - this.#start;
    try {
      const table = takeTableApart(value);
      const sent = table ?? (isExact(value) ? value : outgoing(value, () => useOf(index, plan, runner)));
      const isHeld =
        (typeof sent === 'object' && sent !== null) || (typeof sent === 'string' && sent.length > longText);
      if (isHeld) this.#held.set(position, this.#encode(index, { value, sent }, plan));
      this.#values[position] = isHeld ? undefined : sent;
    } catch (error) {
      return new Ending(failed(error));
    }
    return undefined;
  }

  #encode(index: number, { value, sent }: { value: unknown; sent: unknown }, plan: RunPlan): Uint8Array {
    const attaching = plan.sharesMemory === true ? new Map<number, ArrayBuffer>() : undefined;
    const bytes = encodeValue(sent, head, { attaching, takesGivenUp: true });
    let total = bytes.length;
    for (const memory of attaching?.values() ?? []) total += memory.byteLength;
    if (total > plan.valueLimitBytes) {
      const whole = sent instanceof Table ? value : sent;
      assertFits(whole, total, { ...destinationOf(index, plan), limitBytes: plan.valueLimitBytes });
    }
    this.heldBytes += total;
    for (const [number, memory] of attaching ?? []) this.#attaching.set(number, memory);
    return bytes;
  }

  /** Puts a state of the task's own beside a value that was taken. */
  describe(index: number, state: State): void {
    this.#states.set(index - this.#start, state);
  }

  end(index: number, state: State): void {
    this.#values[index - this.#start] = undefined;
    this.#states.set(index - this.#start, state);
  }

  #restart(start: number): void {
    this.#start = start;
    this.#values = [];
    this.#held = new Map();
    this.heldBytes = 0;
    this.#states = new Map();
    if (this.#attaching.size > 0) this.#attaching = new Map();
  }

  /** What was collected; nothing when there is nothing. */
  take(): Block | undefined {
    const [start, count] = [this.#start, this.count];
    if (count === 0) return undefined;
    const bytes = this.#states.size === 0 ? this.#column(head) : packOutcomes(this.#column([]), this.#states);
    if (this.#attaching.size > 0) attach(bytes, this.#attaching);
    this.#restart(start + count);
    return { start, count, bytes };
  }

  #column(wantedHead: readonly number[]): Uint8Array {
    if (this.#held.size === 0) return encodeColumn(this.#values, wantedHead);
    const [only] = this.#held.values();
    // The bytes of a large value are not copied once more.
    if (this.#values.length === 1) return wantedHead === head ? only! : withoutHead(only!);
    const parts = this.#values.map((value, position) => {
      const held = this.#held.get(position);
      return held === undefined ? encodeValue(value) : withoutHead(held);
    });
    return joinValues(parts, wantedHead);
  }
}

function withoutHead(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(head.length);
}

function destinationOf(index: number, { name, isMapped, check, sharesMemory }: RunPlan): Destination {
  return { role: 'result', task: name, mapIndex: isMapped ? index : undefined, check, sharesMemory };
}

function useOf(index: number, plan: RunPlan, runner: TaskRunner): OutgoingUse {
  const warn = (message: string, once: string) => runner.loggerFor(index, once).warn(message);
  return { ...destinationOf(index, plan), flowRunId: plan.flowRunId, warn };
}
