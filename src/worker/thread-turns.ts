// What a thread is given to do, and how far it is with that: see `ThreadLife`.

import type { Loss } from '../lib/chunk.ts';
import { numbersIn, type Range } from '../lib/range.ts';
import { Ranges } from '../lib/ranges.ts';
import type { ChunkLoss } from './pool.ts';

interface Turn {
  /** How far it is; or why it was cut short, if it was. */
  phase: 'not-posted' | 'running' | 'ended' | Loss;
  /** When the thread is ended. */
  deadline: number;
}

export interface ChunkTurn extends Turn {
  readonly type: 'chunk';
  readonly attempt: number;
  readonly timeoutMs: number | undefined;
  /** Its indices of which nothing was reported yet. */
  readonly unreported: Ranges;
  /** How many indices had been started when that was last news, when it was, and when it was first too long ago. */
  seen: { readonly starts: number; readonly at: number; readonly overrunAt?: number };
  nextLook: number;
  /** Why we ended the thread, if we did; and the indices that had overrun by then, if it was for that. */
  endedFor: Loss | undefined;
  overdue: readonly number[] | undefined;
  /** The indices that the thread ran when it died, and those that it had not begun. */
  running: readonly number[];
  untaken: readonly Range[];
  /** Whether it had started any index by then. */
  hasStarted: boolean;
  /** Whether its thread died of what it ran before, and never took it up; and whether its inputs went with it. */
  isUntouched: boolean;
  areInputsGone: boolean;
}

export interface ClosingTurn extends Turn {
  readonly type: 'closing';
  readonly resource: string;
}

/** What is known of a chunk when it is given to a thread. */
export interface GivenChunk {
  readonly attempt: number;
  readonly ranges: readonly Range[];
  readonly timeoutMs: number | undefined;
}

const notPosted = { phase: 'not-posted', deadline: Infinity } as const;

export function chunkTurn({ attempt, ranges, timeoutMs }: GivenChunk): ChunkTurn {
  const unreported = new Ranges();
  for (const range of ranges) unreported.add(range);
  return {
    ...notPosted,
    type: 'chunk',
    attempt,
    timeoutMs,
    unreported,
    seen: { starts: -1, at: 0 },
    nextLook: Infinity,
    endedFor: undefined,
    overdue: undefined,
    running: [],
    untaken: [],
    hasStarted: false,
    isUntouched: false,
    areInputsGone: false,
  };
}

export function closingTurn(resource: string): ClosingTurn {
  return { ...notPosted, type: 'closing', resource };
}

/**
 * How a chunk that is over was cut short, if it was: which indices may be to blame, and for what. When an event loop
 * was blocked for too long, it is one of those that were running then, and none that began since.
 */
export function lossOf(turn: ChunkTurn): ChunkLoss | undefined {
  const { phase, endedFor, overdue, running, untaken, unreported, hasStarted } = turn;
  if (typeof phase === 'string') return undefined;
  const loss = endedFor ?? phase;
  const isToBlame = (index: number) => unreported.has(index) && (overdue === undefined || overdue.includes(index));
  const indices = running.filter(isToBlame);
  if (indices.length > 0) return { indices, loss };
  const { first } = unreported;
  if (first === undefined) return undefined;
  // What an index left behind kept the thread from saying that all were over: most likely it was the last.
  if (overdue?.length === 0 && untaken.length === 0) return { indices: [...numbersIn(unreported)].slice(-1), loss };
  // All that was running is reported by now. If we ended the thread for it, there is nobody else to charge.
  // But what had only read its inputs would fill the memory with them again and again.
  if (endedFor?.kind === 'worker-memory' && !hasStarted) return { indices: [first], loss };
  if (endedFor !== undefined) return undefined;
  // It died of something that an index left behind which it had begun. If all of those are reported, or it had begun
  // none and so died of importing the module, the next one is charged, so that such deaths come to an end.
  for (const range of untaken) unreported.remove(range);
  return { indices: unreported.isEmpty ? [first] : [...numbersIn(unreported)], loss };
}
