// Turns lists of the user's values that are mapped over into given arrays: outcomes that come with the flow.

import { attach, byteLengthOf } from '../../lib/attachments.ts';
import type { Block } from '../../lib/chunk.ts';
import type { Range } from '../../lib/range.ts';
import { encodeValue } from '../../values/encode.ts';
import { isExact } from '../../values/exactness.ts';
import { Table, takeTableApart } from '../../values/rows.ts';
import { assertFits } from '../../values/size.ts';
import type { State } from '../../flow/state.ts';
import { encodeOutcomes } from '../outcomes.ts';
import { outgoing, type OutgoingUse } from '../outgoing.ts';
import { failed } from '../failures.ts';

/** A chunk gets whole blocks, so a block should be no larger than what one chunk needs. */
const blockBytes = 64 * 1024;
const maxBlockLength = 1_024;
const maxBlockBytes = 4 * blockBytes;

export interface LiteralUse {
  /** Where the element at an index goes, for messages. */
  readonly destination: (index: number) => OutgoingUse;
  readonly limitBytes: number;
  /** States that stand in the list instead of values, by index. */
  readonly states?: ReadonlyMap<number, State>;
}

/** The list as blocks. An element that cannot travel becomes the failure of the child that was to get it. */
export function blocksOf(given: readonly unknown[], use: LiteralUse): Block[] {
  const states = new Map(use.states);
  /** By index: what is sent in place of elements that cannot be sent as they are. */
  const sent = new Map<number, unknown>();
  const sendable = (index: number): unknown => {
    if (sent.has(index)) return sent.get(index);
    try {
      sent.set(
        index,
        outgoing(given[index], () => use.destination(index)),
      );
    } catch (error) {
      states.set(index, failed(error));
      sent.set(index, undefined);
    }
    return sent.get(index);
  };

  const sharesMemory = use.destination(0).sharesMemory === true;
  const blocks: Block[] = [];
  let length = 1;
  for (let start = 0; start < given.length;) {
    const slice = given.slice(start, start + length);
    prepare(slice, (position) => sendable(start + position));
    const attaching = sharesMemory ? new Map() : undefined;
    const ends = within(states, { start, end: start + slice.length });
    const bytes = encodeOutcomes(slice, ends, { attaching });
    if (attaching !== undefined) attach(bytes, attaching);
    const total = byteLengthOf(bytes);
    length = Math.max(1, Math.min(maxBlockLength, Math.floor((blockBytes * slice.length) / total)));
    // One element is far larger than those before it, so it gets a block of its own, for those who need the others.
    if (total > maxBlockBytes && slice.length > 1) continue;
    const count = slice.length;
    const whole = slice[0] instanceof Table ? given[start] : slice[0];
    blocks.push(total > use.limitBytes ? tooLarge(whole, start, use) : { start, count, bytes });
    start += count;
  }
  return blocks;
}

/** Replaces values by tables if the first one can be taken apart, and replaces values that would not arrive exactly. */
function prepare(values: unknown[], replacement: (position: number) => unknown): void {
  const first = takeTableApart(values[0]);
  for (let position = 0; position < values.length; position += 1) {
    const value = values[position];
    const table = position === 0 || first === undefined ? first : takeTableApart(value);
    if (table !== undefined) values[position] = table;
    else if (!isExact(value)) values[position] = replacement(position);
  }
}

function within(states: ReadonlyMap<number, State>, { start, end }: Range): Map<number, State> {
  if (states.size === 0) return new Map();
  return new Map(
    [...states].flatMap(([index, state]) => (index >= start && index < end ? [[index - start, state]] : [])),
  );
}

/** The failure for an element that is too large; it is always alone in its block. */
function tooLarge(value: unknown, start: number, { destination, limitBytes }: LiteralUse): Block {
  try {
    assertFits(value, encodeValue(value).length, { ...destination(start), limitBytes });
    return { start, count: 1, bytes: encodeOutcomes([value], new Map()) };
  } catch (error) {
    return { ...blockOfState(failed(error)), start };
  }
}

/** The one outcome of a task that was never run, as a given array of length 1. */
export function blockOfState(state: State): Block {
  return { start: 0, count: 1, bytes: encodeOutcomes([undefined], new Map([[0, state]])) };
}
