// What all clusters take for the results that their scheduler holds.

import { toBytes, type ByteSize } from '../lib/byte-size.ts';
import { rules } from '../lib/options.ts';
import type { SchedulerOptions } from '../scheduler/scheduler-options.ts';

export interface ResultOptions {
  /**
   * How much memory the results take that the scheduler holds, `'512MB'` for example, before it moves them to disk; a
   * quarter of what the machine or container has by default.
   */
  readonly resultMemory?: ByteSize;
  /** The folder where they are moved to; that for temporary files by default (the environment variable `TMPDIR`). */
  readonly spillDirectory?: string;
}

export const resultOptionRules = { resultMemory: rules.anything, spillDirectory: rules.text };

/** Throws `INVALID_SIZE`. */
export function resultSettings(
  { resultMemory, spillDirectory }: ResultOptions,
  owner: string,
): Pick<SchedulerOptions, 'resultMemoryBytes' | 'spillDirectory'> {
  return {
    ...(resultMemory !== undefined && {
      resultMemoryBytes: toBytes(resultMemory, `option 'resultMemory' of ${owner}`),
    }),
    ...(spillDirectory !== undefined && { spillDirectory }),
  };
}
