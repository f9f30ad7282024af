const plain = 'its signal was aborted';
/** What `abort()` says by itself. */
const noReason = 'This operation was aborted';

/** Why a signal cancelled something, for a sentence to go on from there: with the reason that was given, if any. */
export function whyAborted({ reason }: { readonly reason: unknown }): string {
  try {
    const text = reason instanceof Error ? reason.message : typeof reason === 'string' ? reason : '';
    return text === '' || text === noReason ? plain : `${plain} (${text})`;
  } catch {
    // Whatever was given: it is cancelled all the same.
    return plain;
  }
}
