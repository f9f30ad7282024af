import { attachmentsOf } from '../../lib/attachments.ts';
import { blockKinds, type Block } from '../../lib/chunk.ts';
import { rangeOf } from '../../lib/range.ts';
import { Ranges } from '../../lib/ranges.ts';
import type { Node } from '../../flow/node.ts';
import { pending, State } from '../../flow/state.ts';
import type { ArrayListener, RanOn, SettledBlock } from './executor.ts';
import { HeddleError } from '../../lib/heddle-error.ts';
import { once } from '../../lib/once.ts';
import { plural } from '../../lib/plural.ts';
import { messageIn } from '../../lib/thrown-text.ts';
import { mayHoldTypes } from '../../values/copier.ts';
import { successWithout, type WantedValues } from './kept-values.ts';
import { countOutcomes, decodeOutcomes, stateAt, type Outcomes } from '../outcomes.ts';
import { failed } from '../failures.ts';

/** Indices that one thread ran without a break. Times in milliseconds, `endedAt` as of `performance.now()`. */
export interface Span extends RanOn {
  readonly start: number;
  readonly count: number;
  readonly failed: number;
  readonly endedAt: number;
}

/** How many bytes of a list that the flow returns are decoded, at most, before somebody reads it. */
const readAheadBytes = 16 * 2 ** 20;

interface OpenBlock {
  readonly start: number;
  readonly count: number;
  failed: number;
  /** The flow returns it, and code of the user's may have to make it again. */
  readonly mayBeUnreadable: boolean;
  /** Decodes them when it is first called. */
  readonly outcomes: () => Outcomes;
}

interface Failure {
  readonly index: number;
  readonly state: State;
}

/** What is known of an array from its submission on. */
export interface Submitted {
  readonly length: number;
  readonly isList: boolean;
  /** Outcomes of an earlier attempt that still stand. */
  readonly kept?: readonly Block[];
  readonly isUnchanged?: boolean;
}

/**
 * One node of a flow while the flow runs: how far its task runs are, and how they ended. Outcomes stay bytes until they
 * are asked for.
 */
export class NodeRun implements ArrayListener {
  readonly node: Node;
  /** How many task runs it has; 0 until that is known. */
  length = 0;
  settledCount = 0;
  /** The state in which the flow run ended as a whole, if this node was abandoned for that. */
  lostBy: State | undefined;
  failedCount = 0;
  /** How many of those did not run, as their trigger did not hold. */
  triggerFailedCount = 0;
  skippedCount = 0;
  unfinishedCount = 0;
  /** How many have a result that was found in a cache or at a target. */
  cachedCount = 0;
  /** How many were tried again, in this attempt at the flow run. */
  retriedCount = 0;
  /** Whether its value is a list: it is mapped, and there was something to map over. */
  isList = false;
  /** Indices whose outcomes are those of an earlier attempt at this flow run. */
  kept = new Ranges();
  /** Whether the flow run has nothing left to run: then nobody else needs the bytes of this node. */
  isOver = false;
  /** Whether all of it is as it was in that attempt. */
  isUnchanged = false;

  readonly #submitted = Promise.withResolvers<number>();
  readonly #done = Promise.withResolvers<void>();
  readonly #wanted: WantedValues;
  #blocks: SettledBlock[] = [];
  /** The same blocks to be decoded one by one, once all of them are there and somebody has asked. */
  #opened: readonly OpenBlock[] | undefined;
  /** Blocks that were decoded before somebody asked. */
  readonly #ahead = new Map<Block, Outcomes>();
  /** How many bytes all blocks have that `wants` was asked about. */
  #offeredBytes = 0;
  #keepsValues = true;
  /** How often an index was given to a thread: one that came back and was given again counts twice. */
  #startedCount = 0;
  /** When the first of its runs was started, in milliseconds. */
  startedAt: number | undefined;
  /** What ran where and when, chunk by chunk. */
  readonly spans: Span[] = [];
  #states: readonly State[] | undefined;
  #list: unknown[] | undefined;
  #end: State | undefined;

  constructor(node: Node, wanted: WantedValues = { keptBytes: Infinity, isReturned: false }) {
    this.node = node;
    this.#wanted = wanted;
  }

  /** The id of its array in the session, once that is submitted. */
  get submitted(): Promise<number> {
    return this.#submitted.promise;
  }

  /** Resolves when every task run of it is settled, or none ever will be. */
  get done(): Promise<void> {
    return this.#done.promise;
  }

  get runningCount(): number {
    return Math.max(0, Math.min(this.#startedCount, this.length) - this.settledCount);
  }

  get isDone(): boolean {
    return this.#end !== undefined || (this.#isSubmitted && this.settledCount >= this.length);
  }

  #isSubmitted = false;

  submittedAs(array: number, { length, isList, kept = [], isUnchanged = false }: Submitted): void {
    this.length = length;
    this.isList = isList;
    for (const block of kept) this.kept.add(rangeOf(block));
    this.isUnchanged = isUnchanged;
    this.#startedCount += this.kept.size;
    this.#isSubmitted = true;
    this.#submitted.resolve(array);
    if (this.isDone) this.#done.resolve();
  }

  started(count: number): void {
    this.startedAt ??= performance.now();
    this.#startedCount += count;
  }

  wants(byteLength: number): boolean {
    this.#offeredBytes += byteLength;
    return this.#hasRoom;
  }

  get #hasRoom(): boolean {
    return this.#offeredBytes <= this.#wanted.keptBytes;
  }

  settled(block: SettledBlock, ran?: RanOn): void {
    this.#keep(block);
    this.settledCount += block.count;
    const { failed, triggerFailed, skipped, unfinished, cached } = countOutcomes(block.bytes);
    this.#readAhead(block, failed);
    this.failedCount += failed;
    this.triggerFailedCount += triggerFailed;
    if (ran !== undefined) {
      const { start, count } = block;
      this.spans.push({ ...ran, start, count, failed, endedAt: performance.now() });
      this.retriedCount += ran.retried ?? 0;
    }
    this.skippedCount += skipped;
    this.unfinishedCount += unfinished;
    this.cachedCount += cached;
    if (this.isDone) this.#done.resolve();
  }

  /** Keeps all values or none, so that nobody needs to know which ones are still there. */
  #keep(block: SettledBlock): void {
    if (this.#hasRoom) {
      this.#blocks.push(block);
      return;
    }
    if (this.#keepsValues) this.#blocks = this.#blocks.map(withoutValues);
    this.#keepsValues = false;
    this.#blocks.push(withoutValues(block));
  }

  /**
   * While this thread waits for others, it decodes what the flow returns, unless that would call user code. Errors are
   * dear to decode, and of many that failed most are never looked at.
   */
  #readAhead(block: SettledBlock, failed: number): void {
    const { bytes, byteLength } = block;
    if (failed > 0 || !this.#wanted.isReturned || !this.isList || this.#offeredBytes > readAheadBytes) return;
    if (byteLength !== undefined || attachmentsOf(bytes) !== undefined || mayHoldTypes(bytes)) return;
    this.#ahead.set(block, this.#decoded(block));
  }

  /**
   * Nothing more will come of this run: what is not settled ends in this state. `length` is how many task runs it would
   * have been mapped into, if that is known and it was not submitted.
   */
  abandon(end: State, length?: number): void {
    if (this.isDone) return;
    this.#end = end;
    if (!this.#isSubmitted && length !== undefined) Object.assign(this, { length, isList: true });
    if (end.isFailed()) this.lostBy = end;
    this.#submitted.promise.catch(() => {});
    this.#submitted.reject(end.error ?? new Error(end.message));
    this.#done.resolve();
  }

  /** Replaces the state `Mapped`. The states of the children stay, and what they returned if `end` has no result. */
  endAs(end: State): void {
    this.#end = end;
  }

  get state(): State {
    if (!this.isDone) return pending;
    if (!this.isList) return this.children[0] ?? this.#end!;
    const run = this;
    const end = this.#end ?? new State('Mapped', `Mapped over ${plural(this.length, 'element')}.`);
    const { type, message, error, context } = end;
    const details = {
      error,
      context,
      get result(): unknown {
        return run.#results();
      },
      get children() {
        return run.children;
      },
    };
    if (end.result !== undefined) Object.defineProperty(details, 'result', { value: end.result });
    return new State(type, message, details);
  }

  /** The indices that are not settled. To find them takes the longer the more blocks there are. */
  get unsettled(): Ranges {
    const ranges = Ranges.of({ start: 0, end: this.length });
    for (const block of this.#blocks) ranges.remove(rangeOf(block));
    return ranges;
  }

  /** The states of its task runs, by index. */
  get children(): readonly State[] {
    if (this.#states !== undefined) return this.#states;
    const states: State[] = Array.from({ length: this.length });
    for (const { start, count, outcomes } of this.#open()) {
      const own = outcomes();
      for (let position = 0; position < count; position += 1) states[start + position] = stateAt(own, position);
    }
    const end = this.#end;
    const complete = end === undefined ? states : Array.from(states, (state) => state ?? end);
    if (this.isDone) this.#states = complete;
    return complete;
  }

  /** What its task runs returned, by index, once no more will. No states are made: there may be millions. */
  #results(): unknown[] {
    if (this.#list !== undefined) return this.#list;
    const results: unknown[] = [];
    results.length = this.length;
    for (const { start, count, outcomes } of this.#open()) {
      const { values, states } = outcomes();
      for (let position = 0; position < count; position += 1) {
        const state = states?.[position];
        results[start + position] = state === undefined ? values[position] : state.result;
      }
    }
    this.#list = this.#end === undefined ? results : Array.from(results);
    return this.#list;
  }

  /** Those that failed, by index. There may be a million: no more are decoded than are asked for. */
  *failures(): Generator<Failure> {
    const withFailures = this.#open().filter(({ failed }) => failed > 0);
    for (const { start, outcomes } of withFailures.toSorted((a, b) => a.start - b.start)) {
      for (const [position, state] of outcomes().states?.entries() ?? []) {
        if (state?.isFailed() === true) yield { index: start + position, state };
      }
    }
  }

  /** Those of them that were run, or were to be. */
  ownFailures(): IteratorObject<Failure> {
    const failures = this.failedCount > this.triggerFailedCount ? this.failures() : Iterator.from<Failure>([]);
    return failures.filter(({ state }) => state.type !== 'TriggerFailed');
  }

  /** Counts as failed what cannot be made again here, of a run that is done. Returns whether anything is. */
  failUnreadable(): boolean {
    const before = this.failedCount;
    for (const block of this.#open()) {
      if (!block.mayBeUnreadable) continue;
      const { states = [] } = block.outcomes();
      const failed = states.filter((state) => state?.isFailed()).length;
      this.failedCount += failed - block.failed;
      block.failed = failed;
    }
    return this.failedCount > before;
  }

  #open(): readonly OpenBlock[] {
    if (this.#opened !== undefined) return this.#opened;
    const unknown = successWithout(this.node.slug, this.#offeredBytes);
    const opened = this.#blocks.map((block): OpenBlock => {
      const { start, count, bytes, byteLength } = block;
      const ahead = byteLength === undefined ? this.#ahead.get(block) : all(count, unknown);
      const { failed } = countOutcomes(bytes);
      const mayBeUnreadable = this.#wanted.isReturned && ahead === undefined && mayHoldTypes(bytes);
      return { start, count, failed, mayBeUnreadable, outcomes: once(() => ahead ?? this.#decoded(block)) };
    });
    if (!this.isDone) return opened;
    this.#blocks = [];
    this.#ahead.clear();
    this.#opened = opened;
    return opened;
  }

  /** The outcomes of a block. If it cannot be decoded, that is the failure of all its runs. */
  #decoded({ bytes, start, count }: Block): Outcomes {
    try {
      return decodeOutcomes(bytes, { mapIndex: this.isList ? start : undefined, isForKeeps: this.isOver });
    } catch (cause) {
      return all(count, failed(unreadable(cause, { task: this.node.slug, start, count, isList: this.isList })));
    }
  }

  /** Whether it failed as a whole; where nothing was said of that, whether any task run of it did. Opens no block. */
  get hasFailed(): boolean {
    return this.#end?.isFailed() ?? this.failedCount > 0;
  }

  /** Whether it, or any task run of it, was left in a state that is none to end in. */
  get isUnfinished(): boolean {
    return this.unfinishedCount > 0 || this.#end?.isFinished() === false;
  }

  /** How the flow run was cancelled, if this node was abandoned for that, whatever has become of it since. */
  get cancelledBy(): State | undefined {
    return this.#end?.isCancelled() === true ? this.#end : undefined;
  }
}

/** Keeps only what did not simply succeed, since that says why. */
function withoutValues(block: SettledBlock): SettledBlock {
  const { start, count, bytes, byteLength = bytes.byteLength } = block;
  if (bytes[0] !== blockKinds.succeeded) return block;
  return { start, count, bytes: Uint8Array.of(bytes[0]), byteLength };
}

interface Unread {
  readonly task: string;
  readonly start: number;
  readonly count: number;
  readonly isList: boolean;
}

function unreadable(cause: unknown, { task, start, count, isList }: Unread): HeddleError {
  const indices = count === 1 ? `[map index ${start}]` : `[one of the map indices ${start} to ${start + count - 1}]`;
  const which = isList ? `'${task}' ${indices}` : `'${task}'`;
  const isOfType = cause instanceof HeddleError && cause.code.startsWith('TYPE_');
  const code = isOfType ? cause.code : 'UNKNOWN_VALUE_CODEC';
  const why = messageIn(cause).replace(/\.?$/, '.');
  const remedy = isOfType
    ? 'The task itself succeeded: what decode() needs must be here too, and it must take whatever encode() gave.'
    : 'Is its worker of the same version of Heddle?';
  const message = `what task ${which} returned cannot be read where the flow was started: ${why} ${remedy}`;
  return new HeddleError(code, message, { task, ...(isList && count === 1 && { mapIndex: start }), cause });
}

function all(count: number, state: State): Outcomes {
  return { values: Array.from({ length: count }), states: Array.from({ length: count }, () => state) };
}
