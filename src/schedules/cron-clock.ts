import { Cron } from 'croner';
import { UsageError } from '../lib/heddle-error.ts';
import { checkOptions, describe, rules } from '../lib/options.ts';
import { ClockFrame, clockRules, describeBounds, hasEvents, neverFires } from './clock.ts';
import type { Clock, ClockJson, ClockOptions, ScheduledEvent } from './clock.ts';

export interface CronClockOptions extends ClockOptions {
  /**
   * What it means when both the day of the month and the day of the week are restricted: either may fit (`true`, as in
   * cron, and the default), or both must (`false`).
   */
  readonly dayOr?: boolean;
}

/** Five fields, in their order, and what each may hold. */
const fields = [
  ['minute', '0–59'],
  ['hour', '0–23'],
  ['day of the month', '1–31'],
  ['month', '1–12 or JAN–DEC'],
  ['day of the week', '0–7 or SUN–SAT'],
] as const;

const nickname = /^@(yearly|annually|monthly|weekly|daily|midnight|hourly)$/i;

/** A year with a 29 February is near, which is all that matters for whether a pattern fits any day. */
const anyTime = new Date(Date.UTC(2019, 0, 1));

/**
 * Fires by what the clock on the wall shows, as cron does: `'0 9 * * 1-5'` is 9:00 from Monday to Friday. A time that
 * the wall shows twice, when clocks are set back, fires once, at the second; one that it skips fires as the gap ends.
 */
export class CronClock implements Clock {
  readonly cron: string;
  readonly dayOr: boolean;
  readonly #frame: ClockFrame;
  readonly #pattern: Cron;

  /** Throws `INVALID_CRON`, `SCHEDULE_NEVER_FIRES`, or an option error. */
  constructor(cron: string, options: CronClockOptions = {}) {
    checkOptions('CronClock', options, { ...clockRules, dayOr: rules.flag });
    checkCron(cron);
    this.cron = cron;
    this.dayOr = options.dayOr ?? true;
    this.#frame = new ClockFrame(options);
    this.#pattern = patternOf(cron, { dayOr: this.dayOr });
    const isPossible = this.start === undefined ? this.#pattern.nextRun(anyTime) !== null : hasEvents(this, this.start);
    if (isPossible) return;
    const bounds = this.start === undefined ? '' : describeBounds(this);
    throw neverFires(`CronClock '${cron}' never fires: no time fits it${bounds}`, this);
  }

  get timeZone(): string {
    return this.#frame.zone.name;
  }

  get start(): Date | undefined {
    return this.#frame.start;
  }

  get end(): Date | undefined {
    return this.#frame.end;
  }

  events(after: Date): Iterable<ScheduledEvent> {
    return this.#frame.events(after, (from) => this.#frame.momentsOf(this.#walls(from), from));
  }

  toJSON(): ClockJson {
    return { type: 'cron', cron: this.cron, dayOr: this.dayOr, ...this.#frame.toJSON() };
  }

  *#walls(after: number): Generator<number> {
    let wall = this.#pattern.nextRun(new Date(this.#frame.zone.floorOf(after)));
    for (; wall !== null; wall = this.#pattern.nextRun(wall)) yield wall.getTime();
  }
}

function checkCron(cron: unknown): asserts cron is string {
  if (typeof cron !== 'string') throw invalid(cron, `should be a text like '0 9 * * 1-5'; got ${describe(cron)}`);
  if (nickname.test(cron.trim())) return;
  const parts = cron.trim().split(/\s+/);
  if (parts.length === fields.length + 1) {
    const remedy = `For times that are less than a minute apart, take an IntervalClock.`;
    throw invalid(cron, `should have 5 fields (${fieldNames()}), got 6: '${cron}'. ${remedy}`);
  }
  if (cron.trim() === '' || parts.length !== fields.length) {
    throw invalid(cron, `should have 5 fields (${fieldNames()}) or be a name like '@daily'; got '${cron}'`);
  }
  for (const [index, [name, range]] of fields.entries()) {
    // Each field alone, so that the error can name it.
    const alone = fields.map((_, other) => (other === index ? parts[index] : '*')).join(' ');
    const fault = faultOf(alone);
    if (fault === undefined) continue;
    const expected = `should have as ${name} what fits ${range}, as in '*', '5', '1-5', '1,3', '*/5'`;
    throw invalid(cron, `${expected}; got '${parts[index]}' in '${cron}'`, fault);
  }
}

function invalid(cron: unknown, message: string, cause?: unknown): UsageError {
  return new UsageError('INVALID_CRON', `the cron text of CronClock ${message}`, { value: cron, cause });
}

function fieldNames(): string {
  return fields.map(([name]) => name).join(', ');
}

function faultOf(cron: string): unknown {
  try {
    patternOf(cron, { dayOr: true });
    return undefined;
  } catch (fault) {
    return fault;
  }
}

/** Reckons in UTC, as which wall-clock times are written: the library's own rules of daylight saving are not ours. */
function patternOf(cron: string, { dayOr }: { readonly dayOr: boolean }): Cron {
  return new Cron(cron.trim(), { mode: '5-part', utcOffset: 0, domAndDow: !dayOr, paused: true });
}
