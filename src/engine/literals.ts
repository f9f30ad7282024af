// Lists of the user's values that are mapped over, as given arrays: outcomes that came with the flow.

import type { Block } from '../lib/chunk.ts';
import type { State } from '../flow/state.ts';
import { assertTravels } from '../values/travels.ts';
import { isExact } from '../values/exactness.ts';
import { encodeOutcomes } from './outcomes.ts';
import { failed } from './endings.ts';

/** A chunk fetches whole blocks, so a block should be no larger than what one chunk may well need. */
const blockBytes = 64 * 1024;
const maxBlockLength = 1_024;

export interface LiteralUse {
  /** The task that is mapped over the list. */
  readonly task: string;
  /** Told once for each way in which values will not arrive as they are. */
  readonly warn: (text: string) => void;
  /** States that stand in the list instead of values, by index. */
  readonly states?: ReadonlyMap<number, State>;
}

/** The list as blocks. An element that cannot travel becomes the failure of the child that was to get it. */
export function blocksOf(values: readonly unknown[], use: LiteralUse): Block[] {
  const states = new Map(use.states);
  values.forEach((value, index) => {
    if (isExact(value)) return;
    try {
      const changed = assertTravels(value, { role: 'input', task: use.task, mapIndex: index });
      for (const { path, what, remedy } of changed)
        use.warn(
          `input${path} of task '${use.task}' ${what}; it will arrive changed: ${remedy[0] ?? 'send plain data'}`,
        );
    } catch (error) {
      states.set(index, failed(error));
    }
  });

  const blocks: Block[] = [];
  let length = 1;
  for (let start = 0; start < values.length; start += blocks.at(-1)!.count) {
    const slice = values.slice(start, start + length);
    const bad = new Map(
      [...states].flatMap(([index, state]) => (inSlice(index) ? [[index - start, state] as const] : [])),
    );
    const bytes = encodeOutcomes(
      slice.map((value, position) => (bad.has(position) ? undefined : value)),
      bad,
    );
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
