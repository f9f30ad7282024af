import { isDeepStrictEqual } from 'node:util';
import { UsageError } from '../lib/heddle-error.ts';
import { checkOptions, describe, rules } from '../lib/options.ts';
import { lastMomentMs } from '../lib/moment.ts';
import { add, totalShift } from './adjustments.ts';
import type { Adjustment, Shift } from './adjustments.ts';
import { clockRules, dateRule, neverFires } from './clock.ts';
import type { Clock, ClockJson, ScheduledEvent } from './clock.ts';
import { contradictionOf } from './contradiction.ts';
import { filterMakers, nameOfFilter } from './filters.ts';
import type { Filter, KnownFilter } from './filters.ts';
import { merge } from './merge.ts';
import { edgesOf, proposalsOf, type Edges, type Proposal } from './proposals.ts';
import type { Spec } from './spec.ts';
import type { Zone } from './zone.ts';
import { ZonedTime } from './zoned-time.ts';

export interface ScheduleOptions {
  /** What proposes times. Times of several clocks are taken together, and equal ones with equal parameters are one. */
  readonly clocks: readonly Clock[];
  /** A time must pass all of these. */
  readonly filters?: readonly Filter[];
  /** A time must pass one of these, if there are any. */
  readonly orFilters?: readonly Filter[];
  /** A time must pass none of these. */
  readonly notFilters?: readonly Filter[];
  /** What is done to a time that has passed, one after the other. */
  readonly adjustments?: readonly Adjustment[];
}

export interface ScheduleJson {
  readonly clocks: readonly ClockJson[];
  readonly filters: readonly Spec[];
  readonly orFilters: readonly Spec[];
  readonly notFilters: readonly Spec[];
  readonly adjustments: readonly Spec[];
}

/** How many times are looked at for one question. So filters that pass nothing end, instead of hanging. */
const proposalLimit = 10_000;

/**
 * When a flow should run. Clocks propose times, filters choose among them, adjustments move what was chosen; filters
 * and adjustments see each time in the zone of its clock. It never asks what time it is: it is told after which moment.
 */
export class Schedule {
  readonly clocks: readonly Clock[];
  readonly filters: readonly Filter[];
  readonly orFilters: readonly Filter[];
  readonly notFilters: readonly Filter[];
  readonly adjustments: readonly Adjustment[];
  readonly #edges: Edges | undefined;

  /** Throws `SCHEDULE_NEVER_FIRES` when its filters contradict each other, or pass no time of clocks that end. */
  constructor(options: ScheduleOptions) {
    const { clocks, filters, orFilters, notFilters, adjustments } = checkSchedule(options);
    this.clocks = [...clocks];
    this.filters = [...filters];
    this.orFilters = [...orFilters];
    this.notFilters = [...notFilters];
    this.adjustments = [...adjustments];
    this.#edges = edgesOf([...filters, ...orFilters, ...notFilters]);
    const contradiction = contradictionOf(this);
    if (contradiction !== undefined) throw neverFires(`this Schedule never fires: no time passes ${contradiction}`, {});
    if (this.#passesNone()) throw neverFires('this Schedule never fires: no time of its clocks passes its filters', {});
  }

  /**
   * The next `count` events after `after`, earliest first; fewer if the clocks end, or once 10,000 times were looked
   * at: see `quietUntil`. Of times in a row that built-in filters refuse, only the first is looked at. Events
   * that an adjustment moves to the same time with equal parameters are one. Events at one time with different
   * parameters are several: to go on from the last of too few would pass over the others of its time.
   */
  next(count: number, options: { readonly after: Date }): ScheduledEvent[] {
    if (!rules.count.holds(count)) {
      const message = `the count of next() should be ${rules.count.expected}; got ${describe(count)}`;
      throw new UsageError('INVALID_OPTION', message, { option: 'count', value: count });
    }
    checkOptions('next()', options ?? {}, { after: dateRule });
    if (options?.after === undefined) {
      const message = `next() needs option 'after', ${dateRule.expected}, as in next(${count}, { after: new Date() })`;
      throw new UsageError('INVALID_OPTION', message, { option: 'after' });
    }
    return this.#events(options.after.getTime(), {}).take(count).toArray();
  }

  /**
   * Before which time there is surely no event after `after`: to ask again from there, once `next` has given up at its
   * limit. If there is an event, its time; nothing if there will be none.
   */
  quietUntil(after: Date): Date | undefined {
    if (!dateRule.holds(after)) {
      const message = `quietUntil() needs ${dateRule.expected}; got ${describe(after)}`;
      throw new UsageError('INVALID_OPTION', message, { option: 'after', value: after });
    }
    const search: Search = {};
    for (const { startTime } of this.#events(after.getTime(), search)) return startTime;
    return search.endedAt === undefined ? undefined : new Date(search.endedAt);
  }

  /** As plain data, of which `scheduleFromJson` makes an equal schedule. Throws `SCHEDULE_NOT_SERIALIZABLE`. */
  toJSON(): ScheduleJson {
    return {
      clocks: this.clocks.map((clock) => clock.toJSON?.() ?? refuse(`clock ${describe(clock)}`)),
      filters: this.filters.map(specOf),
      orFilters: this.orFilters.map(specOf),
      notFilters: this.notFilters.map(specOf),
      adjustments: this.adjustments.map(specOf),
    };
  }

  /**
   * An event that was moved is kept back until no proposal to come can be moved before it. The proposals begin as far
   * before `after` as an adjustment may move them.
   */
  *#events(after: number, search: Search): Generator<ScheduledEvent> {
    const shift = totalShift(this.adjustments);
    const kept: ScheduledEvent[] = [];
    for (const { event, zone, passes } of this.#proposals(after, shift, search)) {
      const time = event.startTime.getTime();
      while (kept.length > 0 && kept[0]!.startTime.getTime() < time + shift.least) yield kept.shift()!;
      if (!passes()) continue;
      const startTime = this.#adjust(event.startTime, zone);
      if (startTime.getTime() > after) keep(kept, { startTime, parameters: event.parameters });
    }
    yield* kept;
  }

  /** What the clocks propose that may be moved after `after`. Only what is surely moved there counts for the limit. */
  *#proposals(after: number, shift: Shift, search: Search): Generator<Proposal> {
    const from = new Date(Math.max(after - shift.most, -lastMomentMs));
    const choice = { passes: (time: ZonedTime) => this.#passes(time), edges: this.#edges };
    const streams = this.clocks.map((clock) => proposalsOf(clock, from, choice));
    let last = after - shift.least;
    let proposed = 0;
    for (const proposal of merge(streams, ({ event }) => event.startTime.getTime())) {
      const time = proposal.event.startTime.getTime();
      if (time > last) proposed += 1;
      if (proposed > proposalLimit) {
        search.endedAt = time + shift.least;
        return;
      }
      last = Math.max(last, time);
      yield proposal;
    }
  }

  /** Whether all clocks have an end, soon enough to look at all their times, and filters pass none of these. */
  #passesNone(): boolean {
    const starts = this.clocks.map(({ start, end }) => (end === undefined ? NaN : (start?.getTime() ?? NaN)));
    const first = Math.min(...starts);
    if (!Number.isFinite(first)) return false;
    // What is not ours may depend on anything, or mind being asked before its time.
    if (this.#edges === undefined) return false;
    const search: Search = {};
    for (const { passes } of this.#proposals(first - 1, { least: 0, most: 0 }, search)) if (passes()) return false;
    return search.endedAt === undefined;
  }

  #passes(time: ZonedTime): boolean {
    const holds = (filter: Filter) => answerOf(filter, time);
    if (!this.filters.every(holds) || this.notFilters.some(holds)) return false;
    return this.orFilters.length === 0 || this.orFilters.some(holds);
  }

  #adjust(startTime: Date, zone: Zone): Date {
    return this.adjustments.reduce((date, adjustment) => {
      const adjusted: unknown = adjustment(new ZonedTime(date.getTime(), zone));
      if (dateRule.holds(adjusted)) return adjusted as Date;
      const message = `an adjustment should return ${dateRule.expected}; got ${describe(adjusted)}`;
      throw new UsageError('INVALID_OPTION', message, { option: 'adjustments', value: adjusted });
    }, startTime);
  }
}

/** How a search ended. */
interface Search {
  /** The time that it had come to at its limit; absent if it saw all there are. */
  endedAt?: number;
}

/** Puts an event into its place, after those of the same time, unless an equal one is there. */
function keep(kept: ScheduledEvent[], event: ScheduledEvent): void {
  const time = event.startTime.getTime();
  const place = kept.findLastIndex(({ startTime }) => startTime.getTime() <= time) + 1;
  for (let index = place - 1; index >= 0 && kept[index]!.startTime.getTime() === time; index -= 1) {
    if (isDeepStrictEqual(kept[index]!.parameters, event.parameters)) return;
  }
  kept.splice(place, 0, event);
}

/** A promise would be taken for a yes, and so nothing but true and false is an answer. */
function answerOf(filter: Filter, time: ZonedTime): boolean {
  const answer: unknown = filter(time);
  if (typeof answer === 'boolean') return answer;
  const message = `filter ${nameOfFilter(filter)} should answer true or false; got ${describe(answer)}`;
  throw new UsageError('INVALID_OPTION', message, { option: 'filters', value: answer });
}

function specOf(item: Filter | Adjustment): Spec {
  const { spec } = item as Partial<KnownFilter>;
  return spec ?? refuse(describe(item));
}

function refuse(what: string): never {
  const remedy = 'Only the clocks, filters and adjustments that come with Heddle can.';
  throw new UsageError('SCHEDULE_NOT_SERIALIZABLE', `${what} of this Schedule cannot be written as JSON. ${remedy}`);
}

function checkSchedule(options: ScheduleOptions): Required<ScheduleOptions> {
  const { list } = rules;
  const functionRules = { filters: list, orFilters: list, notFilters: list, adjustments: list };
  if (isClock(options) || Array.isArray(options)) {
    const message = `the options of Schedule should be { clocks: [clock] }; got ${describe(options)}`;
    throw new UsageError('INVALID_OPTION', message);
  }
  checkOptions('Schedule', options, { clocks: { ...list, isRequired: true }, ...functionRules });
  const { clocks, filters = [], orFilters = [], notFilters = [], adjustments = [] } = options;
  checkItems('clocks', clocks, { expected: 'a clock, with events() and a timeZone', holds: isClock });
  const functions = { filters, orFilters, notFilters, adjustments };
  for (const [option, items] of Object.entries(functions)) checkFunctions(option, items);
  return { clocks, filters, orFilters, notFilters, adjustments };
}

function checkFunctions(option: string, functions: readonly (Filter | Adjustment)[]): void {
  checkItems(option, functions, rules.function);
  const makers: readonly unknown[] = [...Object.values(filterMakers), add];
  const maker = functions.find((each) => makers.includes(each));
  if (maker === undefined) return;
  const message = `option '${option}' of Schedule should have what ${maker.name}(…) returns; got ${maker.name} itself`;
  throw new UsageError('INVALID_OPTION', message, { option, value: maker });
}

function checkItems(
  option: string,
  items: readonly unknown[],
  rule: { expected: string; holds: (item: unknown) => boolean },
) {
  const index = items.findIndex((item) => !rule.holds(item));
  if (index === -1) return;
  const message = `${option}[${index}] of Schedule should be ${rule.expected}; got ${describe(items[index])}`;
  throw new UsageError('INVALID_OPTION', message, { option, index, value: items[index] });
}

function isClock(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { events, timeZone } = value as Partial<Clock>;
  return typeof events === 'function' && clockRules.timeZone.holds(timeZone);
}
