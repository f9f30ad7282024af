// What a description comes to: its steps as nodes with numbers, each pick being a node that is there, and the branches
// with their gates and merges. No rule about how a flow runs is in here, only which calls make one.

import { unreachable } from '../../src/lib/unreachable.ts';
import type { Shape } from '../fixtures/actors.ts';
import { usualLength } from './description.ts';
import type {
  Argument,
  Branch,
  Description,
  ForkStep,
  MergeStep,
  Pick,
  Step,
  TaskFacts,
  TaskStep,
} from './description.ts';

export interface Program {
  /** By id. */
  readonly nodes: readonly NodeSpec[];
  /** In the order in which they are called. */
  readonly calls: readonly Call[];
  readonly orders: readonly { readonly upstream: number; readonly downstream: number }[];
}

export type Call = ParameterSpec | TaskSpec | MergeSpec | Fork;
export type NodeSpec = ParameterSpec | TaskSpec | MergeSpec | GateSpec;

export interface ParameterSpec {
  readonly type: 'parameter';
  readonly id: number;
  readonly value: unknown;
}

interface Gated {
  readonly id: number;
  /** The gate of the innermost branch that it is in. */
  readonly gate: number | undefined;
  readonly isMapped: boolean;
}

export interface TaskSpec extends Gated {
  readonly type: 'task';
  readonly facts: TaskFacts;
  readonly args: readonly Arg[];
  readonly after: readonly Wait[];
}

export interface Wait {
  readonly id: number;
  readonly isEach: boolean;
  /** Whether what is waited for is mapped, or was to be. */
  readonly isOfMapped: boolean;
}

export interface Arg {
  readonly source:
    | { readonly type: 'value'; readonly value: unknown }
    | { readonly type: 'node'; readonly id: number }
    | { readonly type: 'collection'; readonly ids: readonly number[] };
  readonly isEach: boolean;
  readonly isFlattened: boolean;
}

/** Also what a branch gives that was made outside of it: that is merged with nothing. */
export interface MergeSpec extends Gated {
  readonly type: 'merge';
  readonly of: readonly number[];
}

/** What decides about one branch of a fork. */
export interface GateSpec extends Gated, Wish {
  readonly type: 'gate';
  readonly condition: number;
}

interface Wish {
  /** Which values open it: true ones, or one of those texts; or just the others. */
  readonly cases: readonly string[] | undefined;
  readonly isWanted: boolean;
}

export interface Fork {
  readonly type: 'fork';
  readonly call: ForkStep['call'];
  readonly isMapped: boolean;
  readonly condition: number;
  readonly branches: readonly { readonly calls: readonly Call[]; readonly gives: number }[];
  /** The node that it returns. */
  readonly merge: number;
}

export function programOf({ steps, width, orders }: Description): Program {
  const draft = new Draft(width);
  const calls = draft.add(steps, { gate: undefined, isMapped: false });
  for (const { upstream, downstream } of orders) draft.order(upstream, downstream);
  return { nodes: draft.nodes, calls, orders: draft.orders };
}

/** All nodes that a node waits for. */
export function upstreamOf(spec: NodeSpec, orders: Program['orders']): number[] {
  const ordered = orders.filter(({ downstream }) => downstream === spec.id).map(({ upstream }) => upstream);
  if (spec.type === 'parameter') return ordered;
  const gate = spec.gate === undefined ? [] : [spec.gate];
  return [...sourcesOf(spec), ...gate, ...ordered];
}

function sourcesOf(spec: TaskSpec | MergeSpec | GateSpec): readonly number[] {
  switch (spec.type) {
    case 'merge':
      return spec.of;
    case 'gate':
      return [spec.condition];
    case 'task':
      return [...spec.args.flatMap(({ source }) => idsOf(source)), ...spec.after.map(({ id }) => id)];
    default:
      return unreachable(spec);
  }
}

function idsOf(source: Arg['source']): readonly number[] {
  if (source.type === 'collection') return source.ids;
  return source.type === 'node' ? [source.id] : [];
}

/** Where steps stand: in which branch, and whether each index decides for itself about that. */
interface Place {
  readonly gate: GateSpec | undefined;
  readonly isMapped: boolean;
}

class Draft {
  readonly nodes: NodeSpec[] = [];
  readonly orders: { upstream: number; downstream: number }[] = [];
  /** What later steps may use, in order of its making. */
  readonly #visible: number[] = [];
  /** How many levels of lists each node's value is thought to have. */
  readonly #depths = new Map<number, number>();
  readonly #width: number;

  constructor(width: number) {
    this.#width = width;
  }

  add(steps: readonly Step[], place: Place): Call[] {
    return steps.flatMap((step) => this.#addStep(step, place) ?? []);
  }

  order(upstream: Pick, downstream: Pick): void {
    const [before, after] = [this.#pick(upstream), this.#pick(downstream)];
    if (before === undefined || after === undefined || this.nodes[after]!.type === 'parameter') return;
    const waitedFor = new Set([before]);
    for (const id of waitedFor) for (const each of upstreamOf(this.nodes[id]!, this.orders)) waitedFor.add(each);
    if (!waitedFor.has(after)) this.orders.push({ upstream: before, downstream: after });
  }

  #addStep(step: Step, place: Place): Call | undefined {
    switch (step.type) {
      case 'parameter':
        return this.#show(
          { type: 'parameter', id: this.nodes.length, value: this.#wide(step.value) },
          depthOf(step.value),
        );
      case 'task':
        return this.#addTask(step, place);
      case 'merge':
        return this.#addMerge(step, place);
      case 'fork':
        return this.#addFork(step, place);
      default:
        return unreachable(step);
    }
  }

  #addTask({ args, after, isSweep, type, ...facts }: TaskStep, { gate, isMapped: mustBeMapped }: Place): TaskSpec {
    const resolved = args.map((each) => this.#arg(each));
    if (mustBeMapped && !resolved.some(({ isEach }) => isEach)) {
      resolved.unshift({ source: { type: 'node', id: gate!.condition }, isEach: true, isFlattened: false });
    }
    // To a trigger, elements of one flattened list and of the same list as it is are runs apart, even where they meet:
    // nothing is said of that anywhere, so nothing is asked.
    const flattened = new Set(resolved.flatMap((arg) => (arg.isEach && arg.isFlattened ? idsOf(arg.source) : [])));
    const isFlattened = (arg: Arg) =>
      arg.isFlattened || (arg.isEach && idsOf(arg.source).some((id) => flattened.has(id)));
    const isEachOne = resolved.some(({ isEach }) => isEach);
    const waits = after.flatMap(({ pick, isWhole }) => {
      const id = this.#pick(pick);
      if (id === undefined) return [];
      const isEach = (isEachOne || isSweep) && !isWhole && this.#depth(id) > 0 && !flattened.has(id);
      return { id, isEach, isOfMapped: this.#isMapped(id) };
    });
    const isMapped = isEachOne || waits.some(({ isEach }) => isEach);
    const { script } = facts;
    const shape = isMapped ? script.shape : this.#wideShape(script.shape);
    const depth = (isMapped ? 1 : 0) + (shape.type === 'lists' ? 2 : shape.type === 'list' ? 1 : 0);
    return this.#show(
      {
        type,
        id: this.nodes.length,
        facts: { ...facts, script: { ...script, shape } },
        args: resolved.map((arg) => ({ ...arg, isFlattened: isFlattened(arg) })),
        after: waits,
        isMapped,
        gate: gate?.id,
      },
      depth,
    );
  }

  #addMerge(
    { picks, isMapped: isMappedStep }: MergeStep,
    { gate, isMapped: mustBeMapped }: Place,
  ): MergeSpec | undefined {
    const isMapped = isMappedStep || mustBeMapped;
    const of = picks.flatMap((pick) => this.#pick(pick, (depth) => !isMapped || depth > 0) ?? []);
    if (of.length === 0) return undefined;
    return this.#show({ type: 'merge', id: this.nodes.length, of, isMapped, gate: gate?.id }, this.#depth(of[0]!));
  }

  #addFork(step: ForkStep, place: Place): Fork | undefined {
    const { call } = step;
    const isMapped = step.isMapped || place.isMapped;
    const condition =
      this.#pick(step.condition, (depth) => depth === (isMapped ? 1 : 0)) ??
      this.#pick(step.condition, (depth) => !isMapped || depth > 0);
    if (condition === undefined) return undefined;
    const wishes = wishesOf(step);
    const branches: { calls: Call[]; gives: number; result: number }[] = [];
    for (const [position, wish] of wishes.entries()) {
      const gate = this.#make<GateSpec>({
        type: 'gate',
        id: this.nodes.length,
        condition,
        ...wish,
        isMapped,
        gate: place.gate?.id,
      });
      branches.push(this.#addBranch(step.branches[position]!, { gate, isMapped }));
    }
    const of = branches.map(({ result }) => result);
    const merge = { type: 'merge' as const, id: this.nodes.length, of, isMapped, gate: place.gate?.id };
    this.#show(merge, this.#depth(branches[0]!.gives));
    return { type: 'fork', call, isMapped, condition, branches, merge: merge.id };
  }

  #addBranch({ steps, gives }: Branch, place: Place & { gate: GateSpec }) {
    const calls = this.add(steps, place);
    const given = this.#pick(gives, (depth) => !place.isMapped || depth > 0) ?? place.gate.condition;
    const isOwn = given > place.gate.id && this.nodes[given]!.type !== 'parameter';
    if (isOwn) return { calls, gives: given, result: given };
    const { gate, isMapped } = place;
    const taken = this.#make<MergeSpec>({ type: 'merge', id: this.nodes.length, of: [given], isMapped, gate: gate.id });
    return { calls, gives: given, result: taken.id };
  }

  #arg({ source, isEach, isFlattened }: Argument): Arg {
    if (source.type === 'value') return { source: { ...source, value: this.#wide(source.value) }, isEach, isFlattened };
    if (source.type === 'collection') {
      const ids = source.picks.flatMap((pick) => this.#pick(pick, (depth) => !isFlattened || depth > 0) ?? []);
      return { source: { type: 'collection', ids }, isEach: false, isFlattened };
    }
    const id = this.#pick(source.pick, (depth) => depth >= (isFlattened ? 2 : isEach ? 1 : 0));
    if (id !== undefined) return { source: { type: 'node', id }, isEach, isFlattened };
    return { source: { type: 'value', value: this.#wide([[1], [2, 3]]) }, isEach, isFlattened };
  }

  #pick({ back, isWild }: Pick, isFitting: (depth: number) => boolean = () => true): number | undefined {
    const pool = this.#visible.filter((id) => isWild || isFitting(this.#depth(id)));
    return pool.at(-1 - (back % pool.length));
  }

  /** A list of the usual length, as wide as it is to be in this flow. */
  #wide(value: unknown): unknown {
    if (!Array.isArray(value) || value.length !== usualLength) return value;
    return Array.from({ length: this.#width }, (_, index) => value[index % usualLength] as unknown);
  }

  /** Lists that mapped tasks return stay short: there are many of them. */
  #wideShape(shape: Shape): Shape {
    return 'length' in shape && shape.length === usualLength ? { ...shape, length: this.#width } : shape;
  }

  #isMapped(id: number): boolean {
    const spec = this.nodes[id]!;
    return spec.type !== 'parameter' && spec.isMapped;
  }

  #depth(id: number): number {
    return this.#depths.get(id)!;
  }

  #show<Spec extends NodeSpec>(spec: Spec, depth: number): Spec {
    this.#visible.push(spec.id);
    this.#depths.set(spec.id, depth);
    return this.#make(spec);
  }

  #make<Spec extends NodeSpec>(spec: Spec): Spec {
    this.nodes.push(spec);
    return spec;
  }
}

/** The first two branches are for true and false, or for 0 and 1; a third one for anything else. */
function wishesOf({ call, branches }: ForkStep): Wish[] {
  const wishes =
    call === 'ifElse'
      ? [
          { cases: undefined, isWanted: true },
          { cases: undefined, isWanted: false },
        ]
      : [
          { cases: ['0'], isWanted: true },
          { cases: ['1'], isWanted: true },
          { cases: ['0', '1'], isWanted: false },
        ];
  return wishes.slice(0, branches.length);
}

function depthOf(value: unknown): number {
  if (!Array.isArray(value)) return 0;
  return Array.isArray(value[0]) ? 2 : 1;
}
