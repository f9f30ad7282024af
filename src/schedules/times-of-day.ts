import type { RuleText } from './rrule-text.ts';

/**
 * The times within a day of a recurrence rule of hours, minutes or seconds. The library `rrule` is not asked for these:
 * with BYHOUR or BYMINUTE it loses the step of such a rule, or never returns.
 */
export class TimesOfDay {
  /** From a period to the next. */
  readonly step: number;
  /** A period in which the rule begins, rounded down to its unit. */
  readonly #base: number;
  readonly #limits: readonly Limit[];
  /** What a period has, counted from its beginning. */
  readonly #offsets: readonly number[];

  /** Nothing for rules of days or longer periods. `start` is a wall-clock time. */
  static of(parts: RuleText, start: number): TimesOfDay | undefined {
    const unit = units[parts.get('FREQ')!];
    return unit && new TimesOfDay(parts, start, unit);
  }

  private constructor(parts: RuleText, start: number, unit: Unit) {
    this.step = unit.length * Number(parts.get('INTERVAL') ?? 1);
    this.#base = Math.floor(start / unit.length) * unit.length;
    const limiting = allUnits.filter(({ name, length }) => length >= unit.length && parts.has(name));
    this.#limits = limiting.map((place) => ({ ...place, values: numbers(parts, place.name) }));
    this.#offsets = chosen(offsetsOf(parts, start, unit), numbers(parts, 'BYSETPOS'));
  }

  /** In ascending order. `day` is the midnight with which it begins. */
  *on(day: number): Generator<number> {
    const skipped = Math.ceil((day - this.#base) / this.step);
    for (let period = this.#base + skipped * this.step; period < day + dayMs; period += this.step) {
      if (!this.#fits(period)) continue;
      for (const offset of this.#offsets) yield period + offset;
    }
  }

  /** Whether no day ever has a time. */
  isEmpty(): boolean {
    if (this.#offsets.length === 0) return true;
    // Day after day, the periods land on all the times of day that are this far apart.
    const distance = greatestCommonDivisor(this.step, dayMs);
    for (let time = positiveRemainder(this.#base, distance); time < dayMs; time += distance) {
      if (this.#fits(time)) return false;
    }
    return true;
  }

  #fits(wall: number): boolean {
    return this.#limits.every(({ length, count, values }) =>
      values.includes(positiveRemainder(Math.floor(wall / length), count)),
    );
  }
}

/** A part of a time of day: how a rule names it, how long it is, and how many there are before they begin anew. */
interface Unit {
  readonly name: string;
  readonly length: number;
  readonly count: number;
}

/** Which of them a time of day may be in. */
interface Limit extends Unit {
  readonly values: readonly number[];
}

const dayMs = 86_400_000;
const hour: Unit = { name: 'BYHOUR', length: 3_600_000, count: 24 };
const minute: Unit = { name: 'BYMINUTE', length: 60_000, count: 60 };
const second: Unit = { name: 'BYSECOND', length: 1_000, count: 60 };
const allUnits = [hour, minute, second];
const units: Readonly<Record<string, Unit>> = { HOURLY: hour, MINUTELY: minute, SECONDLY: second };

/** All minutes and seconds of a period that are asked for, or else those of the start. */
function offsetsOf(parts: RuleText, start: number, unit: Unit): number[] {
  let offsets = [0];
  for (const { name, length, count } of allUnits.filter(({ length }) => length < unit.length)) {
    const given = numbers(parts, name);
    const values = given.length > 0 ? given : [positiveRemainder(Math.floor(start / length), count)];
    const sorted = [...new Set(values)].sort((a, b) => a - b);
    offsets = offsets.flatMap((offset) => sorted.map((value) => offset + value * length));
  }
  return offsets;
}

/** Those at the given positions, counted from 1, or from -1 at the end; all if no position is given. */
function chosen(offsets: readonly number[], positions: readonly number[]): readonly number[] {
  if (positions.length === 0) return offsets;
  return offsets.filter((_, index) => positions.includes(index + 1) || positions.includes(index - offsets.length));
}

function numbers(parts: RuleText, name: string): number[] {
  return parts.get(name)?.split(',').map(Number) ?? [];
}

function greatestCommonDivisor(a: number, b: number): number {
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}

function positiveRemainder(dividend: number, divisor: number): number {
  return ((dividend % divisor) + divisor) % divisor;
}
