// What all clusters take for their scheduler.

import { toBytes, type ByteSize } from '../lib/byte-size.ts';
import { rules } from '../lib/options.ts';
import type { SchedulerOptions } from '../scheduler/scheduler-options.ts';
import { memoryHere } from './memory-here.ts';

export interface SchedulerSettings {
  /**
   * How much memory the results take that the scheduler holds, `'512MB'` for example, before it moves them to disk; a
   * quarter of what the machine or container has by default.
   */
  readonly resultMemory?: ByteSize;
  /** The folder where they are moved to; that for temporary files by default (the environment variable `TMPDIR`). */
  readonly spillDirectory?: string;
  /**
   * A file to write down what happens to the scheduler, and what it decides; without any value. `heddle replay FILE`
   * goes through it again. By default nothing is written.
   */
  readonly record?: string;
}

export const schedulerSettingRules = { resultMemory: rules.anything, spillDirectory: rules.text, record: rules.text };

/** Throws `INVALID_SIZE`. */
export function schedulerSettings(
  { resultMemory, spillDirectory, record }: SchedulerSettings,
  owner: string,
): Pick<SchedulerOptions, 'resultMemoryBytes' | 'spillDirectory' | 'record'> {
  const resultMemoryBytes =
    resultMemory === undefined
      ? Math.floor(memoryHere() / 4)
      : toBytes(resultMemory, `option 'resultMemory' of ${owner}`);
  return {
    resultMemoryBytes,
    ...(spillDirectory !== undefined && { spillDirectory }),
    ...(record !== undefined && { record }),
  };
}
