// The inputs of a chunk, out of the blocks that came with it.

import type { Block, ChunkInput } from '../../lib/chunk.ts';
import { builtInModule, type Reference } from '../../code/registry.ts';
import type { UnknownTypes } from '../../values/copier.ts';
import { decodeOutcomes, type Outcomes } from '../outcomes.ts';

/** A range of an upstream array, and whether that is the children of a mapped task. */
interface Section {
  readonly start: number;
  readonly end: number;
  readonly isList: boolean;
  readonly unknownTypes: UnknownTypes;
}

/** Our own tasks hand values on, and know none of the user's types. */
export function unknownTypesFor({ module }: Reference): UnknownTypes {
  return module === builtInModule ? 'pass on' : 'refuse';
}

/** The outcomes of a range, put together from the blocks that touch it. */
export function outcomesOf({ blocks }: ChunkInput, { start, end, ...reading }: Section): Outcomes {
  const parts = blocks.map((block) =>
    cut(block, { ...reading, start: Math.max(start, block.start), end: Math.min(end, block.start + block.count) }),
  );
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  const values = parts.flatMap((part) => part.values);
  if (parts.every(({ states }) => states === undefined)) return { values, states: undefined };
  const states = parts.flatMap((part) => part.states ?? part.values.map(() => undefined));
  return { values, states };
}

function cut(block: Block, { start, end, isList, unknownTypes }: Section): Outcomes {
  const outcomes = decodeOutcomes(block.bytes, { mapIndex: isList ? block.start : undefined, unknownTypes });
  if (start === block.start && end === block.start + block.count) return outcomes;
  const { values, states } = outcomes;
  const from = start - block.start;
  const to = end - block.start;
  return { values: values.slice(from, to), states: states?.slice(from, to) };
}
