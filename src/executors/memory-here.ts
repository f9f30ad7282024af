import { totalmem } from 'node:os';
import { toBytes } from '../lib/byte-size.ts';
import { UsageError } from '../lib/heddle-error.ts';
import { describe, type OptionRule } from '../lib/options.ts';

/** In bytes. A worker that has run nothing takes more than half of it, and from 80 % on it would begin nothing. */
export const leastWorkerMemory = 256 * 2 ** 20;

/** What a worker process takes that has run nothing and has one thread: 60 to 80 MB of its own. */
export const leastProcessBytes = 64 * 2 ** 20;

/** Of bytes. */
export const workerMemoryRule: OptionRule = {
  expected: '256 MB or more, because a worker takes much of that before it runs anything',
  holds: (bytes) => Number(bytes) >= leastWorkerMemory,
};

/** Of bytes. With less, each result would go to the disk and come back. */
export const resultMemoryRule: OptionRule = {
  expected: `1 MB or more, like '512MB'`,
  holds: (bytes) => Number(bytes) >= 2 ** 20,
};

const memoryRules = { workerMemory: workerMemoryRule, resultMemory: resultMemoryRule };

/** The value of such an option in bytes. Throws `INVALID_SIZE` or `INVALID_OPTION`. */
export function memoryOf(size: unknown, owner: string, option: keyof typeof memoryRules): number {
  const what = `option '${option}' of ${owner}`;
  const bytes = toBytes(size, what);
  const { holds, expected } = memoryRules[option];
  if (holds(bytes)) return bytes;
  const message = `${what} should be ${expected}; got ${describe(size)}`;
  throw new UsageError('INVALID_OPTION', message, { owner, option, value: size });
}

/** How many bytes of memory there are for this process: of the machine, or of the container that it is in. */
export function memoryHere(): number {
  const limit = process.constrainedMemory();
  // Without a limit of its own, a process is told 0 or a number beyond all memory.
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}
