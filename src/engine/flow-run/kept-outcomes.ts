// Which outcomes of an earlier attempt still count when a flow run is resumed: those that need not be tried again, and
// whose upstream outcomes have not changed.

import { nodeCrypto } from '../../lib/lazy-node.ts';
import { blockKinds, type Block } from '../../lib/chunk.ts';
import { plural } from '../../lib/plural.ts';
import { rangeOf, type Range } from '../../lib/range.ts';
import { Ranges } from '../../lib/ranges.ts';
import type { State } from '../../flow/state.ts';
import { encodeValue } from '../../values/encode.ts';
import { packed } from '../../values/travels.ts';
import { setOf, type Journal, type NodeShape, type StoredBlock } from './journal.ts';
import { decodeOutcomes, encodeOutcomes } from '../outcomes.ts';
import type { Upstream, Wiring } from './wiring.ts';

/** What of an array need not be run again. */
export interface Kept {
  readonly blocks: readonly Block[];
  /** Whether all of the array is kept, and its upstreams are unchanged. */
  readonly isUnchanged: boolean;
}

export const noneKept: Kept = { blocks: [], isUnchanged: false };

/**
 * What of a node in the journal still counts. Notes there that the node is submitted with it, and warns of outcomes
 * that count no more because the flow gives the node something else.
 */
export function keptOf(journal: Journal, wiring: Wiring, warn: (message: string) => void): Kept {
  const { length, upstream } = wiring;
  const shape = shapeOf(wiring);
  const outdated = journal.outdated(shape);
  if (outdated !== undefined && outdated.count > 0) warn(doneAgain(shape, outdated));
  const unchanged = unchangedIndices(upstream, length);
  const blocks = standing(journal.storedOf(shape), unchanged);
  journal.submitted(shape, blocks.map(rangeOf));
  const count = blocks.reduce((sum, block) => sum + block.count, 0);
  return { blocks, isUnchanged: count === length && upstream.every(({ run }) => run.isUnchanged) };
}

function doneAgain({ slug, length }: NodeShape, before: { readonly length: number; readonly count: number }): string {
  const why =
    length === before.length
      ? 'what the flow gives it is not what it was (a value that the builder makes anew each time, like a date, or a ' +
        'task under another name?)'
      : `it is mapped over ${plural(length, 'element')}, and was over ${before.length}`;
  const what = before.count === 1 ? 'takes' : 'take';
  return `${plural(before.count, 'run')} of '${slug}' that had ended ${what} place again: ${why}`;
}

/**
 * Whether a node has the same inputs as in the earlier attempt, and notes its inputs. For tasks that always return the
 * same for the same inputs, and whose outcomes are not stored.
 */
export function isBoundAsBefore(journal: Journal, wiring: Wiring): boolean {
  const shape = shapeOf(wiring);
  const isSame = journal.knows(shape) && wiring.upstream.every(({ run }) => run.isUnchanged);
  journal.submitted(shape, []);
  return isSame;
}

function shapeOf({ node, length, args, constants, literals, gates, lists, upstream }: Wiring): NodeShape {
  const { slug } = node;
  const bound = { args, constants, literals, gates, upstream: upstream.map(({ run }) => run.node.slug) };
  return { slug, length, inputs: hashOf([encodeValue(bound), ...lists.flat().map(({ bytes }) => bytes)]) };
}

/** Whether a node that ends without being run ends as it did in the earlier attempt. Notes how it ends. */
export function isEndedAsBefore(journal: Journal, slug: string, block: Block): boolean {
  const shape = { slug, length: 1, inputs: 'none' };
  const [stored] = journal.storedOf(shape);
  const isSame = stored !== undefined && Buffer.compare(stored.block.bytes, block.bytes) === 0;
  journal.submitted(shape, isSame ? [{ start: 0, end: 1 }] : []);
  if (!isSame) journal.settled(slug, block);
  return isSame;
}

/** The indices of an array whose upstream outcomes are all unchanged. */
function unchangedIndices(upstream: readonly Upstream[], length: number): Ranges {
  let unchanged = [{ start: 0, end: length }];
  for (const { run, isElementwise } of upstream) {
    if (run.isUnchanged) continue;
    if (!isElementwise) return new Ranges();
    unchanged = unchanged.flatMap((range) => run.kept.overlap(range));
  }
  return setOf(unchanged);
}

/** The stored blocks that still count, in the order of their indices. */
function standing(stored: readonly StoredBlock[], unchanged: Ranges): Block[] {
  const blocks = stored.flatMap(({ block, valid }) => {
    const parts = valid.flatMap((range) => unchanged.overlap(range));
    return parts.length === 0 ? [] : partsOf(block, parts);
  });
  return blocks.toSorted((a, b) => a.start - b.start);
}

function partsOf(block: Block, parts: readonly Range[]): Block[] {
  const [first] = parts;
  const isWhole = first!.start === block.start && first!.end === block.start + block.count;
  if (isWhole && block.bytes[0] === blockKinds.succeeded) return [block];
  const { values, states } = decodeOutcomes(block.bytes, { unknownTypes: 'pass on' });
  return parts
    .flatMap((part) => succeededWithin(part, block.start, states))
    .map(({ start, end }) => {
      const [from, to] = [start - block.start, end - block.start];
      const own = states?.slice(from, to) ?? [];
      const told = own.flatMap((state, position) => (state === undefined ? [] : [[position, state] as const]));
      return { start, count: end - start, bytes: encodeOutcomes(values.slice(from, to).map(packed), new Map(told)) };
    });
}

/** The parts that succeeded. What failed, or waits for an approval, is to be tried again. */
function succeededWithin(part: Range, start: number, states: readonly (State | undefined)[] | undefined): Range[] {
  if (states === undefined) return [part];
  const good = new Ranges();
  for (let index = part.start; index < part.end; index += 1) {
    if (states[index - start]?.isSuccessful() !== false) good.add({ start: index, end: index + 1 });
  }
  return [...good];
}

function hashOf(parts: readonly Uint8Array[]): string {
  const hash = nodeCrypto().createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('base64url');
}
