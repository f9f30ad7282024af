import type { State } from '../flow/state.ts';
import { bounded } from './bounded.ts';

/**
 * What the error of a state was caused by, to be put behind its message, where that does not say it; else nothing. Of
 * `fetch failed` it is all that there is to know.
 */
export function causeIn({ error, message }: State): string {
  try {
    const cause = error?.cause;
    if (!(cause instanceof Error)) return '';
    const { message: told, code = '' } = cause as NodeJS.ErrnoException;
    const [why = ''] = (told === '' ? code : told).split('\n', 1);
    return why === '' || message.includes(why) ? '' : `; cause: ${bounded(why, { first: 200, last: 100 })}`;
  } catch {
    // It may be anything that throws when it is read.
    return '';
  }
}
