// What a person is told about a value that would not come back from storage as it is: where, what, why, what to do. The
// text has the shape of the one about values that cannot travel.

import { HeddleError } from '../lib/heddle-error.ts';
import { NotSerializableError, sendable } from '../values/travels.ts';

/** One place in a value that would be lost or changed. */
export interface StorageLoss {
  /** From the value down, such as `.rows[0].day`; empty for the value itself. */
  readonly path: string;
  /** A clause, such as `is a Date`. */
  readonly what: string;
  readonly why: string;
  readonly remedy: readonly string[];
}

/**
 * What the copier would lose or change in `value`: the same verdict that decides what travels to workers, and as
 * lenient, so that an object without a prototype is as good as an ordinary one. `packed` is what is to be encoded.
 */
export function copierLosses(value: unknown): { readonly losses: readonly StorageLoss[]; readonly packed: unknown } {
  try {
    const { value: packed, changed } = sendable(value, { role: 'result' });
    return { losses: changed, packed };
  } catch (error) {
    if (error instanceof NotSerializableError) return { losses: error.findings, packed: undefined };
    throw error;
  }
}

/** `sentence` says who cannot do what; the losses say why. */
export function notStorable(
  sentence: string,
  losses: readonly [StorageLoss, ...StorageLoss[]],
  cause?: unknown,
): HeddleError {
  const [first, ...rest] = losses;
  const lines = [sentence, '', `  value${first.path}`, `    ${first.what}`, '', `  Why: ${first.why}.`, '  Fix:'];
  lines.push(...first.remedy.slice(0, 3).map((remedy) => `    - ${remedy}`));
  const others = rest.slice(0, 3).map(({ path, what }) => `value${path} ${what}`);
  if (others.length > 0) lines.push('', `  Also: ${others.join('; ')}.`);
  return new HeddleError('VALUE_NOT_SERIALIZABLE', lines.join('\n'), {
    path: `value${first.path}`,
    losses: losses.map(({ path, what, why, remedy }) => ({ path, what, why, remedy })),
    cause,
  });
}
