// Supervises one thread: when it gets a chunk, when it is told to stop, when it is ended, which resources are open on
// it, which indices its death is charged to, and when another thread takes its place. Events go in, commands come out;
// the time comes with each event.
//
// Chunks and closings of resources take turns. Each has the thread to itself, from when it is posted until the thread
// says that it is over, or is gone.

import type { ChunkMessage, Loss, ResourceOpened } from '../lib/chunk.ts';
import type { Look } from '../lib/control.ts';
import { rangeOf, unit, type Range } from '../lib/range.ts';
import { unreachable } from '../lib/unreachable.ts';
import type { ChunkLoss, ChunkReport } from './pool.ts';
import { chunkTurn, closingTurn, lossOf, type ChunkTurn, type ClosingTurn, type GivenChunk } from './thread-turns.ts';

interface Exit {
  readonly areInputsGone: boolean;
  /** It never came up: its chunk gets another one, and is not charged. */
  readonly isTriedAgain: boolean;
}

/** What happened, in the past tense. */
export type ThreadEvent =
  | { readonly type: 'start-asked' }
  | ({ readonly type: 'chunk-given' } & GivenChunk)
  | { readonly type: 'cancel-asked'; readonly graceMs: number }
  /** What its chunk has not begun is wanted elsewhere; `tail-taken` says what that is. */
  | { readonly type: 'recall-asked' }
  | { readonly type: 'tail-taken'; readonly tail: readonly Range[] }
  /** The thread is to be ended now; `loss` is what becomes of what it runs. */
  | { readonly type: 'end-asked'; readonly loss: Loss }
  /** The thread is no longer needed. */
  | { readonly type: 'close-asked' }
  | { readonly type: 'closing-asked'; readonly resource: string }
  | { readonly type: 'thread-started' }
  /** It could not be started. With `isTriedAgain`, what waits for it waits for another, and is not charged. */
  | { readonly type: 'thread-failed'; readonly message: string; readonly isTriedAgain: boolean }
  | { readonly type: 'chunk-reported'; readonly attempt: number; readonly report: ChunkMessage }
  /** It will report nothing more. */
  | { readonly type: 'chunk-ended'; readonly attempt: number }
  | { readonly type: 'closing-ended'; readonly resource: string }
  /** An error that nobody caught is ending the thread; some of what it reported may still be on its way. */
  | { readonly type: 'thread-broke'; readonly loss: Loss }
  /**
   * All that it ever reported has been heard. `loss` is what became of what it ran, if nothing is known already, or if
   * it is an error. Inputs that moved to it are gone with it.
   */
  | ({ readonly type: 'thread-exited'; readonly look: Look; readonly loss: Loss } & Exit)
  /** Nothing is left of it, so another may be started. */
  | { readonly type: 'thread-gone' }
  | { readonly type: 'ticked'; readonly look: Look };

/** What to do about it, in the imperative. */
export type ThreadCommand =
  | { readonly type: 'start-thread' }
  | { readonly type: 'end-thread' }
  /** It does not end: leave it alone, and listen to it no more. */
  | { readonly type: 'abandon-thread' }
  | { readonly type: 'post-chunk' }
  /** Tell the running function to stop. */
  | { readonly type: 'order-cancel' }
  /** Keep the thread from beginning more of the chunk, and say what it has not begun. */
  | { readonly type: 'take-tail' }
  | { readonly type: 'report'; readonly report: ChunkReport }
  | { readonly type: 'chunk-over'; readonly loss: ChunkLoss | undefined }
  | { readonly type: 'post-closing'; readonly resource: string }
  /** It is closed; `lost` is set if it was open on a thread that ended, where nobody closed it. */
  | { readonly type: 'closing-over'; readonly resource: string; readonly lost: ResourceOpened | undefined };

/**
 * How much longer a function may take, once it is seen to take longer than its timeout, before its thread is ended:
 * first it is told, then it is stopped. Until it was seen, the whole process may have been stopped.
 */
const timeoutGraceMs = 200;
/** The same for a thread that neither runs anything of its chunk nor takes it up, or says that it is over. */
const heldUpMs = 5_000;
/** The same for a resource's cleanup, which at its timeout is first given up, without ending anything. */
const closingGraceMs = 1_000;
/** How long a thread may take to end. One in a native call, or a loop of built-in functions, ends only after that. */
const endingMs = 2_000;
const longestLookMs = 100;
const stuck: Loss = { kind: 'error', message: 'it does not end' };

export class ThreadLife {
  /** It is `ending` from when we end it, or it ends by itself, until it is gone. */
  #thread: 'none' | 'starting' | 'live' | 'ending' = 'none';
  /** Whether the present one has carried out something. */
  #hasServed = false;
  /** When we stop waiting for a thread that we end. */
  #abandonedAt = Infinity;
  /** In order: the first has the thread, or waits for it. At most one is a chunk. */
  readonly #turns: (ChunkTurn | ClosingTurn)[] = [];
  readonly #open = new Map<string, ResourceOpened>();
  /** What was open on threads that ended. */
  readonly #lost = new Map<string, ResourceOpened>();
  #commands: ThreadCommand[] = [];
  #now = 0;

  handle(event: ThreadEvent, now: number): readonly ThreadCommand[] {
    this.#now = now;
    this.#apply(event);
    this.#goOn();
    const commands = this.#commands;
    this.#commands = [];
    return commands;
  }

  /** When to tick next. */
  get nextDue(): number {
    const turn = this.#posted;
    if (this.#thread === 'ending') return this.#abandonedAt;
    if (turn === undefined || this.#thread !== 'live') return Infinity;
    return turn.type === 'chunk' ? Math.min(turn.deadline, turn.nextLook) : turn.deadline;
  }

  /** The turn that has the thread. */
  get #posted(): ChunkTurn | ClosingTurn | undefined {
    const turn = this.#turns[0];
    return turn?.phase === 'not-posted' ? undefined : turn;
  }

  #apply(event: ThreadEvent): void {
    switch (event.type) {
      case 'start-asked':
        return this.#start();
      case 'chunk-given':
        return void this.#turns.push(chunkTurn(event));
      case 'cancel-asked':
        return this.#cancel(event.graceMs);
      case 'recall-asked':
        return this.#recall();
      case 'tail-taken': {
        for (const range of event.tail) (this.#posted as ChunkTurn).unreported.remove(range);
        return this.#emit({ type: 'report', report: { type: 'returned', ranges: event.tail } });
      }
      case 'end-asked':
        return this.#end(event.loss);
      case 'close-asked':
        return this.#endThread();
      case 'closing-asked':
        return this.#queueClosing(event.resource);
      case 'thread-started':
        this.#thread = 'live';
        this.#hasServed = false;
        return;
      case 'thread-failed':
        return this.#failToStart(event);
      case 'chunk-reported':
        return this.#hear(event.attempt, event.report);
      case 'chunk-ended':
        return this.#ended((turn) => turn.type === 'chunk' && turn.attempt === event.attempt);
      case 'closing-ended':
        return this.#ended((turn) => turn.type === 'closing' && turn.resource === event.resource);
      case 'thread-broke':
        this.#cutShort(event.loss);
        // Almost always the thread is dying already. If not, nobody knows what state it is in.
        return this.#endThread();
      case 'thread-exited':
        this.#cutShort(event.loss, { isFirst: event.loss.kind !== 'error' });
        return this.#exited(event.look, event);
      case 'thread-gone':
        this.#thread = 'none';
        return;
      case 'ticked':
        return this.#look(event.look);
      default:
        unreachable(event);
    }
  }

  /** Ends the turn that is over, and begins the next one. */
  #goOn(): void {
    for (let turn = this.#turns[0]; turn !== undefined; turn = this.#turns[0]) {
      if (turn.phase === 'not-posted') return this.#begin(turn);
      // What comes next must not meet a thread that is about to die.
      if (turn.phase === 'running' || (this.#thread !== 'none' && this.#thread !== 'live')) return;
      if (turn.type === 'chunk' && turn.isUntouched) {
        // One that was cancelled since is over.
        if (turn.deadline !== Infinity) Object.assign(turn, { phase: 'ended', isUntouched: false });
        else if (turn.areInputsGone) this.#giveBack(turn);
        // The next thread gets it, as if it had not been posted.
        else Object.assign(turn, { phase: 'not-posted', isUntouched: false });
        continue;
      }
      this.#turns.shift();
      if (turn.type === 'chunk') this.#emit({ type: 'chunk-over', loss: lossOf(turn) });
      else this.#closed(turn.resource);
    }
  }

  #begin(turn: ChunkTurn | ClosingTurn): void {
    if (turn.type === 'closing') return this.#beginClosing(turn);
    if (this.#thread === 'none') return this.#start();
    if (this.#thread !== 'live') return;
    turn.phase = 'running';
    if (turn.timeoutMs !== undefined) turn.nextLook = this.#now;
    this.#emit({ type: 'post-chunk' });
  }

  #beginClosing(turn: ClosingTurn): void {
    const opened = this.#open.get(turn.resource);
    if (opened === undefined) {
      this.#turns.shift();
      this.#closed(turn.resource);
      return this.#goOn();
    }
    // So the thread is live: a thread that ended has nothing open, and one that ends is still in an earlier turn.
    turn.phase = 'running';
    turn.deadline = this.#now + opened.closingMs + closingGraceMs;
    this.#emit({ type: 'post-closing', resource: turn.resource });
  }

  // The thread

  #start(): void {
    if (this.#thread !== 'none') return;
    this.#thread = 'starting';
    this.#emit({ type: 'start-thread' });
  }

  #failToStart({ message, isTriedAgain }: Extract<ThreadEvent, { type: 'thread-failed' }>): void {
    this.#thread = 'none';
    const turn = this.#turns[0];
    if (isTriedAgain || turn?.type !== 'chunk') return;
    this.#turns.shift();
    const loss: Loss = { kind: 'not-started', message };
    this.#emit({ type: 'chunk-over', loss: { indices: [turn.unreported.first!], loss } });
  }

  #endThread(): void {
    if (this.#thread !== 'live') return;
    this.#thread = 'ending';
    this.#abandonedAt = this.#now + endingMs;
    this.#emit({ type: 'end-thread' });
  }

  #abandon(look: Look): void {
    this.#emit({ type: 'abandon-thread' });
    this.#cutShort(stuck);
    // Whatever it holds, nobody gets it back.
    this.#exited(look, { areInputsGone: true, isTriedAgain: false });
    this.#thread = 'none';
  }

  #ended(isIt: (turn: ChunkTurn | ClosingTurn) => boolean): void {
    const turn = this.#posted;
    if (turn === undefined || !isIt(turn)) return;
    turn.phase = 'ended';
    this.#hasServed = true;
  }

  /** Of an error, it is known at the exit whose it was. */
  #cutShort(loss: Loss, { isFirst = true } = {}): void {
    const turn = this.#posted;
    if (turn?.phase === 'running' || (!isFirst && typeof turn?.phase === 'object')) turn.phase = loss;
  }

  #exited({ running, untaken, isBegun, starts }: Look, { areInputsGone, isTriedAgain }: Exit): void {
    this.#thread = 'ending';
    this.#abandonedAt = Infinity;
    for (const [key, resource] of this.#open) this.#lost.set(key, resource);
    this.#open.clear();
    const turn = this.#posted;
    if (turn?.type !== 'chunk') return;
    const isToEnd = turn.endedFor !== undefined || turn.deadline !== Infinity;
    const isUntouched = (this.#hasServed || isTriedAgain) && !isBegun && !isToEnd;
    Object.assign(turn, { running, untaken, hasStarted: starts > 0, isUntouched, areInputsGone });
  }

  // Chunks

  #cancel(graceMs: number): void {
    const position = this.#turns.findIndex(({ type }) => type === 'chunk');
    const turn = this.#turns[position] as ChunkTurn | undefined;
    if (turn === undefined) return;
    if (turn.phase === 'not-posted') {
      this.#turns.splice(position, 1);
      return this.#emit({ type: 'chunk-over', loss: undefined });
    }
    turn.deadline = Math.min(turn.deadline, this.#now + graceMs);
    this.#emit({ type: 'order-cancel' });
  }

  #giveBack(turn: ChunkTurn): void {
    this.#emit({ type: 'report', report: { type: 'returned', ranges: turn.unreported.all } });
    Object.assign(turn, { phase: 'ended', isUntouched: false });
  }

  /** A chunk that waits for its thread to start stays here; whoever asked hears at once that nothing comes back. */
  #recall(): void {
    if (this.#posted?.type === 'chunk') this.#emit({ type: 'take-tail' });
    else if (this.#turns.some(({ type }) => type === 'chunk'))
      this.#emit({ type: 'report', report: { type: 'returned', ranges: [] } });
  }

  #end(loss: Loss): void {
    const turn = this.#posted;
    if (turn?.type !== 'chunk' || this.#thread !== 'live') return;
    turn.endedFor = loss;
    this.#endThread();
  }

  #hear(attempt: number, report: ChunkMessage): void {
    const turn = this.#posted;
    if (turn?.type !== 'chunk' || turn.attempt !== attempt) return;
    if (report.type === 'settled') turn.unreported.remove(rangeOf(report));
    if (report.type === 'delayed') turn.unreported.remove(unit(report.index));
    if (report.type === 'opened') this.#open.set(report.resource, report);
    this.#emit({ type: 'report', report });
  }

  /** Ends a thread whose time to stop is over, or whose event loop is blocked: no index was started for too long. */
  #look(look: Look): void {
    if (this.#thread === 'ending' && this.#abandonedAt <= this.#now) return this.#abandon(look);
    const turn = this.#posted;
    if (turn === undefined || this.#thread !== 'live') return;
    if (turn.type === 'chunk') {
      if (turn.deadline <= this.#now) this.#end({ kind: 'cancelled' });
      else if (!this.#hasOverrun(turn, look)) return;
      // What it ran before keeps it from the chunk, which the next one gets.
      else if (!look.isBegun) this.#endThread();
      else {
        turn.overdue = look.running;
        this.#end({ kind: 'timeout' });
      }
    } else if (turn.deadline <= this.#now) this.#endThread();
  }

  #hasOverrun(turn: ChunkTurn, { running, starts, untaken, isBegun, isOpening }: Look): boolean {
    const { timeoutMs } = turn;
    if (timeoutMs === undefined) return false;
    turn.nextLook = this.#now + Math.min(longestLookMs, timeoutMs);
    const isAtWork = running.length > 0;
    // Of a chunk, little is to be done before the first index and after the last: what takes long was left behind.
    const isHeldUp = isBegun ? untaken.length === 0 && !isOpening : this.#hasServed;
    if (starts !== turn.seen.starts || !(isAtWork || isHeldUp)) turn.seen = { starts, at: this.#now };
    if (this.#now - turn.seen.at <= timeoutMs) return false;
    const { overrunAt } = (turn.seen = { overrunAt: this.#now, ...turn.seen });
    return this.#now - overrunAt > (isAtWork ? timeoutGraceMs : heldUpMs);
  }

  // Resources

  #queueClosing(resource: string): void {
    if (this.#open.has(resource) || this.#lost.has(resource)) this.#turns.push(closingTurn(resource));
    else this.#closed(resource);
  }

  #closed(resource: string): void {
    this.#open.delete(resource);
    const lost = this.#lost.get(resource);
    this.#lost.delete(resource);
    this.#emit({ type: 'closing-over', resource, lost });
  }

  #emit(command: ThreadCommand): void {
    this.#commands.push(command);
  }
}
