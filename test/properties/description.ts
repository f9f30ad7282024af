// Descriptions of flows, as plain data that fast-check makes and shrinks. Nothing in one depends on anything else in it:
// a step says "the third from the end of those that would do", whatever they turn out to be (see program.ts), so that
// whatever is left of a description when something is taken away is a description too.

import fc from 'fast-check';
import type { Ending, Fate, Round, Script, Setback, Shape } from '../fixtures/actors.ts';

export interface Description {
  readonly steps: readonly Step[];
  /** How long lists of the usual length are made: so long that chunks hold many, or not at all longer. */
  readonly width: number;
  /** Pairs of steps of which one waits for the other, made when all are there. */
  readonly orders: readonly { readonly upstream: Pick; readonly downstream: Pick }[];
}

/** Of lists in a description. */
export const usualLength = 2;

/** One of the steps made before: counted backwards among those that would do, or among all if it is wild. */
export interface Pick {
  readonly back: number;
  readonly isWild: boolean;
}

export type Step = TaskStep | MergeStep | ParameterStep | ForkStep;

export interface TaskStep extends TaskFacts {
  readonly type: 'task';
  readonly args: readonly Argument[];
  /** What it waits for, without the values. */
  readonly after: readonly { readonly pick: Pick; readonly isWhole: boolean }[];
  /** Whether it is mapped over what it waits for, when it is mapped over none of its arguments. */
  readonly isSweep: boolean;
}

export interface TaskFacts {
  readonly script: Script;
  readonly retries: number;
  /** Whether only what was thrown is tried again, not what a signal failed. */
  readonly isPicky: boolean;
  readonly trigger: TriggerName;
  readonly skipOnUpstreamSkip: boolean;
  readonly zip: 'strict' | 'shortest';
}

export const triggerNames = [
  'allSuccessful',
  'allFinished',
  'anyFailed',
  'allFailed',
  'anySuccessful',
  'notAllSkipped',
  'oneFailed',
  'oneSuccessful',
  'halfSuccessful',
] as const;
export type TriggerName = (typeof triggerNames)[number];

export interface Argument {
  readonly source: { readonly type: 'value'; readonly value: ListOfLists } | NodeSource | CollectionSource;
  /** Whether the task is mapped over it. */
  readonly isEach: boolean;
  readonly isFlattened: boolean;
}

type ListOfLists = readonly (readonly number[])[];
interface NodeSource {
  readonly type: 'node';
  readonly pick: Pick;
}
/** An array with nodes in it. */
interface CollectionSource {
  readonly type: 'collection';
  readonly picks: readonly Pick[];
}

export interface MergeStep {
  readonly type: 'merge';
  readonly picks: readonly Pick[];
  readonly isMapped: boolean;
}

export interface ParameterStep {
  readonly type: 'parameter';
  readonly value: ListOfLists | readonly number[] | number;
}

export interface ForkStep {
  readonly type: 'fork';
  readonly call: 'ifElse' | 'switchCase';
  readonly isMapped: boolean;
  readonly condition: Pick;
  readonly branches: readonly Branch[];
}

export interface Branch {
  readonly steps: readonly Step[];
  readonly gives: Pick;
}

/** Mostly the same length, so that lists can be zipped. */
const length = fc.oneof(
  { weight: 4, arbitrary: fc.constant(usualLength) },
  { weight: 1, arbitrary: fc.constantFrom(0, 1, 3, 4) },
);
const mostly = <T>(usual: T, ...others: T[]) =>
  fc.oneof({ weight: 6, arbitrary: fc.constant(usual) }, { weight: 2, arbitrary: fc.constantFrom(...others) });
const seldom = fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) });

/** Mostly the last ones, so that steps depend on one another, and often twice on the same. */
const back = fc.oneof(fc.constant(0), fc.nat(2), fc.nat(20));
const pick: fc.Arbitrary<Pick> = fc.record({ back, isWild: seldom });

const shape: fc.Arbitrary<Shape> = fc.oneof(
  fc.record({ type: fc.constantFrom('number' as const, 'digit' as const) }),
  fc.record({ type: fc.constant('list' as const), length }),
  fc.record({ type: fc.constant('lists' as const), length }),
  fc.record({ type: fc.constant('nothing' as const) }),
);
const setback = fc.constantFrom<Setback>('throw', 'fail', 'retry', 'invalid');
const round: fc.Arbitrary<Round> = fc.record({
  first: fc.oneof(
    { weight: 4, arbitrary: fc.constant([]) },
    { weight: 2, arbitrary: fc.array(setback, { maxLength: 3 }) },
  ),
  last: mostly<Ending>('done', 'skip', 'throw', 'fail', 'invalid', 'succeed'),
});
const fate: fc.Arbitrary<Fate> = fc.oneof(
  { weight: 5, arbitrary: fc.tuple(round) },
  { weight: 1, arbitrary: fc.array(round, { minLength: 1, maxLength: 3 }) },
);
const script: fc.Arbitrary<Script> = fc.record({ shape, fates: fc.array(fate, { minLength: 1, maxLength: 4 }) });

const two = { minLength: usualLength, maxLength: usualLength };
const list = fc.oneof(fc.array(fc.nat(9), two), fc.array(fc.nat(9), { maxLength: 4 }));
const inner = fc.array(fc.nat(9), { maxLength: 3 });
const listOfLists = fc.oneof(fc.array(inner, two), fc.array(inner, { maxLength: 4 }));

const argument: fc.Arbitrary<Argument> = fc.record({
  source: fc.oneof(
    { weight: 6, arbitrary: fc.record({ type: fc.constant('node' as const), pick }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant('value' as const), value: listOfLists }) },
    {
      weight: 1,
      arbitrary: fc.record({ type: fc.constant('collection' as const), picks: fc.array(pick, { maxLength: 3 }) }),
    },
  ),
  isEach: fc.boolean(),
  isFlattened: mostly(false, true),
});

const taskStep: fc.Arbitrary<TaskStep> = fc.record({
  type: fc.constant('task' as const),
  script,
  retries: fc.nat(2),
  isPicky: seldom,
  trigger: fc.oneof(fc.constant(triggerNames[0]), fc.constantFrom(...triggerNames)),
  skipOnUpstreamSkip: mostly(true, false),
  zip: mostly<'strict' | 'shortest'>('strict', 'shortest'),
  isSweep: seldom,
  args: fc.array(argument, { maxLength: 3 }),
  after: fc.oneof(
    { weight: 2, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(fc.record({ pick, isWhole: fc.boolean() }), { maxLength: 2 }) },
  ),
});
const parameterStep: fc.Arbitrary<ParameterStep> = fc.record({
  type: fc.constant('parameter' as const),
  value: fc.oneof(fc.nat(2), list, listOfLists),
});
const mergeStep: fc.Arbitrary<MergeStep> = fc.record({
  type: fc.constant('merge' as const),
  picks: fc.array(pick, { minLength: 1, maxLength: 3 }),
  isMapped: fc.boolean(),
});

const { step } = fc.letrec<{ step: Step; branch: Branch; fork: ForkStep }>((tie) => ({
  step: fc.oneof(
    { maxDepth: 2 },
    { weight: 8, arbitrary: taskStep },
    { weight: 1, arbitrary: parameterStep },
    { weight: 1, arbitrary: mergeStep },
    { weight: 2, arbitrary: tie('fork') },
  ),
  fork: fc.record({
    type: fc.constant('fork' as const),
    call: fc.constantFrom('ifElse' as const, 'switchCase' as const),
    isMapped: fc.boolean(),
    condition: pick,
    branches: fc.array(tie('branch'), { minLength: 1, maxLength: 3 }),
  }),
  branch: fc.record({ steps: fc.array(tie('step'), { maxLength: 3 }), gives: pick }),
}));

export const description: fc.Arbitrary<Description> = fc.record({
  steps: fc.array(step, { minLength: 1, maxLength: 10 }),
  width: fc.oneof({ weight: 3, arbitrary: fc.constant(usualLength) }, { weight: 1, arbitrary: fc.constant(24) }),
  orders: fc.array(fc.record({ upstream: pick, downstream: pick }), { maxLength: 2 }),
});
