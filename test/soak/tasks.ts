// What the soak runs: small tasks, some of which fail for a while, fail for good, or end their thread. Each start of one
// is written to a ledger, by whatever process it happens in.

import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { context, task } from 'heddle';

export const entryLength = 8;

/** Fails once and succeeds when it is tried again. */
export const failsAtFirst = (x: number) => x % 53 === 5;
export const failsAlways = (x: number) => x % 101 === 7;
/** Its first start ends the thread. */
export const endsItsThread = (x: number) => x % 4_999 === 4_998;

export const step = task('step', { retries: 1, retryDelay: '50ms' }, (x: number, run: number, folder: string) => {
  enter(join(folder, 'ledger'), run, x);
  if (failsAlways(x)) throw new Error(`${x} fails`);
  if (failsAtFirst(x) && context.taskRunCount === 1) throw new Error(`${x} fails at first`);
  if (endsItsThread(x) && isFirst(join(folder, `ended-${run}-${x}`))) process.exit(1);
  return x + run;
});

export const double = task('double', (x: number) => 2 * x);

/** Whole entries: a write this small to the end of a file is not mixed with those of others. */
function enter(file: string, run: number, x: number): void {
  const entry = Buffer.alloc(entryLength);
  entry.writeUInt32LE(run, 0);
  entry.writeUInt32LE(x, 4);
  const descriptor = openSync(file, 'a');
  writeSync(descriptor, entry);
  closeSync(descriptor);
}

function isFirst(file: string): boolean {
  try {
    closeSync(openSync(file, 'wx'));
    return true;
  } catch {
    return false;
  }
}
