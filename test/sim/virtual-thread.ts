// The real supervision of a thread, around a thread that only says that it works. Everything it says takes some time,
// in the order in which it is said; only of an error that ends it may be heard earlier.

import assert from 'node:assert/strict';
import { unreachable } from '../../src/lib/unreachable.ts';
import type { ChunkMessage, Loss } from '../../src/lib/chunk.ts';
import type { Look } from '../../src/lib/control.ts';
import type { Range } from '../../src/lib/range.ts';
import type { ChunkEnd, ChunkReport } from '../../src/worker/pool.ts';
import { ThreadLife, type ThreadCommand, type ThreadEvent } from '../../src/worker/thread-life.ts';
import { numbersIn, rangesOf } from './facts.ts';
import type { World } from './world.ts';

/** A chunk, as far as a thread cares. */
export interface Task {
  readonly array: number;
  readonly attempt: number;
  readonly ranges: readonly Range[];
  readonly lanes: number;
  readonly timeoutMs: number | undefined;
  /** They are not called again, only judged. */
  readonly timedOut: readonly number[];
}

/** The process that the thread belongs to, and who waits there for its chunk. */
export interface Host {
  readonly isAlive: boolean;
  /** How much longer everything takes. */
  readonly slowness: number;
  report(attempt: number, report: ChunkReport): void;
  over(attempt: number, end: ChunkEnd): void;
  /** It can start no thread. */
  readonly isBare: boolean;
  /** It cannot load the task of this array. */
  isUnableToRun(array: number): boolean;
  /** The whole process dies. */
  crash(): void;
}

/** Of the positions in a chunk. */
interface Part {
  readonly start: number;
  readonly end: number;
  readonly at: number;
  readonly busyMs: number;
}

const noBytes = new Uint8Array(0);
const unable = ({ start, end }: Range): ChunkMessage => {
  return { type: 'settled', start, count: end - start, busyMs: 0, bytes: noBytes, unable: 'it cannot' };
};
const exited: Loss = { kind: 'exit', exitCode: 1 };

export class VirtualThread {
  readonly #world: World;
  readonly #host: Host;
  readonly #life = new ThreadLife();
  readonly #closings = new Map<string, () => void>();
  #state: 'none' | 'idle' | 'busy' = 'none';
  /** What was said of an earlier thread concerns this one no more. */
  #incarnation = 0;
  /** Nobody hears what is still to be told of one that was abandoned. */
  #abandonments = 0;
  #task: Task | undefined;
  /** What it is to run, in order. */
  #indices: readonly number[] = [];
  /** The position of the first of them that it has not taken, and the end of what it may take. */
  #next = 0;
  #end = 0;
  /** What it works on, when one index comes after the other. */
  #part: Part | undefined;
  #isTold = false;
  #isBegun = false;
  /** It was called, and has not answered. */
  #isCalled = false;
  readonly #running = new Set<number>();
  /** What it said with its answer. */
  #last: ChunkReport[] | undefined;
  #starts = 0;
  #portUntil = 0;
  #alarmAt = Infinity;

  constructor(world: World, host: Host) {
    this.#world = world;
    this.#host = host;
  }

  /** Of the chunk that it was given. */
  get attempt(): number | undefined {
    return this.#task?.attempt;
  }

  run(task: Task): void {
    assert(this.#task === undefined, `a thread is given attempt ${task.attempt} and has not ended another one`);
    const { attempt, ranges, timeoutMs } = task;
    this.#task = task;
    this.#handle({ type: 'chunk-given', attempt, ranges, timeoutMs });
  }

  cancel(graceMs: number): void {
    this.#handle({ type: 'cancel-asked', graceMs });
  }

  recall(): void {
    this.#handle({ type: 'recall-asked' });
  }

  closeResource(resource: string, closed: () => void): void {
    const others = this.#closings.get(resource);
    this.#closings.set(resource, () => {
      others?.();
      closed();
    });
    if (others === undefined) this.#handle({ type: 'closing-asked', resource });
  }

  #handle(event: ThreadEvent): void {
    for (const command of this.#life.handle(event, this.#world.agenda.now)) this.#perform(command);
    const due = this.#life.nextDue;
    if (due === this.#alarmAt) return;
    this.#alarmAt = due;
    if (due === Infinity) return;
    this.#world.agenda.at(due, () => {
      if (!this.#host.isAlive || this.#alarmAt !== due) return;
      this.#alarmAt = Infinity;
      this.#handle({ type: 'ticked', look: this.#look() });
    });
  }

  #perform(command: ThreadCommand): void {
    switch (command.type) {
      case 'start-thread':
        return this.#start();
      case 'end-thread':
        // Perhaps it just died by itself.
        if (this.#state === 'none' || this.#chance('immortal')) return;
        return this.#later(this.#between(0, 5), () => this.#die());
      case 'abandon-thread':
        this.#incarnation += 1;
        this.#abandonments += 1;
        this.#state = 'none';
        this.#isCalled = false;
        return;
      case 'post-chunk':
        this.#indices = numbersIn(this.#task!.ranges);
        this.#next = 0;
        this.#end = this.#indices.length;
        this.#part = undefined;
        this.#running.clear();
        this.#isTold = false;
        this.#isBegun = false;
        return this.#isHeard() ? this.#beginChunk(this.#task!) : undefined;
      case 'take-tail':
        return this.#handle({ type: 'tail-taken', tail: this.#takeTail() });
      case 'order-cancel':
        this.#isTold = true;
        return;
      case 'report':
        if (this.#last !== undefined) return void this.#last.push(command.report);
        return this.#host.report(this.#task!.attempt, command.report);
      case 'chunk-over': {
        const { attempt } = this.#task!;
        const last = this.#last ?? [];
        this.#task = undefined;
        // The next one may be over before it is posted.
        this.#last = undefined;
        return this.#host.over(attempt, { last, loss: command.loss });
      }
      case 'post-closing':
        return this.#isHeard() ? this.#cleanUp(command.resource) : undefined;
      case 'closing-over': {
        const closed = this.#closings.get(command.resource)!;
        this.#closings.delete(command.resource);
        return closed();
      }
      default:
        unreachable(command);
    }
  }

  // The thread itself

  #start(): void {
    assert(this.#state === 'none', 'a thread is started that is there');
    this.#later(this.#between(1, 50), () => {
      if (this.#host.isBare || this.#chance('unstartable')) {
        const isTriedAgain = this.#chance('pardoned');
        return this.#handle({ type: 'thread-failed', message: 'no memory', isTriedAgain });
      }
      this.#state = 'idle';
      this.#handle({ type: 'thread-started' });
    });
  }

  /** It may just have died, which nobody knows yet. */
  #isHeard(): boolean {
    assert(this.#state !== 'busy' && !this.#isCalled, 'something is posted to a thread that is not free for it');
    if (this.#state === 'none') return false;
    this.#state = 'busy';
    this.#isCalled = true;
    return true;
  }

  #beginChunk(task: Task): void {
    this.#isBegun = true;
    if (this.#host.isUnableToRun(task.array)) return this.#return(task.ranges.map(unable));
    if (this.#chance('opens')) {
      const resource = `resource-${this.#between(1, 3)}`;
      this.#report({ type: 'opened', resource, name: resource, closingMs: 100 });
    }
    if (task.lanes === 1) return this.#goOn(task);
    let busy = task.lanes;
    // Each lane takes an index when it is through with one, so they end in any order.
    const goOn = () => {
      if (this.#next < this.#end && !this.#isTold) return this.#begin(task, this.#indices[this.#next++]!, goOn);
      busy -= 1;
      if (busy === 0) this.#return();
    };
    for (let lane = 0; lane < task.lanes; lane += 1) goOn();
  }

  /** Runs one index beside others. */
  #begin(task: Task, index: number, ended: () => void): void {
    this.#running.add(index);
    this.#starts += 1;
    const paceMs = this.#world.paceMs(task.array) * this.#host.slowness * this.#weight();
    const busyMs = paceMs * (0.5 + this.#world.prng.next());
    this.#later(busyMs, () => {
      const fate = task.timedOut.includes(index) ? 'done' : this.#world.fateOf(task.array, index);
      if (fate === 'stuck') return;
      if (fate === 'kills-worker') return this.#host.crash();
      if (fate === 'kills-thread') return this.#die();
      this.#running.delete(index);
      if (fate === 'done') this.#report({ type: 'settled', start: index, count: 1, busyMs, bytes: noBytes });
      else this.#report({ type: 'delayed', index, delayMs: fate, note: noBytes });
      ended();
    });
  }

  /** Works on the next part of a chunk, and tells of it when it is done. */
  #goOn(task: Task): void {
    const start = this.#next;
    const weight = this.#weight();
    const end = weight > 1 ? start + 1 : this.#between(start + 1, this.#end);
    this.#next = end;
    const paceMs = this.#world.paceMs(task.array) * this.#host.slowness;
    const busyMs = (end - start) * paceMs * weight * (0.5 + this.#world.prng.next());
    const part = { start, end, at: this.#world.agenda.now, busyMs };
    this.#part = part;
    this.#runAlone(this.#indices[start]!);
    this.#later(busyMs, () => {
      const isObedient = this.#isTold && !this.#chance('deaf');
      if (isObedient || this.#chance('abandoned')) return this.#return();
      this.#finish(task, part);
    });
  }

  /** How many times longer than others the next index takes. */
  #weight(): number {
    return this.#chance('heavy') ? this.#between(10, 300) : 1;
  }

  #finish(task: Task, { start, end: planned, busyMs }: Part): void {
    // The rest of it was taken back meanwhile.
    const end = Math.min(planned, this.#end);
    let done = start;
    const outcomes = (until: number) => {
      const ranges = rangesOf(this.#indices.slice(done, until));
      done = until;
      return ranges.map((range): ChunkMessage => {
        return { type: 'settled', start: range.start, count: range.end - range.start, busyMs, bytes: noBytes };
      });
    };
    const flush = (until: number) => outcomes(until).forEach((outcome) => this.#report(outcome));
    for (let position = start; position < end; position += 1) {
      const index = this.#indices[position]!;
      const fate = task.timedOut.includes(index) ? 'done' : this.#world.fateOf(task.array, index);
      if (fate === 'done') continue;
      flush(position);
      this.#runAlone(index);
      // It never returns: somebody has to end this thread.
      if (fate === 'stuck') return;
      if (fate === 'kills-worker') return this.#host.crash();
      if (fate === 'kills-thread') return this.#die();
      this.#report({ type: 'delayed', index, delayMs: fate, note: noBytes });
      done = position + 1;
    }
    if (end === this.#end) return this.#return(outcomes(end));
    flush(end);
    this.#goOn(task);
  }

  /** Nothing of what has not begun at all. */
  #takeTail(): readonly Range[] {
    const [start, end] = [this.#begunUntil, this.#end];
    if (start === 0) return [];
    this.#end = Math.min(start, end);
    return rangesOf(this.#indices.slice(this.#end, end));
  }

  /** Of a part, it begins one index after the other. */
  get #begunUntil(): number {
    if (this.#part === undefined) return this.#next;
    const { start, end, at, busyMs } = this.#part;
    const share = busyMs === 0 ? 1 : (this.#world.agenda.now - at) / busyMs;
    return Math.min(end, start + 1 + Math.floor((end - start) * share));
  }

  /** What is left to be told of it is told with its end. */
  #return(last: readonly ChunkMessage[] = []): void {
    const { attempt } = this.#task!;
    this.#state = 'idle';
    this.#atPort(() => {
      this.#isCalled = false;
      if (this.#task?.attempt === attempt) this.#last = [];
      for (const report of last) this.#handle({ type: 'chunk-reported', attempt, report });
      this.#handle({ type: 'chunk-ended', attempt });
    });
    if (this.#chance('idleDeath')) this.#later(this.#between(0, 50), () => this.#state === 'idle' && this.#die());
  }

  #cleanUp(resource: string): void {
    if (this.#chance('sticky')) return;
    this.#later(this.#between(1, 50), () => {
      this.#state = 'idle';
      this.#atPort(() => {
        this.#isCalled = false;
        this.#handle({ type: 'closing-ended', resource });
      });
    });
  }

  /** What it said before is heard before its exit is; that it failed may be heard at any time before that, or not. */
  #die(): void {
    const { now } = this.#world.agenda;
    this.#incarnation += 1;
    this.#state = 'none';
    const exitAt = Math.max(this.#portUntil, now + this.#between(0, 3));
    const brokeAt = this.#between(now, exitAt);
    if (brokeAt < exitAt) this.#atHost(brokeAt, () => this.#handle({ type: 'thread-broke', loss: exited }));
    this.#atHost(exitAt, () => {
      this.#isCalled = false;
      this.#handle({
        type: 'thread-exited',
        look: this.#look(),
        loss: exited,
        areInputsGone: this.#chance('moved'),
        isTriedAgain: false,
      });
    });
    this.#atHost(exitAt + this.#between(0, 5), () => this.#handle({ type: 'thread-gone' }));
  }

  #report(report: ChunkMessage): void {
    const { attempt } = this.#task!;
    this.#atPort(() => this.#handle({ type: 'chunk-reported', attempt, report }));
  }

  #atPort(action: () => void): void {
    this.#portUntil = Math.max(this.#portUntil, this.#world.agenda.now + this.#between(0, 2));
    this.#atHost(this.#portUntil, action);
  }

  #atHost(at: number, action: () => void): void {
    const abandonments = this.#abandonments;
    this.#world.agenda.at(at, () => {
      if (this.#host.isAlive && this.#abandonments === abandonments) action();
    });
  }

  /** Unless this thread is gone by then. */
  #later(ms: number, action: () => void): void {
    const incarnation = this.#incarnation;
    this.#world.agenda.in(ms, () => {
      if (this.#host.isAlive && this.#incarnation === incarnation) action();
    });
  }

  #runAlone(index: number): void {
    this.#running.clear();
    this.#running.add(index);
    this.#starts += 1;
  }

  #look(): Look {
    const untaken = this.#indices.slice(this.#next, this.#end).map((start) => ({ start, end: start + 1 }));
    return { running: [...this.#running], starts: this.#starts, untaken, isBegun: this.#isBegun, isOpening: false };
  }

  #between(low: number, high: number): number {
    return this.#world.prng.between(low, high);
  }

  #chance(fault: keyof World['faults']): boolean {
    return this.#world.prng.chance(this.#world.faults[fault]);
  }
}
