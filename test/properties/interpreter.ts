// What a flow should come to, as the documents say and as simply as it can be said: no executor, no order in time, no
// message, no bytes. It is written from docs/*.md and not from the engine, which it is there to judge.

import { unreachable } from '../../src/lib/unreachable.ts';
import { actOf, callText, type Turn } from '../fixtures/actors.ts';
import { slugOf } from './build.ts';
import type { TriggerName } from './description.ts';
import {
  upstreamOf,
  type Arg,
  type GateSpec,
  type MergeSpec,
  type NodeSpec,
  type Program,
  type TaskSpec,
  type Wait,
} from './program.ts';

/** How one run ended. */
export interface Run {
  readonly type: 'Success' | 'Skipped' | 'Failed' | 'ValidationFailed' | 'TriggerFailed';
  /** Of a success only. */
  readonly value?: unknown;
}

/** How a node ended: as one run, or as one for each index. */
export type Outcome = Run | Children;
interface Children {
  readonly type: 'Mapped';
  readonly children: readonly Run[];
}

export interface Expectation {
  readonly flow: 'Success' | 'Failed';
  /** By id. */
  readonly outcomes: readonly Outcome[];
  /** The line of each call of a task's function, in no order. */
  readonly calls: readonly string[];
}

export function interpret(program: Program): Expectation {
  const { nodes, orders } = program;
  const outcomes: Outcome[] = [];
  const calls: string[] = [];
  const outcomeOf = (id: number): Outcome => (outcomes[id] ??= evaluate(nodes[id]!));
  const evaluate = (spec: NodeSpec): Outcome => {
    if (spec.type === 'parameter') return { type: 'Success', value: spec.value };
    const before = orders.filter(({ downstream }) => downstream === spec.id).map(({ upstream }) => outcomeOf(upstream));
    return carryOut(jobOf(spec, calls), outcomeOf, before);
  };
  for (const { id } of nodes) outcomeOf(id);
  const waitedFor = new Set(nodes.flatMap((spec) => upstreamOf(spec, orders)));
  const terminals = nodes.filter(({ id }) => !waitedFor.has(id)).flatMap(({ id }) => runsOf(outcomeOf(id)));
  return { flow: terminals.some(isFailed) ? 'Failed' : 'Success', outcomes, calls };
}

/** What there is to do for a node, be it a task, a merge or a gate. */
interface Job extends Pick<TaskSpec, 'gate' | 'isMapped' | 'args'> {
  readonly after: readonly Waiting[];
  readonly trigger: TriggerName;
  readonly isSkippedByUpstream: boolean;
  readonly isShortest: boolean;
  /** Whether it can do without one that was skipped, having others. */
  readonly isMerge: boolean;
  readonly perform: (inputs: readonly Input[], mapIndex: number | undefined) => Run;
}

interface Waiting extends Arg {
  readonly isOfMapped: boolean;
}

interface Input {
  readonly value: unknown;
  readonly isSkipped: boolean;
}

function jobOf(spec: TaskSpec | MergeSpec | GateSpec, calls: string[]): Job {
  const { gate, isMapped } = spec;
  const plain = { gate, isMapped, after: [], trigger: 'allSuccessful', isShortest: false, isMerge: false } as const;
  const of = (id: number): Arg => ({ source: { type: 'node', id }, isEach: isMapped, isFlattened: false });
  switch (spec.type) {
    case 'gate':
      return {
        ...plain,
        args: [of(spec.condition)],
        isSkippedByUpstream: true,
        perform: ([input]) => decide(spec, input!.value),
      };
    case 'merge':
      return { ...plain, args: spec.of.map(of), isSkippedByUpstream: false, isMerge: true, perform: firstOf };
    case 'task': {
      const { trigger, skipOnUpstreamSkip: isSkippedByUpstream, zip } = spec.facts;
      const perform: Job['perform'] = (inputs, mapIndex) =>
        act(
          spec,
          inputs.map(({ value }) => value),
          mapIndex,
          calls,
        );
      return {
        ...plain,
        args: spec.args,
        after: spec.after.map(waitingOf),
        trigger,
        isSkippedByUpstream,
        isShortest: zip === 'shortest',
        perform,
      };
    }
    default:
      return unreachable(spec);
  }
}

type OutcomeOf = (id: number) => Outcome;

function carryOut(job: Job, outcomeOf: OutcomeOf, ordered: readonly Outcome[]): Outcome {
  const gate = job.gate === undefined ? undefined : outcomeOf(job.gate);
  if (gate !== undefined && gate.type !== 'Mapped' && gate.type !== 'Success') return closedBy(gate);
  const after = job.isMapped ? afterOf(job, outcomeOf) : job.after;
  const wholeIds = [...job.args, ...after].filter(({ isEach }) => !isEach).flatMap(idsOf);
  const wholes = [...ordered, ...wholeIds.map(outcomeOf)].flatMap(runsOf);
  const gates = gate?.type === 'Mapped' ? gate.children : undefined;
  if (job.isMapped) return spread({ ...job, after }, { outcomeOf, wholes, gates });
  return start(job, wholes, () => job.args.map((arg) => inputOf(arg, outcomeOf)));
}

interface Around {
  readonly outcomeOf: OutcomeOf;
  /** The runs that every child waits for. */
  readonly wholes: readonly Run[];
  /** One for each child, in a branch that each index takes or does not. */
  readonly gates: readonly Run[] | undefined;
}

/** What was to be mapped and came to no list is waited for as a single run, if there is a list beside it. */
function afterOf({ args, after }: Job, outcomeOf: OutcomeOf): readonly Waiting[] {
  const isSingle = (arg: Waiting) =>
    arg.isEach && arg.isOfMapped && idsOf(arg).some((id) => outcomeOf(id).type !== 'Mapped');
  const hasList = args.some(({ isEach }) => isEach) || after.some((arg) => arg.isEach && !isSingle(arg));
  return hasList ? after.map((arg) => (isSingle(arg) ? { ...arg, isEach: false } : arg)) : after;
}

/** A mapped task: what is wrong with a list as a whole is wrong with all of it, everything else is up to each child. */
function spread(job: Job, { outcomeOf, wholes, gates }: Around): Outcome {
  const eaches = [...job.args, ...job.after].filter(({ isEach }) => isEach);
  const lists = eaches.map((arg) => listOf(arg, outcomeOf));
  const isAbsent = (list: List) => list.verdict === 'Skipped' && job.isMerge;
  if (lists.every(isAbsent)) return ended('Skipped');
  const verdicts = lists.filter((list) => !isAbsent(list)).map(({ verdict }) => verdict);
  if (job.isSkippedByUpstream && verdicts.includes('Skipped')) return ended('Skipped');
  if (verdicts.includes('TriggerFailed') && job.trigger === 'allSuccessful') return ended('TriggerFailed');
  if (verdicts.some((verdict) => verdict !== undefined)) return ended('Failed');
  const lengths = [
    ...lists.flatMap(({ slots }) => slots?.length ?? []),
    ...(gates === undefined ? [] : [gates.length]),
  ];
  const length = Math.min(...lengths);
  if (!job.isShortest && Math.max(...lengths) > length) return ended('Failed');
  return { type: 'Mapped', children: Array.from({ length }, (_, index) => childOf(index)) };

  function childOf(index: number): Run {
    const gate = gates?.[index];
    if (gate !== undefined && gate.type !== 'Success') return closedBy(gate);
    const own = lists.map(({ slots }) => slots?.[index]);
    const upstream = [...wholes, ...own.flatMap((slot) => slot?.upstream ?? [])];
    const inputs = () => {
      const each = own.values();
      return job.args.map((arg) => (arg.isEach ? (each.next().value?.input ?? nothing) : inputOf(arg, outcomeOf)));
    };
    return start(job, upstream, inputs, index);
  }
}

/** One run: is it skipped, does its trigger let it, and can its inputs be had? */
function start(job: Job, upstream: readonly Run[], inputsOf: () => (Input | undefined)[], mapIndex?: number): Run {
  const runs = [...new Set(upstream)];
  if (job.isSkippedByUpstream && runs.some(isSkipped)) return ended('Skipped');
  const verdict = triggers[job.trigger](runs);
  if (verdict !== true) return ended(verdict === 'skip' ? 'Skipped' : 'TriggerFailed');
  const inputs = inputsOf();
  if (inputs.includes(undefined)) return ended('Failed');
  return job.perform(inputs as Input[], mapIndex);
}

/** What happens when a function is called: again after each failure that has a retry left, and in each round anew. */
function act({ id, facts }: TaskSpec, inputs: readonly unknown[], mapIndex: number | undefined, calls: string[]): Run {
  let turn: Turn = { slug: slugOf(id), mapIndex, attempt: 1, round: 1, before: undefined };
  let retriesLeft = facts.retries;
  for (;;) {
    calls.push(callText(turn));
    const { act, value } = actOf(facts.script, inputs, turn);
    const isWorthIt = facts.isPicky ? act === 'throw' : act === 'throw' || act === 'fail' || act === 'invalid';
    if (act === 'loop') {
      turn = { ...turn, attempt: 1, round: turn.round + 1, before: value };
      retriesLeft = facts.retries;
    } else if (act === 'retry' || (isWorthIt && retriesLeft > 0)) {
      if (act !== 'retry') retriesLeft -= 1;
      turn = { ...turn, attempt: turn.attempt + 1 };
    } else {
      return act === 'done' || act === 'succeed' ? success(value) : ended(endings[act]);
    }
  }
}

const endings = { skip: 'Skipped', throw: 'Failed', fail: 'Failed', invalid: 'ValidationFailed' } as const;

function decide({ cases, isWanted }: GateSpec, condition: unknown): Run {
  if (Array.isArray(condition) && cases !== undefined) return ended('Failed');
  const isSo = cases === undefined ? Boolean(condition) : cases.includes(String(condition));
  return isSo === isWanted ? success(undefined) : ended('Skipped');
}

function firstOf(inputs: readonly Input[]): Run {
  const first = inputs.find(({ isSkipped }) => !isSkipped);
  return first === undefined ? ended('Skipped') : success(first.value);
}

const triggers: Readonly<Record<TriggerName, (runs: readonly Run[]) => boolean | 'skip'>> = {
  allSuccessful: (runs) => !runs.some(isFailed),
  allFinished: () => true,
  anyFailed: (runs) => runs.length === 0 || runs.some(isFailed),
  allFailed: (runs) => runs.every(isFailed),
  anySuccessful: (runs) => runs.length === 0 || !runs.every(isFailed),
  notAllSkipped: (runs) => (runs.length > 0 && runs.every(isSkipped) ? 'skip' : !runs.some(isFailed)),
  oneFailed: (runs) => runs.length === 0 || runs.filter(isFailed).length === 1,
  oneSuccessful: (runs) => runs.length === 0 || runs.filter(isFailed).length === runs.length - 1,
  halfSuccessful: (runs) => runs.length === 0 || 2 * runs.filter(isFailed).length <= runs.length,
};

/** One element of a list that is mapped over: what it is, and the run that made it. */
interface Slot {
  readonly upstream: Run | undefined;
  readonly input: Input;
}

/** What is mapped over: its elements, or how a task ends that cannot be mapped over it. */
type List =
  | { readonly slots: readonly Slot[]; readonly verdict?: undefined }
  | { readonly slots?: undefined; readonly verdict: Run['type'] };

function listOf({ source, isFlattened }: Arg, outcomeOf: OutcomeOf): List {
  const outcome: Outcome =
    source.type === 'node' ? outcomeOf(source.id) : success((source as { value: unknown }).value);
  if (outcome.type === 'Mapped') {
    const lists = outcome.children.map((child) => (isFlattened ? oneLevelOf(child) : [child.value]));
    if (lists.includes(undefined)) return { verdict: 'Failed' };
    return { slots: outcome.children.flatMap((child, index) => lists[index]!.map((value) => slotOf(value, child))) };
  }
  if (outcome.type !== 'Success') return { verdict: closedBy(outcome).type };
  const list = isFlattened ? concatenated(outcome.value) : outcome.value;
  if (!Array.isArray(list)) return { verdict: 'Failed' };
  return { slots: list.map((value) => slotOf(value, source.type === 'node' ? outcome : undefined)) };
}

function slotOf(value: unknown, upstream: Run | undefined): Slot {
  return { upstream, input: { value, isSkipped: upstream?.type === 'Skipped' } };
}

/** What a run adds to a flattened list: one place if it has nothing to give; nothing at all if that is no list. */
function oneLevelOf(run: Run): readonly unknown[] | undefined {
  if (run.type !== 'Success') return [undefined];
  return Array.isArray(run.value) ? run.value : undefined;
}

/** An argument that is given whole; nothing if what is to be flattened is no list of lists. */
function inputOf({ source, isFlattened }: Arg, outcomeOf: OutcomeOf): Input | undefined {
  if (source.type === 'node') return inputOfNode(outcomeOf(source.id), isFlattened);
  const value = source.type === 'value' ? source.value : source.ids.map((id) => valueOf(outcomeOf(id)));
  return isFlattened ? flatInput(concatenated(value)) : { value, isSkipped: false };
}

function inputOfNode(outcome: Outcome, isFlattened: boolean): Input | undefined {
  const runs = runsOf(outcome);
  if (!isFlattened) return { value: valueOf(outcome), isSkipped: runs.length > 0 && runs.every(isSkipped) };
  if (outcome.type === 'Mapped') return flatInput(concatenated(runs.map(oneLevelOf)));
  return outcome.type === 'Success' ? flatInput(concatenated(outcome.value)) : nothing;
}

function flatInput(value: unknown[] | undefined): Input | undefined {
  return value && { value, isSkipped: false };
}

const nothing: Input = { value: undefined, isSkipped: true };

function concatenated(lists: unknown): unknown[] | undefined {
  if (!Array.isArray(lists) || !lists.every((list) => Array.isArray(list))) return undefined;
  return lists.flat();
}

function valueOf(outcome: Outcome): unknown {
  return outcome.type === 'Mapped' ? outcome.children.map(({ value }) => value) : outcome.value;
}

function waitingOf({ id, isEach, isOfMapped }: Wait): Waiting {
  return { source: { type: 'node', id }, isEach, isFlattened: false, isOfMapped };
}

function idsOf({ source }: Arg): readonly number[] {
  if (source.type === 'collection') return source.ids;
  return source.type === 'node' ? [source.id] : [];
}

function runsOf(outcome: Outcome): readonly Run[] {
  return outcome.type === 'Mapped' ? outcome.children : [outcome];
}

/** What becomes of a run that is nothing without this one. */
function closedBy({ type }: Run): Run {
  return ended(type === 'Skipped' ? 'Skipped' : 'TriggerFailed');
}

/** Each is one of its own: a trigger counts how many there are. */
function ended(type: Run['type']): Run {
  return { type };
}

function success(value: unknown): Run {
  return { type: 'Success', value };
}

function isSkipped({ type }: Run): boolean {
  return type === 'Skipped';
}

function isFailed({ type }: Run): boolean {
  return type === 'Failed' || type === 'ValidationFailed' || type === 'TriggerFailed';
}
