// A trigger decides from the final states of a task run's upstream runs whether it may start. It returns true, returns
// false (the run ends as TriggerFailed), or throws a signal. On a reduce, a mapped upstream counts as its children.
// Names and rules are Prefect's: skipped counts as successful, and no upstream at all is always enough.

import { choices } from '../code/known-names.ts';
import { checkOptions } from '../lib/options.ts';
import { PAUSE, SKIP, TRIGGERFAIL } from './signals.ts';
import type { State } from './state.ts';

/** Asks whether a task run may start, given the final states of its upstream runs, each once. */
export type Trigger = (upstream: readonly State[]) => boolean;

/** The standard triggers, by name: those of Prefect 1. */
interface Triggers {
  /** Every upstream run was successful (or skipped). The default. */
  readonly allSuccessful: Trigger;
  /** Every upstream run failed. */
  readonly allFailed: Trigger;
  /** At least one upstream run was successful. */
  readonly anySuccessful: Trigger;
  /** At least one upstream run failed. */
  readonly anyFailed: Trigger;
  /** Every upstream run is finished, however it ended. */
  readonly allFinished: Trigger;
  /** Another name for `allFinished`. */
  readonly alwaysRun: Trigger;
  /** Never starts by itself: the run is left Paused until one approves it, with `flow.run({ approve: [slug] })`. */
  readonly manualOnly: Trigger;
  /** All successful, and at least one not skipped; when all were skipped, so is this run. */
  readonly notAllSkipped: Trigger;
  /** The number of failed upstream runs is within the bounds. */
  readonly someFailed: (bounds: Bounds) => Trigger;
  /** The number of successful upstream runs is within the bounds. */
  readonly someSuccessful: (bounds: Bounds) => Trigger;
}

export const allSuccessful: Trigger = (upstream) =>
  upstream.every(isSuccessful) || refuse('allSuccessful', 'some of the upstream tasks failed');

export const allFailed: Trigger = (upstream) =>
  upstream.every(isFailed) || refuse('allFailed', 'some of the upstream tasks succeeded');

export const anySuccessful: Trigger = (upstream) =>
  upstream.length === 0 ||
  upstream.some(isSuccessful) ||
  refuse('anySuccessful', 'none of the upstream tasks succeeded');

export const anyFailed: Trigger = (upstream) =>
  upstream.length === 0 || upstream.some(isFailed) || refuse('anyFailed', 'none of the upstream tasks failed');

export const allFinished: Trigger = (upstream) =>
  upstream.every((state) => state.isFinished()) ||
  refuse('allFinished', 'some of the upstream tasks were not finished');

export const alwaysRun: Trigger = allFinished;

export const manualOnly: Trigger = () => {
  throw new PAUSE('Trigger function is "manualOnly"');
};

export const notAllSkipped: Trigger = (upstream) => {
  if (upstream.length > 0 && upstream.every((state) => state.isSkipped())) throw new SKIP('All upstreams were skipped');
  return upstream.every(isSuccessful) || refuse('notAllSkipped', 'some of the upstream tasks failed');
};

/** How many upstream runs; a bound below 1 is a fraction of them, from 1 on a number. Both bounds are inclusive. */
export interface Bounds {
  readonly atLeast?: number;
  readonly atMost?: number;
}

export function someFailed(bounds: Bounds): Trigger {
  return within('someFailed', bounds, { verb: 'failed', holds: isFailed });
}

export function someSuccessful(bounds: Bounds): Trigger {
  return within('someSuccessful', bounds, { verb: 'succeeded', holds: isSuccessful });
}

/** What a standard trigger is called, so that it can be found again elsewhere; nothing for a user's own function. */
export interface TriggerName {
  readonly name: string;
  readonly bounds?: Bounds;
}

export function nameOf(trigger: Trigger): TriggerName | undefined {
  const bounded = boundedTriggers.get(trigger);
  if (bounded !== undefined) return bounded;
  const name = Object.entries(plainTriggers).find(([, plain]) => plain === trigger)?.[0];
  return name === undefined ? undefined : { name };
}

export function triggerOf({ name, bounds = {} }: TriggerName): Trigger {
  if (name === 'someFailed') return someFailed(bounds);
  if (name === 'someSuccessful') return someSuccessful(bounds);
  return plainTriggers[name as keyof typeof plainTriggers];
}

const plainTriggers = {
  allSuccessful,
  allFailed,
  anySuccessful,
  anyFailed,
  allFinished,
  manualOnly,
  notAllSkipped,
};

/** For users. */
export const triggers: Triggers = choices('triggers', 'UNKNOWN_TRIGGER', {
  ...plainTriggers,
  alwaysRun,
  someFailed,
  someSuccessful,
});

const boundRule = {
  expected: 'a number, 0 or more',
  holds: (value: unknown) => typeof value === 'number' && value >= 0,
};

/** What `someFailed` and `someSuccessful` made, and from which bounds. */
const boundedTriggers = new WeakMap<Trigger, TriggerName>();

interface Counted {
  readonly verb: string;
  readonly holds: (state: State) => boolean;
}

function within(name: string, bounds: Bounds, { verb, holds }: Counted): Trigger {
  checkOptions(name, bounds, { atLeast: boundRule, atMost: boundRule });
  const { atLeast, atMost } = bounds;
  const trigger: Trigger = (upstream) => {
    const { length } = upstream;
    if (length === 0) return true;
    const count = upstream.filter(holds).length;
    const number = (bound: number) => (bound < 1 ? bound * length : bound);
    const isEnough = atLeast === undefined || count >= number(atLeast);
    const isFew = atMost === undefined || count <= number(atMost);
    if (isEnough && isFew) return true;
    const found = `${count} of ${length} upstream runs ${verb}`;
    return refuse(name, `thresholds were not met: ${found}, wanted ${wantedOf(bounds, length)}`);
  };
  boundedTriggers.set(trigger, { name, bounds });
  return trigger;
}

function wantedOf({ atLeast, atMost }: Bounds, length: number): string {
  const bound = (word: string, value: number) => `at ${word} ${value}${value > 0 && value < 1 ? ' of them' : ''}`;
  const wanted = [
    ...(atLeast === undefined ? [] : [bound('least', atLeast)]),
    ...(atMost === undefined ? [] : [bound('most', atMost)]),
  ].join(' and ');
  const isTooMany = atLeast !== undefined && atLeast >= 1 && atLeast > length;
  return isTooMany ? `${wanted}, which is more than there are: only a bound below 1 is a share` : wanted;
}

function refuse(name: string, why: string): never {
  throw new TRIGGERFAIL(`Trigger was "${name}" but ${why}.`);
}

function isSuccessful(state: State): boolean {
  return state.isSuccessful();
}

function isFailed(state: State): boolean {
  return state.isFailed();
}
