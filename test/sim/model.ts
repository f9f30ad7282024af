// What the scheduler promises, index by index, in the plainest way there is. The model hears every event and every
// command, and says which command was wrong or is missing. It shares no code with the core.

import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { noTraits } from '../../src/lib/placing.ts';
import type { Range } from '../../src/lib/range.ts';
import type { ArraySpec, Command, Event } from '../../src/scheduler/core.ts';
import { disown, mayCount, newArray, owned, whyNot, type ArrayModel, type WorkerModel } from './books.ts';
import { sorted, sumOf, touchedBy, type News } from './facts.ts';
import { checkBehind, checkPlace, KinModels } from './places.ts';

export interface ModelOptions {
  readonly allowedFailures: number;
  readonly heartbeatTimeoutMs: number;
}

/** The commands that answer an event, whoever is free to run what. */
const answerTypes: ReadonlySet<string> = new Set(['settled', 'declined', 'delayed', 'crashed', 'close-worker']);

const settled = 1;
const crashed = 2;
const unrun = 3;

export class Model {
  readonly arrays = new Map<number, ArrayModel>();
  /** Of which something is missing, and not forgotten. */
  readonly #unfinished = new Set<ArrayModel>();
  readonly #workers = new Map<string, WorkerModel>();
  readonly #kin = new KinModels(this.#workers);
  readonly #options: ModelOptions;
  /** Commands that the last event must have given, in any order. */
  #due: Command[] = [];
  /** Arrays of which the last event cancelled a chunk. */
  readonly #pausedClients = new Set<string>();
  readonly #cancelled = new Set<ArrayModel>();
  readonly #attempts = new Set<number>();
  #lastTick = -Infinity;
  #now = 0;

  constructor(options: ModelOptions) {
    this.#options = options;
  }

  get isDone(): boolean {
    return this.#unfinished.size === 0;
  }

  /** How many indices are assigned to a worker. */
  runsOn(worker: string): number {
    let runs = 0;
    for (const attempt of this.#workers.get(worker)?.attempts.values() ?? []) runs += owned(attempt).length;
    return runs;
  }

  /** Whether this news fits what was assigned. All other news must be ignored. */
  isTrue(news: News): boolean {
    const attempt = this.#workers.get(news.worker)?.attempts.get(news.attempt);
    if (attempt === undefined) return false;
    const indices = touchedBy(news);
    const isOwned = (index: number) => attempt.array.owners[index] === attempt.attempt;
    if (indices === undefined || !indices.every(isOwned)) return false;
    return news.type !== 'indices-lost' || new Set(indices).size === indices.length;
  }

  observe(event: Event, commands: readonly Command[], now: number): void {
    this.#now = now;
    this.#apply(event);
    const answers = commands.filter(({ type }) => answerTypes.has(type));
    if (answers.length > 0 || this.#due.length > 0) this.#compare(answers, event);
    for (const command of commands) this.#check(command);
    this.#checkForgotten();
    for (const { isForgotten, spec } of this.#cancelled)
      assert(isForgotten, `array ${spec.array} is cancelled and needed`);
    this.#cancelled.clear();
  }

  #compare(answers: readonly Command[], event: Event): void {
    const [given, due] = [sorted(answers), sorted(this.#due)];
    // What is written for an error is written when there is one: few things here take as long.
    if (!isDeepStrictEqual(given, due)) assert.deepEqual(given, due, story(event));
    this.#due = [];
  }

  // Events

  #apply(event: Event): void {
    switch (event.type) {
      case 'arrays-submitted':
        for (const spec of event.arrays) this.#submit(spec);
        return;
      case 'arrays-released':
        for (const array of event.arrays) this.arrays.get(array)!.isReleased = true;
        return;
      case 'worker-joined':
        this.#workers.set(event.worker, {
          threads: event.threads,
          has: event.has ?? noTraits,
          attempts: new Map(),
          isDraining: false,
          isPaused: false,
          lastSeen: this.#now,
        });
        return;
      case 'client-paused':
        this.#pausedClients.add(event.client);
        return;
      case 'client-resumed':
        this.#pausedClients.delete(event.client);
        return;
      case 'worker-seen':
      case 'worker-paused':
      case 'worker-resumed':
      case 'worker-draining': {
        const worker = this.#workers.get(event.worker);
        if (worker === undefined) return;
        if (event.type === 'worker-seen') worker.lastSeen = this.#now;
        else if (event.type === 'worker-draining') worker.isDraining = true;
        else worker.isPaused = event.type === 'worker-paused';
        return;
      }
      case 'worker-left':
        return this.#lose(event.worker);
      case 'ticked':
        return this.#tick();
      case 'indices-settled':
      case 'indices-returned':
      case 'index-delayed':
      case 'indices-lost':
      case 'chunk-ended':
        if (this.isTrue(event)) this.#accept(event);
        if (event.type === 'indices-settled' && event.isLast === true) this.#end(event);
    }
  }

  #submit(spec: ArraySpec): void {
    const find = (ids: readonly number[]) => [...new Set(ids)].map((id) => this.arrays.get(id)!);
    const upstreams = { elementwise: find(spec.elementwise), whole: find(spec.whole) };
    const array = newArray(spec, this.arrays.size, upstreams);
    for (const { start, end } of spec.given) array.outcomes.fill(settled, start, end);
    for (const upstream of find([...spec.elementwise, ...spec.whole])) upstream.dependents.push(array);
    this.arrays.set(spec.array, array);
    this.#kin.add(array);
    if (array.missing > 0) this.#unfinished.add(array);
  }

  #accept(news: News): void {
    const worker = this.#workers.get(news.worker)!;
    const attempt = worker.attempts.get(news.attempt)!;
    const { array } = attempt;
    worker.lastSeen = this.#now;
    attempt.isHeard = true;
    switch (news.type) {
      case 'indices-settled': {
        const { range, range: { start, end }, isUnable = false } = news; // prettier-ignore
        if (isUnable && this.#declines(array, news)) return void array.owners.fill(0, start, end);
        if (!isUnable) this.#kin.ran(array, news.worker);
        for (let index = start; index < end; index += 1) this.#settle(array, index, isUnable ? unrun : settled);
        this.#due.push({ type: 'settled', array: array.spec.array, range });
        return;
      }
      case 'indices-returned':
        for (const { start, end } of news.ranges) array.owners.fill(0, start, end);
        return;
      case 'index-delayed':
        array.owners[news.index] = 0;
        array.limits.delete(news.index);
        array.loners.delete(news.index);
        array.due.set(news.index, this.#now + news.delayMs);
        this.#due.push({ type: 'delayed', array: array.spec.array, index: news.index });
        return;
      case 'indices-lost':
        attempt.isDead = true;
        if (news.isUnable === true && this.#declines(array, news)) return disown(attempt);
        if (news.indices.length === 1 || array.spec.crashesWhenLost) {
          for (const index of news.indices) this.#charge(array, index);
          return;
        }
        this.#suspect(array, news.indices);
        return;
      case 'chunk-ended':
        worker.attempts.delete(news.attempt);
        for (const other of worker.attempts.values()) if (other.behind === news.attempt) other.behind = undefined;
        for (const index of owned(attempt)) this.#returnUnheard(array, index);
    }
  }

  /** A worker was unable to run it: whether others are to. */
  #declines(array: ArrayModel, { worker }: News): boolean {
    const by = this.#kin.exclude(array, worker);
    this.#due.push({ type: 'declined', array: array.spec.array, worker, by });
    return by !== 'nobody';
  }

  /** The end of an attempt that came with news which need not be true. */
  #end({ worker, attempt }: News): void {
    const end = { type: 'chunk-ended', worker, attempt } as const;
    if (this.isTrue(end)) this.#accept(end);
  }

  /** Of what may not run twice, it is not known whether it did run. */
  #returnUnheard(array: ArrayModel, index: number): void {
    if (array.spec.crashesWhenLost) this.#charge(array, index);
    else array.owners[index] = 0;
  }

  #settle(array: ArrayModel, index: number, outcome: number): void {
    if (array.outcomes[index] !== 0) assert.fail(`index ${index} of array ${array.spec.array} is settled twice`);
    array.outcomes[index] = outcome;
    array.owners[index] = 0;
    array.missing -= 1;
    if (array.missing === 0) this.#unfinished.delete(array);
  }

  /** What overlapped runs alone next; of more than that, an eighth at most together. */
  #suspect({ spec, owners, limits }: ArrayModel, indices: readonly number[]): void {
    const limit = indices.length <= (spec.concurrency ?? 1) ? 1 : Math.max(1, Math.floor(indices.length / 8));
    for (const index of indices) {
      owners[index] = 0;
      limits.set(index, limit);
    }
  }

  #charge(array: ArrayModel, index: number, company = 0): void {
    array.owners[index] = 0;
    array.limits.set(index, 1);
    const losses = (array.losses.get(index) ?? 0) + 1;
    array.losses.set(index, losses);
    const { crashesWhenLost, allowedFailures = this.#options.allowedFailures } = array.spec;
    if (!crashesWhenLost && losses <= allowedFailures) return;
    if (!crashesWhenLost && company > 0) return void array.loners.add(index);
    this.#settle(array, index, crashed);
    this.#due.push({ type: 'crashed', array: array.spec.array, index, losses });
  }

  #lose(id: string): void {
    const worker = this.#workers.get(id);
    if (worker === undefined) return;
    this.#workers.delete(id);
    for (const attempt of worker.attempts.values()) {
      const { array, isDead } = attempt;
      const indices = owned(attempt);
      for (const index of indices) this.#returnUnheard(array, index);
      if (array.spec.crashesWhenLost) continue;
      if (isDead || indices.length === 0) continue;
      // It may not have begun.
      if (attempt.behind !== undefined && !attempt.isHeard) {
        for (const index of indices) array.limits.set(index, indices.length);
        continue;
      }
      if (indices.length === 1) this.#charge(array, indices[0]!, worker.attempts.size - 1);
      else for (const index of indices) array.limits.set(index, Math.max(1, Math.floor(indices.length / 8)));
    }
  }

  #tick(): void {
    const { heartbeatTimeoutMs } = this.#options;
    const isLate = this.#now - this.#lastTick > heartbeatTimeoutMs / 2;
    this.#lastTick = this.#now;
    for (const [id, worker] of this.#workers) {
      if (isLate) worker.lastSeen = this.#now;
      // Added up as the core does it: at the very limit, the difference of two times is rounded otherwise.
      if (worker.lastSeen + heartbeatTimeoutMs >= this.#now) continue;
      this.#due.push({ type: 'close-worker', worker: id, reason: 'heartbeat-lost' });
      this.#lose(id);
    }
  }

  // Commands

  #check(command: Command): void {
    if (command.type === 'run-chunk') this.#checkRun(command);
    if (command.type === 'cancel-chunk') this.#checkCancel(command);
    if (command.type === 'recall-chunk') this.#checkRecall(command);
    if (command.type === 'stranded') this.#checkStranded(command.array);
    if (command.type === 'forgotten') this.#checkForget(command.array);
  }

  #checkRun(command: Extract<Command, { type: 'run-chunk' }>): void {
    const { worker: id, array: arrayId, ranges, attempt, lanes, behind } = command;
    const worker = this.#workers.get(id);
    const array = this.arrays.get(arrayId)!;
    assert(worker !== undefined, `${id} is given a chunk and is not here`);
    assert(!worker.isDraining, `${id} is given a chunk while it drains`);
    // What must run alone may have been kept for the worker before that was known.
    const isKept = array.loners.has(ranges[0]!.start);
    assert(isKept || this.#kin.isFor(array, id), `${id} is given array ${arrayId}, which it is unable to run`);
    assert(!worker.isPaused, `${id} is given a chunk while it is paused`);
    if (behind === undefined) {
      const slots = [...worker.attempts.values()].filter((other) => other.behind === undefined);
      assert(slots.length < worker.threads, `${id} is given a chunk and has no free slot`);
    } else {
      checkBehind(worker, { array, command, ...this.#options });
      const running = this.arrays.values().filter(({ spec }) => !this.#pausedClients.has(spec.client));
      this.#kin.checkOvertaken(id, array, running.filter((other) => mayCount(other, array, this.#now)).toArray());
    }
    assert(!this.#attempts.has(attempt), `attempt ${attempt} is dispatched twice`);
    this.#attempts.add(attempt);
    assert(!array.isForgotten, `array ${arrayId} is dispatched`);
    assert(!this.#pausedClients.has(array.spec.client), `array ${arrayId} is dispatched while its client is paused`);
    const isAlone = worker.attempts.size === 0;
    const size = sumOf(ranges, ({ start, end }) => end - start);
    let next = 0;
    for (const range of ranges) {
      const { start, end } = range;
      assert(start >= next && start < end && end <= array.spec.length, `attempt ${attempt} has no ranges in order`);
      next = end + 1;
      this.#checkMayRun(array, range, size);
      array.owners.fill(attempt, start, end);
      for (const index of isAlone ? [] : array.loners) {
        assert(index < start || index >= end, `index ${index} of array ${arrayId} must run alone`);
      }
    }
    for (const other of worker.attempts.values()) {
      const { loners } = other.array;
      const mustBeAlone = loners.size > 0 && owned(other).some((index) => loners.has(index));
      assert(
        !mustBeAlone,
        `attempt ${attempt} is given to ${id} beside attempt ${other.attempt}, which must run alone`,
      );
    }
    const nothing = { isHeard: false, isRecalled: false, isDead: false, isCancelled: false };
    worker.attempts.set(attempt, { attempt, array, ranges, lanes, behind, ...nothing });
    checkPlace(this.#workers, { worker, array, size, lanes });
  }

  #checkRecall({ worker, attempt: number }: Extract<Command, { type: 'recall-chunk' }>): void {
    const attempt = this.#workers.get(worker)?.attempts.get(number);
    assert(attempt !== undefined, `attempt ${number} is called back and is over`);
    assert(owned(attempt).length > 0, `attempt ${number} is called back and has nothing left`);
    assert(!attempt.array.spec.crashesWhenLost, `attempt ${number} is called back and must not run again`);
    if (attempt.behind !== undefined) assert(!attempt.isHeard, `attempt ${number} is called back and has begun`);
    assert(!attempt.isRecalled, `attempt ${number} is called back twice`);
    assert(!attempt.isCancelled, `attempt ${number} is called back and cancelled`);
    attempt.isRecalled = true;
  }

  /** Nobody can be waited for. */
  #checkStranded(id: number): void {
    assert(this.#workers.size > 0, `array ${id} is stranded before there is a worker`);
    assert(!this.#kin.isForSomebody(this.arrays.get(id)!), `array ${id} is stranded and has a worker`);
  }

  #checkMayRun(array: ArrayModel, { start, end }: Range, size: number): void {
    const { upstreams, limits, spec } = array;
    for (const { missing } of upstreams.whole) {
      assert(missing === 0, `array ${spec.array} is dispatched before its whole upstreams`);
    }
    for (let index = start; index < end; index += 1) {
      const isTooMany = limits.get(index)! < size;
      const reason = whyNot(array, index, this.#now) ?? (isTooMany ? 'in too large a chunk for a suspect' : undefined);
      if (reason !== undefined) assert.fail(`index ${index} of array ${spec.array} is dispatched ${reason}`);
    }
    for (const { outcomes: needed } of upstreams.elementwise) {
      const missing = needed.subarray(start, end).indexOf(0);
      assert(
        missing === -1,
        `index ${start + missing} of array ${spec.array} is dispatched before its elementwise upstreams`,
      );
    }
  }

  #checkCancel({ worker, attempt: number }: Extract<Command, { type: 'cancel-chunk' }>): void {
    const attempt = this.#workers.get(worker)?.attempts.get(number);
    assert(attempt !== undefined, `attempt ${number} is cancelled and does not run`);
    assert(owned(attempt).length > 0, `attempt ${number} is cancelled and has nothing left to do`);
    assert(!attempt.isCancelled, `attempt ${number} is cancelled twice`);
    attempt.isCancelled = true;
    this.#cancelled.add(attempt.array);
  }

  #checkForget(id: number): void {
    const array = this.arrays.get(id)!;
    assert(!array.isForgotten, `array ${id} is forgotten twice`);
    array.isForgotten = true;
    this.#kin.forget(array);
    this.#unfinished.delete(array);
    for (const { attempts } of this.#workers.values()) {
      for (const attempt of attempts.values()) {
        if (attempt.array !== array) continue;
        const isIdle = owned(attempt).length === 0;
        assert(attempt.isCancelled || isIdle, `attempt ${attempt.attempt} runs on for array ${id}, which is forgotten`);
      }
    }
    array.owners.fill(0);
  }

  /** Exactly what nobody needs is forgotten. Dependents were submitted after what they need. */
  #checkForgotten(): void {
    for (const array of [...this.arrays.values()].reverse()) {
      const isNeeded = array.dependents.some(({ isForgotten, missing }) => !isForgotten && missing > 0);
      if (array.isForgotten === (array.isReleased && !isNeeded)) continue;
      assert.fail(`array ${array.spec.array} is ${array.isForgotten ? '' : 'not '}forgotten`);
    }
  }
}

function story(event: Event): string {
  return `not the right answer to ${JSON.stringify(event)}`;
}
