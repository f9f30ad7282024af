import { CalendarRule } from './calendar-rule.ts';
import type { RuleText } from './rrule-text.ts';
import { TimesOfDay } from './times-of-day.ts';

const dayMs = 86_400_000;

/** What chooses among days. In rules of years it means the same as in rules of days, if they are not counted. */
const dayChoices = ['BYMONTH', 'BYMONTHDAY', 'BYYEARDAY', 'BYWEEKNO', 'BYDAY', 'WKST'];

/** The wall-clock times of one recurrence rule. */
export class Recurrence {
  readonly #parts: RuleText;
  readonly #start: number;
  readonly #until: number;
  readonly #count: number;
  /** For rules of hours, minutes or seconds. */
  readonly #times: TimesOfDay | undefined;
  /** The times, or for such rules the days. */
  readonly #rule: CalendarRule;

  /** `start` and `until` are wall-clock times. */
  constructor(parts: RuleText, { start, until }: { readonly start: number; readonly until: number | undefined }) {
    this.#parts = parts;
    this.#start = start;
    this.#until = until ?? Infinity;
    this.#count = Number(parts.get('COUNT') ?? Infinity);
    this.#times = TimesOfDay.of(parts, start);
    this.#rule = this.#times === undefined ? timesRule(parts, start) : daysRule(parts, start, this.#times);
  }

  /** The times after `after`, in ascending order. */
  *walls(after: number): Generator<number> {
    let count = 0;
    for (const wall of this.#uncounted(this.#count === Infinity ? after : -Infinity)) {
      if (wall > this.#until) return;
      if (wall > after) yield wall;
      count += 1;
      if (count === this.#count) return;
    }
  }

  /** Whether it is certain, without a long search, that no time ever fits. */
  isImpossible(): boolean {
    if (this.#times?.isEmpty() === true) return true;
    return this.#hasNoDay() || this.#hasNoPlace();
  }

  #uncounted(after: number): Iterable<number> {
    return this.#times === undefined ? this.#rule.walls(after) : this.#timesOfDays(this.#times, after);
  }

  *#timesOfDays(times: TimesOfDay, after: number): Generator<number> {
    for (const day of this.#rule.walls(midnightOf(after) - 1)) {
      if (day > this.#until) return;
      for (const wall of times.on(day)) {
        if (wall > after && wall >= this.#start) yield wall;
      }
    }
  }

  /** A rule of days looks through all of them until the year 9999, one of years through the years. */
  #hasNoDay(): boolean {
    const isLong = /YEARLY|MONTHLY/.test(this.#parts.get('FREQ')!);
    const choices = dayChoices.filter((name) => this.#parts.has(name));
    if (isLong || choices.length === 0) return false;
    const yearly = new Map([['FREQ', 'YEARLY'], ...choices.map((name) => [name, this.#parts.get(name)!] as const)]);
    return new CalendarRule(yearly, this.#start).isEmpty();
  }

  /** BYSETPOS asks for a time of each day or week that none has. */
  #hasNoPlace(): boolean {
    const days = { DAILY: 1, WEEKLY: 7 }[this.#parts.get('FREQ')!];
    const places = this.#parts.get('BYSETPOS')?.split(',').map(Number);
    if (days === undefined || places === undefined) return false;
    const expansions = ['BYHOUR', 'BYMINUTE', 'BYSECOND'].map((name) => this.#parts.get(name)?.split(',').length ?? 1);
    const times = expansions.reduce((product, size) => product * size, days);
    return places.every((place) => Math.abs(place) > times);
  }
}

function timesRule(parts: RuleText, start: number): CalendarRule {
  return new CalendarRule(new Map([...parts].filter(([name]) => name !== 'COUNT' && name !== 'UNTIL')), start);
}

function daysRule(parts: RuleText, start: number, { step }: TimesOfDay): CalendarRule {
  const interval = step % dayMs === 0 ? step / dayMs : 1;
  const choices = [...parts].filter(([name]) => dayChoices.includes(name));
  return new CalendarRule(new Map([['FREQ', 'DAILY'], ['INTERVAL', String(interval)], ...choices]), midnightOf(start));
}

function midnightOf(wall: number): number {
  return Math.floor(wall / dayMs) * dayMs;
}
