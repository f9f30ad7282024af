// What all clusters take for their scheduler.

import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ByteSize } from '../lib/byte-size.ts';
import { guardedListener } from '../lib/guarded-listener.ts';
import { type HeddleError, UsageError } from '../lib/heddle-error.ts';
import { nodeCrypto } from '../lib/lazy-node.ts';
import type { LogRecord } from '../lib/log-record.ts';
import { rules } from '../lib/options.ts';
import { placingRules } from '../lib/placing.ts';
import { messageIn } from '../lib/thrown-text.ts';
import type { SchedulerOptions } from '../scheduler/scheduler-options.ts';
import { memoryHere, memoryOf } from './memory-here.ts';

export interface SchedulerSettings {
  /** How many deaths of a thread or worker one task run may cause before it is given up as `Crashed`; 3 by default. */
  readonly allowedFailures?: number;
  /** How many runs of a task may overlap in one thread, when it does not say so itself; 1 by default. */
  readonly concurrency?: number;
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
  /** Hears who comes and goes, and what the cluster does by itself. */
  readonly onLog?: (record: LogRecord) => void;
}

export const schedulerSettingRules = {
  allowedFailures: rules.count,
  concurrency: placingRules.concurrency,
  resultMemory: rules.anything,
  spillDirectory: rules.text,
  record: rules.text,
  onLog: rules.function,
};

export type SetByClusters = Pick<
  SchedulerOptions,
  'allowedFailures' | 'concurrency' | 'resultMemoryBytes' | 'spillDirectory' | 'record' | 'log'
>;

/** Throws `INVALID_SIZE`, and `INVALID_OPTION` for a folder that cannot be written to. */
export function schedulerSettings(
  { allowedFailures, concurrency, resultMemory, spillDirectory, record, onLog }: SchedulerSettings,
  owner: string,
): SetByClusters {
  if (spillDirectory !== undefined) assertWritable(spillDirectory, owner);
  const resultMemoryBytes =
    resultMemory === undefined ? Math.floor(memoryHere() / 4) : memoryOf(resultMemory, owner, 'resultMemory');
  return {
    resultMemoryBytes,
    ...(allowedFailures !== undefined && { allowedFailures }),
    ...(concurrency !== undefined && { concurrency }),
    ...(spillDirectory !== undefined && { spillDirectory }),
    ...(record !== undefined && { record }),
    ...(onLog !== undefined && { log: guardedListener(onLog, { whose: `the onLog of ${owner}`, failed: warnOnce() }) }),
  };
}

/** No run fails of it: a cluster has many, and goes on. */
function warnOnce(): (error: HeddleError) => void {
  let isTold = false;
  return ({ code, message, cause }) => {
    if (isTold) return;
    isTold = true;
    const detail = cause instanceof Error ? cause.stack : undefined;
    process.emitWarning(`${message.replace(/\.$/, '')}. The line is lost, and so is each one that it throws at`, {
      code,
      ...(detail !== undefined && { detail }),
    });
  };
}

/** Told now rather than when memory is short. */
function assertWritable(directory: string, owner: string): void {
  try {
    const path = join(directory, `heddle-${process.pid}-${nodeCrypto().randomUUID()}`);
    writeFileSync(path, '', { flag: 'wx' });
    rmSync(path);
  } catch (cause) {
    const why = messageIn(cause);
    const whose = `option 'spillDirectory' of ${owner}`;
    const message = `${whose} should be a folder that can be written to; got '${directory}': ${why}`;
    throw new UsageError('INVALID_OPTION', message, { owner, option: 'spillDirectory', value: directory, cause });
  }
}
