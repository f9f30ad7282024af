// Lists of the user's values that are mapped over, as given arrays: outcomes that came with the flow.

import type { Block } from '../lib/chunk.ts';
import type { State } from '../flow/state.ts';
import { encodeOutcomes } from './outcomes.ts';
import { failed } from './endings.ts';
import { assertEachFits, outgoing, type OutgoingUse } from './outgoing.ts';

/** A chunk fetches whole blocks, so a block should be no larger than what one chunk may well need. */
const blockBytes = 64 * 1024;
const maxBlockLength = 1_024;

export interface LiteralUse {
  /** Of the element at an index, for whoever is told of it. */
  readonly destination: (index: number) => OutgoingUse;
  readonly limitBytes: number;
  /** States that stand in the list instead of values, by index. */
  readonly states?: ReadonlyMap<number, State>;
}

/** The list as blocks. An element that cannot travel becomes the failure of the child that was to get it. */
export function blocksOf(given: readonly unknown[], use: LiteralUse): Block[] {
  const states = new Map(use.states);
  const values = given.map((value, index) => {
    try {
      return outgoing(value, () => use.destination(index));
    } catch (error) {
      states.set(index, failed(error));
      return undefined;
    }
  });

  const blocks: Block[] = [];
  let length = 1;
  for (let start = 0; start < values.length; start += blocks.at(-1)!.count) {
    const slice = values.slice(start, start + length);
    const bad = new Map(
      [...states].flatMap(([index, state]) => (inSlice(index) ? [[index - start, state] as const] : [])),
    );
    const bytes = encodeOutcomes(slice, bad);
    if (bytes.length > use.limitBytes) {
      assertEachFits(
        slice.map((value, position) => [value, use.destination(start + position)]),
        use.limitBytes,
      );
    }
    blocks.push({ start, count: slice.length, bytes });
    length = Math.max(1, Math.min(maxBlockLength, Math.floor((blockBytes * slice.length) / bytes.length)));
    function inSlice(index: number): boolean {
      return index >= start && index < start + slice.length;
    }
  }
  return blocks;
}

/** The one outcome of a task that was never run, as a given array of length 1. */
export function blockOfState(state: State): Block {
  return { start: 0, count: 1, bytes: encodeOutcomes([undefined], new Map([[0, state]])) };
}
