// oxlint-disable-next-line import/default -- Node takes the CommonJS build, which has one; the linter reads the other
import rrule from 'rrule';
import type { RuleText } from './rrule-text.ts';

const dayMs = 86_400_000;

/** The frequencies whose periods all have the same length. */
const lengthOf: Readonly<Record<string, number>> = { WEEKLY: 7 * dayMs, DAILY: dayMs };

/** A recurrence rule of days or longer periods, without COUNT and UNTIL, as the library `rrule` computes it. */
export class CalendarRule {
  readonly #options: ReturnType<typeof rrule.RRule.parseString>;
  readonly #start: number;
  /** From a period to the next, where that is always the same. */
  readonly #step: number | undefined;

  /** `start` is a wall-clock time. */
  constructor(parts: RuleText, start: number) {
    const text = [...parts].map(([name, value]) => `${name}=${value}`).join(';');
    const length = lengthOf[parts.get('FREQ')!];
    this.#options = rrule.RRule.parseString(text);
    this.#start = start;
    this.#step = length === undefined ? undefined : length * Number(parts.get('INTERVAL') ?? 1);
  }

  /** The times after `after`, in ascending order. */
  *walls(after: number): Generator<number> {
    let from = after;
    // The library starts anew for each batch, so that batches which double keep the work in proportion.
    for (let size = 16; ; size = Math.min(size * 2, 4_096)) {
      const batch = this.#batch(from, size);
      yield* batch;
      if (batch.length < size) return;
      from = batch.at(-1)!;
    }
  }

  isEmpty(): boolean {
    return this.#batch(-Infinity, 1).length === 0;
  }

  #batch(after: number, size: number): number[] {
    const batch: number[] = [];
    const rule = new rrule.RRule({ ...this.#options, dtstart: new Date(this.#startBefore(after)) }, true);
    rule.all((date) => {
      const wall = date.getTime();
      if (wall > after) batch.push(wall);
      return batch.length < size;
    });
    return batch;
  }

  /** A start from which the rule gives the same times after `after`, without the long way there. */
  #startBefore(after: number): number {
    if (this.#step === undefined) return this.#start;
    return this.#start + Math.max(0, Math.floor((after - this.#start) / this.#step) - 1) * this.#step;
  }
}
