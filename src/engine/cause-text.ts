import type { State } from '../flow/state.ts';
import { bounded } from './bounded.ts';

/** Errors can be the causes of each other. */
const deepest = 10;

/**
 * What the error of a state was caused by in the end, to be put behind its message, where that does not say it; else
 * nothing. Of `fetch failed` it is all that there is to know.
 */
export function causeIn({ error, message }: Pick<State, 'error' | 'message'>): string {
  try {
    let cause = error?.cause;
    for (let depth = 0; depth < deepest && cause instanceof Error && cause.cause instanceof Error; depth += 1) {
      cause = cause.cause;
    }
    if (!(cause instanceof Error)) return '';
    const { message: told, code = '' } = cause as NodeJS.ErrnoException;
    const [why = ''] = (told === '' ? code : told).split('\n', 1);
    return why === '' || message.includes(why) ? '' : `; cause: ${bounded(why, { first: 200, last: 100 })}`;
  } catch {
    // It may be anything that throws when it is read.
    return '';
  }
}
