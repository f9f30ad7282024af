import { beBusy } from './busy.ts';

/** One after the other. */
export default function beBusyForEach(durationsMs: readonly number[]): number[] {
  return durationsMs.map(beBusy);
}
