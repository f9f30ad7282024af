// Reads the inputs of a chunk from the blocks that came with it.

import type { Block, ChunkInput } from '../../lib/chunk.ts';
import type { Range } from '../../lib/range.ts';
import { builtInModule, type Reference } from '../../code/registry.ts';
import type { UnknownTypes } from '../../values/copier.ts';
import { decodeOutcomes, type Outcomes } from '../outcomes.ts';

/** Parts of an upstream array, in order, or all of it; and whether that is the children of a mapped task. */
interface Section {
  readonly ranges?: readonly Range[];
  readonly isList: boolean;
  readonly unknownTypes: UnknownTypes;
}

/** How to read values of unknown types: our own tasks only hand them on, and know none of the user's types. */
export function unknownTypesFor({ module }: Reference): UnknownTypes {
  return module === builtInModule ? 'pass on' : 'refuse';
}

/** The outcomes of a section, put together from the blocks that touch it. */
export function outcomesOf({ blocks }: ChunkInput, section: Section): Outcomes {
  const parts = blocks.flatMap((block) => cut(block, section));
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  const values = parts.flatMap((part) => part.values);
  if (parts.every(({ states }) => states === undefined)) return { values, states: undefined };
  const states = parts.flatMap((part) => part.states ?? part.values.map(() => undefined));
  return { values, states };
}

function cut(block: Block, { ranges, isList, unknownTypes }: Section): readonly Outcomes[] {
  const outcomes = decodeOutcomes(block.bytes, { mapIndex: isList ? block.start : undefined, unknownTypes });
  if (ranges === undefined) return [outcomes];
  const { values, states } = outcomes;
  return ranges.flatMap(({ start, end }) => {
    const [from, to] = [Math.max(0, start - block.start), Math.min(block.count, end - block.start)];
    if (from === 0 && to === block.count) return [outcomes];
    return from < to ? [{ values: values.slice(from, to), states: states?.slice(from, to) }] : [];
  });
}
