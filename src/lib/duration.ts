import { UsageError } from './heddle-error.ts';
import { describe } from './options.ts';

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
    `${what} should be a number of milliseconds or a text like '250ms', '10s', '5m', '2h', '1d'; got ` +
      describe(duration),
    { option: what, value: duration },
  );
}

/** The same for an option that must be more than 0. */
export function toPositiveMilliseconds(duration: unknown, facts: { owner: string; option: string }): number {
  const what = `option '${facts.option}' of ${facts.owner}`;
  const milliseconds = toMilliseconds(duration, what);
  if (milliseconds > 0) return milliseconds;
  throw new UsageError('INVALID_OPTION', `${what} should be more than 0; got ${describe(duration)}`, facts);
}

/** Reads as people say it: `850 ms`, `12.4 s`, `3 min 5 s`, `2 h 10 min`. */
export function formatDuration(milliseconds: number): string {
  // Rounded before it is cut into units, so that no `60 s` stands where a minute should.
  if (milliseconds < 999.5) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 59_950) return `${(milliseconds / 1_000).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1_000);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function parse(text: string): number | undefined {
  const [, number, unit] = /^\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)\s*$/.exec(text) ?? [];
  return number === undefined ? undefined : Number(number) * millisecondsOf[unit as Unit];
}
