import { CronClock } from '../../src/schedules/cron-clock.ts';
import type { Clock } from '../../src/schedules/clock.ts';
import { DatesClock } from '../../src/schedules/dates-clock.ts';
import { IntervalClock } from '../../src/schedules/interval-clock.ts';
import { RRuleClock } from '../../src/schedules/rrule-clock.ts';
import { Zone } from '../../src/schedules/zone.ts';
import { ZonedTime } from '../../src/schedules/zoned-time.ts';
import fc from 'fast-check';

/** A moment: `'2019-01-01'`, `'2019-01-01T09:00'` in UTC, or as the clock on the wall of a zone shows it. */
export function at(text: string, timeZone = 'UTC'): Date {
  const wall = Date.parse(text.includes('T') ? `${text}Z` : text);
  return new Date(new Zone(timeZone).momentOf(wall));
}

export function zoned(text: string, timeZone = 'UTC'): ZonedTime {
  return new ZonedTime(at(text, timeZone).getTime(), new Zone(timeZone));
}

/** The next `count` times of a clock, as text in UTC without seconds that are zero. */
export function times(clock: Clock, { after, count = 4 }: { after: Date; count?: number }): string[] {
  return take(clock.events(after), count).map(({ startTime }) => short(startTime));
}

export function short(date: Date): string {
  return date.toISOString().replace(/(:00)?\.000Z$/, '');
}

/** What the clock on the wall shows at the next `count` times. */
export function walls(clock: Clock, { after, count = 4 }: { after: Date; count?: number }): ZonedTime[] {
  const zone = new Zone(clock.timeZone);
  return take(clock.events(after), count).map(({ startTime }) => new ZonedTime(startTime.getTime(), zone));
}

export function take<T>(items: Iterable<T>, count: number): T[] {
  const taken: T[] = [];
  if (count === 0) return taken;
  for (const item of items) if (taken.push(item) === count) return taken;
  return taken;
}

/** Zones whose clocks change by an hour, by half an hour, at midnight, by a whole day, and never. */
export const timeZones = [
  'UTC',
  'America/New_York',
  'America/Santiago',
  'Europe/Paris',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Asia/Kolkata',
];

export const anyMoment = fc.date({ min: at('2005-01-01'), max: at('2035-01-01'), noInvalidDate: true });

const anyBounds = fc.record(
  { timeZone: fc.constantFrom(...timeZones), start: anyMoment, end: fc.constant(at('2045-01-01')) },
  { requiredKeys: ['timeZone'] },
);

const everies = [60_000, 3_600_000, 5_400_000, 43_200_000, 86_400_000, 604_800_000, 100_000_007] as const;
const crons = ['* * * * *', '0 * * * *', '*/7 1-3 * * *', '30 2 * * *', '0 0 * * 0', '15 0 31 * 1', '0 12 29 2 *'];
const rules = [
  'FREQ=YEARLY;BYMONTH=3,11;BYDAY=SU;BYHOUR=1,2,3',
  'FREQ=MONTHLY;BYDAY=-1FR',
  'FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,WE;BYHOUR=2;BYMINUTE=30',
  'FREQ=DAILY;INTERVAL=3',
  'FREQ=HOURLY;INTERVAL=5;BYHOUR=1,2',
  'FREQ=MINUTELY;INTERVAL=45',
  'DTSTART:20190101T000000\nRRULE:FREQ=DAILY\nRRULE:FREQ=HOURLY;INTERVAL=7\nRDATE:20200101T013000',
];

/** Clocks of every kind, in zones of every kind, some of them with bounds. */
export const anyClock: fc.Arbitrary<Clock> = fc.oneof(
  fc.tuple(fc.constantFrom(...everies), anyBounds).map(([every, bounds]) => new IntervalClock({ every, ...bounds })),
  fc.tuple(fc.constantFrom(...crons), anyBounds).map(([cron, bounds]) => new CronClock(cron, bounds)),
  fc.tuple(fc.constantFrom(...rules), anyBounds).map(([rule, bounds]) => new RRuleClock(rule, bounds)),
  fc.array(anyMoment, { minLength: 1, maxLength: 20 }).map((dates) => new DatesClock(dates)),
);
