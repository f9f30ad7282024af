import { UsageError } from './heddle-error.ts';
import { describe } from './options.ts';

/** An amount of memory: a number of bytes, or a text such as `'64kB'`, `'512MB'`, `'1.5GB'`. A kB is 1,024 bytes. */
export type ByteSize = number | `${number}${Unit}`;
type Unit = keyof typeof bytesOf;

const bytesOf = { B: 1, kB: 2 ** 10, MB: 2 ** 20, GB: 2 ** 30, TB: 2 ** 40 } as const;
const units = Object.entries(bytesOf).toReversed();

/** The size in bytes. `what` names the option in the error that a bad one gets. */
export function toBytes(size: unknown, what: string): number {
  const bytes = typeof size === 'string' ? parse(size) : size;
  if (typeof bytes === 'number' && bytes >= 0 && Number.isFinite(bytes)) return Math.floor(bytes);
  const message = `${what} should be a number of bytes or a text like '64kB', '512MB', '2GB'; got ${describe(size)}`;
  throw new UsageError('INVALID_SIZE', message, { option: what, value: size });
}

/** Reads as people say it: `850 B`, `12.4 MB`, `3 GB`. */
export function formatBytes(bytes: number): string {
  // Rounded before the unit is chosen, so that no `1024 MB` stands where a gigabyte should.
  const [unit, size] = units.find(([, least]) => bytes >= least * 0.9995) ?? ['B', 1];
  return `${(bytes / size).toLocaleString('en', { maximumFractionDigits: 1, useGrouping: false })} ${unit}`;
}

function parse(text: string): number | undefined {
  const [, number, unit = ''] = /^\s*(\d+(?:\.\d+)?)\s*([kMGT]?B)\s*$/i.exec(text) ?? [];
  const found = units.find(([name]) => name.toLowerCase() === unit.toLowerCase());
  return found && Number(number) * found[1];
}
