import { toMilliseconds } from '../lib/duration.ts';
import type { Duration } from '../lib/duration.ts';
import { known, type Spec } from './spec.ts';
import type { ZonedTime } from './zoned-time.ts';

/**
 * Moves a time that has passed the filters. Any function of this shape is an adjustment; it must not be async, and
 * should keep the order of times. A schedule knows of those in this file how far they move a time, and so still finds a
 * run that was moved past the moment after which it is asked.
 */
export type Adjustment = (time: ZonedTime) => Date;

/** An adjustment of this file. */
export interface KnownAdjustment extends Adjustment {
  /** By how many milliseconds it moves a time, at least and at most. */
  readonly shift: Shift;
  readonly spec: Spec;
}

export interface Shift {
  readonly least: number;
  readonly most: number;
}

const dayMs = 86_400_000;

/** The most by which a change of a zone's offset makes days on the wall longer or shorter. */
const slackMs = dayMs;

/** Moves a time later. Whole days keep the time on the wall, as in an `IntervalClock`; all else is elapsed time. */
export function add(duration: Duration): KnownAdjustment {
  const milliseconds = Math.round(toMilliseconds(duration, 'the duration of add()'));
  const spec = { name: 'add', parameters: [milliseconds] };
  if (milliseconds % dayMs !== 0 || milliseconds === 0) {
    const shift = { least: milliseconds, most: milliseconds };
    return known({ shift, spec }, (time) => new Date(time.moment + milliseconds));
  }
  const shift = { least: milliseconds - slackMs, most: milliseconds + slackMs };
  return known({ shift, spec }, (time) => time.plusDays(milliseconds / dayMs));
}

/** Moves Saturdays and Sundays to the Monday after, at the same time of day. */
export const nextWeekday: KnownAdjustment = known(
  { shift: { least: 0, most: 2 * dayMs + slackMs }, spec: { name: 'nextWeekday' } },
  (time) => time.plusDays([1, 0, 0, 0, 0, 0, 2][time.dayOfWeek]!),
);

function isKnownAdjustment(adjustment: Adjustment): adjustment is KnownAdjustment {
  return 'spec' in adjustment && 'shift' in adjustment;
}

/** By how much all of them together move a time. One that is not from this file is taken to move it by nothing. */
export function totalShift(adjustments: readonly Adjustment[]): Shift {
  const shifts = adjustments.filter(isKnownAdjustment).map(({ shift }) => shift);
  const sum = (bound: keyof Shift) => shifts.reduce((total, shift) => total + shift[bound], 0);
  return { least: sum('least'), most: sum('most') };
}
