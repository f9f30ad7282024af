import { UsageError } from './heddle-error.ts';

/** A length of time: a number of milliseconds, or a text such as `'250ms'`, `'10s'`, `'1.5m'`, `'2h'`, `'1d'`. */
export type Duration = number | `${number}${Unit}`;
type Unit = keyof typeof millisecondsOf;

const millisecondsOf = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** The duration in milliseconds. `what` names the option in the error that a bad one gets. */
export function toMilliseconds(duration: unknown, what: string): number {
  const milliseconds = typeof duration === 'string' ? parse(duration) : duration;
  if (typeof milliseconds === 'number' && milliseconds >= 0 && Number.isFinite(milliseconds)) return milliseconds;
  throw new UsageError(
    'INVALID_DURATION',
    `${what} should be a number of milliseconds or a text like '250ms', '10s', '5m', '2h', '1d'; got ${show(duration)}`,
    { option: what, value: duration },
  );
}

/** Reads as people say it: `850 ms`, `12.4 s`, `3 min 5 s`, `2 h 10 min`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 1_000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 60_000) return `${(milliseconds / 1_000).toFixed(1)} s`;
  const minutes = Math.floor(milliseconds / 60_000);
  if (minutes < 60) return `${minutes} min ${Math.round((milliseconds % 60_000) / 1_000)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function parse(text: string): number | undefined {
  const [, number, unit] = /^\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)\s*$/.exec(text) ?? [];
  return number === undefined ? undefined : Number(number) * millisecondsOf[unit as Unit];
}

function show(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : String(value);
}
