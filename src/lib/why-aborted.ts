import { messageIn } from './thrown-text.ts';

/** Why a signal cancelled something, for a sentence to go on from there: with the reason that was given, if any. */
export function whyAborted({ reason }: { readonly reason: unknown }): string {
  const isGiven = !(reason instanceof DOMException && reason.name === 'AbortError');
  return `its signal was aborted${isGiven ? ` (${messageIn(reason)})` : ''}`;
}
