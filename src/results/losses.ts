// What a person is told about a value that would not come back from storage as it is: where, what, why, what to do.

import { HeddleError } from '../lib/heddle-error.ts';
import type { Finding } from '../values/diagnosis.ts';
import { explain, NotSerializableError, sendable } from '../values/travels.ts';

/** One place in a value that would be lost or changed. */
export type StorageLoss = Omit<Finding, 'kind'>;

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

/** Throws if there are any. `sentence` says who cannot do what; the losses say why. */
export function assertKept(sentence: string, losses: readonly StorageLoss[], cause?: unknown): void {
  const [first, ...rest] = losses.map(({ path, what, why, remedy }) => ({ path: `value${path}`, what, why, remedy }));
  if (first === undefined) return;
  const facts = {
    path: first.path,
    losses: losses.map(({ path, what, why, remedy }) => ({ path, what, why, remedy })),
  };
  throw new HeddleError('VALUE_NOT_SERIALIZABLE', explain(sentence, [first, ...rest]), { ...facts, cause });
}
