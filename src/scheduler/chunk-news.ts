// Checks what a worker says of a chunk. It is a peer: news that does not fit our books is ignored, never asserted.

import { lengthOf, unit, type Range } from '../lib/range.ts';
import { unreachable } from '../lib/unreachable.ts';
import type { Chunk } from './array-record.ts';
import type { ChunkNews } from './events.ts';

const nothing: readonly Range[] = [];

/** The indices that the news is about; `undefined` when they are not all outstanding, or one is named twice. */
export function touchedBy(news: ChunkNews, chunk: Chunk): readonly Range[] | undefined {
  switch (news.type) {
    case 'indices-settled':
      return isOutstanding(chunk, news.range) ? [news.range] : undefined;
    case 'indices-returned':
      // Called back, or given to a thread that was dying of something else.
      return news.ranges.every((range) => isOutstanding(chunk, range)) ? news.ranges : undefined;
    case 'index-delayed':
      return isOutstanding(chunk, unit(news.index)) ? [unit(news.index)] : undefined;
    case 'indices-lost': {
      const touched = news.indices.map(unit);
      const isFitting = touched.every((range) => isOutstanding(chunk, range));
      return isFitting && new Set(news.indices).size === touched.length ? touched : undefined;
    }
    case 'chunk-ended':
      return nothing;
    default:
      return unreachable(news);
  }
}

/** Whether this is the last news of its attempt. */
export function isLastOf(news: ChunkNews): boolean {
  return news.type === 'chunk-ended' || (news.type === 'indices-settled' && news.isLast === true);
}

/** A duration that a peer claims; 0 if it makes no sense. */
export function durationMs(claimed: number): number {
  return Number.isFinite(claimed) && claimed > 0 ? claimed : 0;
}

function isOutstanding({ outstanding }: Chunk, range: Range): boolean {
  const isWhole = Number.isSafeInteger(range.start) && Number.isSafeInteger(range.end);
  return isWhole && lengthOf(range) > 0 && outstanding.covers(range);
}
