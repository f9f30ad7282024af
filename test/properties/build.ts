// Makes a flow of a program, by the calls that an author would write.

import { flatten, Flow, ifElse, mapped, merge, Parameter, switchCase, triggers, unmapped } from 'heddle';
import type { Node, Trigger } from 'heddle';
import { actor, pickyActor } from '../fixtures/actors.ts';
import type { TriggerName } from './description.ts';
import type { Arg, Call, Fork, Program, TaskSpec } from './program.ts';

/** The compiler cannot follow what is random. */
type Loose = (...args: unknown[]) => Node;
type Mappable = Loose & { readonly map: Loose };

export interface Built {
  readonly flow: Flow;
  /** By id; gates and the like are not among them. */
  readonly made: ReadonlyMap<number, Node>;
}

export function build({ calls, orders }: Program): Built {
  const made = new Map<number, Node>();
  const flow = new Flow('random', () => {
    for (const call of calls) carryOut(call, made);
  });
  for (const { upstream, downstream } of orders) flow.addEdge(made.get(upstream)!, made.get(downstream)!);
  return { flow, made };
}

export function slugOf(id: number): string {
  return `n${id}`;
}

const triggerByName: Readonly<Record<TriggerName, Trigger>> = {
  allSuccessful: triggers.allSuccessful,
  allFinished: triggers.allFinished,
  anyFailed: triggers.anyFailed,
  allFailed: triggers.allFailed,
  anySuccessful: triggers.anySuccessful,
  notAllSkipped: triggers.notAllSkipped,
  oneFailed: triggers.someFailed({ atLeast: 1, atMost: 1 }),
  oneSuccessful: triggers.someSuccessful({ atLeast: 1, atMost: 1 }),
  halfSuccessful: triggers.someSuccessful({ atLeast: 0.5 }),
};

function carryOut(call: Call, made: Map<number, Node>): void {
  switch (call.type) {
    case 'parameter':
      made.set(call.id, new Parameter(slugOf(call.id), { default: call.value }));
      return;
    case 'task':
      made.set(call.id, callTask(call, made));
      return;
    case 'merge':
      made.set(call.id, mappable(merge, call.isMapped)(...call.of.map((id) => made.get(id)!)));
      return;
    case 'fork':
      made.set(call.merge, callFork(call, made));
  }
}

function callTask({ id, facts, args, after, isMapped }: TaskSpec, made: ReadonlyMap<number, Node>): Node {
  const { script, retries, isPicky, trigger, skipOnUpstreamSkip, zip } = facts;
  const upstreamTasks = after.map((each) => {
    const node = made.get(each.id)!;
    if (!each.isEach) return isMapped ? unmapped(node) : node;
    return node.isMapped ? node : mapped(node as Node<unknown[]>);
  });
  const task = (isPicky ? pickyActor : actor).with({
    slug: slugOf(id),
    retries,
    trigger: triggerByName[trigger],
    skipOnUpstreamSkip,
    zip,
    upstreamTasks,
  });
  // Every other task is mapped by marks in a call rather than by `.map`: the one must be as good as the other.
  const isCall = !isMapped || (id % 2 === 0 && args.some(({ isEach }) => isEach));
  const whole = isCall ? (value: unknown) => value : unmapped;
  const each = isCall ? mapped : (value: unknown) => value;
  const given = args.map((arg) => {
    const value = arg.isFlattened ? flatten(valueOf(arg, made) as Node<number[][]>) : valueOf(arg, made);
    return arg.isEach ? each(value as never) : whole(value);
  });
  return mappable(task, !isCall)(whole(script), whole(slugOf(id)), ...given);
}

function callFork({ call, isMapped, condition, branches }: Fork, made: Map<number, Node>): Node {
  const [first, second, third] = branches.map(({ calls, gives }) => () => {
    for (const inner of calls) carryOut(inner, made);
    return made.get(gives);
  });
  const node = made.get(condition)!;
  if (call === 'ifElse') return mappable(ifElse, isMapped)(node, first, second);
  const cases = second === undefined ? { 0: first } : { 0: first, 1: second };
  return mappable(switchCase, isMapped)(node, cases, third);
}

function valueOf({ source }: Arg, made: ReadonlyMap<number, Node>): unknown {
  if (source.type === 'value') return source.value;
  return source.type === 'node' ? made.get(source.id)! : source.ids.map((id) => made.get(id)!);
}

function mappable(call: unknown, isMapped: boolean): Loose {
  const loose = call as Mappable;
  return isMapped ? (...args) => loose.map(...args) : loose;
}
