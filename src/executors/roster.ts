// Who is to work for a cluster that starts its own workers: as many as are wanted, others for those that are lost, and
// those that are too many are let go. Events go in, commands come out; the time comes with each event. How a worker is
// started is none of its business.

import { formatDuration } from '../lib/duration.ts';
import { HeddleError } from '../lib/heddle-error.ts';
import { plural } from '../lib/plural.ts';
import { unreachable } from '../lib/unreachable.ts';
import { messageIn } from '../lib/thrown-text.ts';

/** What happened, in the past tense. Each worker has a name that no other ever has. */
export type RosterEvent =
  /** So many are wanted from here on. */
  | { readonly type: 'scaled'; readonly scaling: number; readonly count: number }
  | { readonly type: 'launched'; readonly worker: string }
  | { readonly type: 'launch-failed'; readonly worker: string; readonly error: unknown }
  /** The scheduler has welcomed it; perhaps before it is known that it was launched. */
  | { readonly type: 'joined'; readonly worker: string }
  /** The scheduler has heard nothing of it for too long. */
  | { readonly type: 'given-up'; readonly worker: string }
  /** It is gone, with the error that says why, if there is one. */
  | { readonly type: 'ended'; readonly worker: string; readonly error: unknown }
  /** `busy` are the names of the workers that have something to run. */
  | { readonly type: 'ticked'; readonly busy: ReadonlySet<string> }
  | { readonly type: 'closed' };

/** What to do about it, in the imperative. */
export type RosterCommand =
  /** `place` counts from 0, and is given again when a worker is gone. */
  | { readonly type: 'launch'; readonly place: number; readonly worker: string }
  /** Have it finish what it runs, and end. */
  | { readonly type: 'dismiss'; readonly worker: string }
  | { readonly type: 'end'; readonly worker: string }
  | { readonly type: 'warn'; readonly message: string }
  /** Whoever wanted so many has them; or not, and why. */
  | {
      readonly type: 'tell-scaled';
      readonly scaling: number;
      readonly failure: { readonly error: unknown } | undefined;
    };

interface Scaling {
  readonly id: number;
  /** How many have yet to join or fail. */
  missing: number;
  failure: { readonly error: unknown } | undefined;
}

interface Member {
  readonly place: number;
  readonly name: string;
  /** How many have had this name, it included. */
  readonly generation: number;
  /** Who waits for it. Nobody does if it takes the place of another; then it was tried in vain so often. */
  readonly reason: Scaling | { readonly failures: number };
  phase: 'launching' | 'joining' | 'here' | 'given-up';
  hasJoined: boolean;
  isLeaving: boolean;
  /** When it is given up, unless it has joined. */
  joinBy: number;
}

interface Vacancy {
  readonly place: number;
  readonly at: number;
  readonly failures: number;
}

const joinTimeoutMs = 60_000;
/**
 * So long they must be too many before some are let go: a start costs more than a worker that idles. Whoever scales up
 * and down by turns would otherwise have none but those that have just begun to import what they are to run.
 */
const surplusPatienceMs = 1_000;
/** So many are started at once in place of those that ended; one that keeps ending is not worth such haste. */
const hastyGenerations = 3;
const firstRetryMs = 1_000;
const lastRetryMs = 30_000;

export class Roster {
  readonly #nameOf: (place: number) => string;
  readonly #members = new Map<string, Member>();
  /** Places of workers that were lost, until another one is started. */
  #vacancies: Vacancy[] = [];
  readonly #generations = new Map<string, number>();
  #wanted = 0;
  /** Why a worker could not be started, in one line. */
  #latestFailure = '';
  /** When those that are too many are let go, if any are. */
  #dismissAt = Infinity;
  #isClosed = false;
  #commands: RosterCommand[] = [];
  #now = 0;

  /** `nameOf` is what the worker at a place is called; others have had the place before. */
  constructor(nameOf: (place: number) => string) {
    this.#nameOf = nameOf;
  }

  /** How many workers there are to be; some may still be on their way. */
  get wanted(): number {
    return this.#wanted;
  }

  get nextDue(): number {
    const joining = [...this.#members.values()].filter(({ phase }) => phase === 'joining');
    return Math.min(this.#dismissAt, ...joining.map(({ joinBy }) => joinBy), ...this.#vacancies.map(({ at }) => at));
  }

  /** Why there may be no worker, and when there will be; nothing if none is missing. */
  whyNone(now: number): string | undefined {
    const coming = [...this.#members.values()].filter(({ phase }) => phase === 'launching' || phase === 'joining');
    if (coming.length > 0) return `${plural(coming.length, 'is', 'are')} being started`;
    const [next] = this.#vacancies.toSorted((a, b) => a.at - b.at);
    if (next === undefined) return undefined;
    const { at, failures } = next;
    const why =
      failures === 0 ? '' : `, after ${plural(failures, 'start')} in vain; the latest: ${this.#latestFailure}`;
    return `another one is started in ${formatDuration(Math.max(0, at - now))}${why}`;
  }

  handle(event: RosterEvent, now: number): readonly RosterCommand[] {
    this.#now = now;
    this.#apply(event);
    this.#fillVacancies();
    const commands = this.#commands;
    this.#commands = [];
    return commands;
  }

  #apply(event: RosterEvent): void {
    switch (event.type) {
      case 'scaled':
        return this.#scale(event);
      case 'ticked':
        this.#giveUpLate();
        return this.#dismissSurplus(event.busy);
      case 'closed':
        return this.#close();
      case 'launched':
      case 'launch-failed':
      case 'joined':
      case 'given-up':
      case 'ended': {
        // Workers that somebody else started join as well.
        const member = this.#members.get(event.worker);
        return member && this.#hear(member, event);
      }
      default:
        unreachable(event);
    }
  }

  #hear(member: Member, event: Extract<RosterEvent, { worker: string }>): void {
    switch (event.type) {
      case 'launched':
        member.phase = 'joining';
        member.joinBy = this.#now + joinTimeoutMs;
        return this.#arriveIfJoined(member);
      case 'launch-failed':
        return this.#failed(member, event.error);
      case 'joined':
        member.hasJoined = true;
        return this.#arriveIfJoined(member);
      case 'given-up':
        // It may hang, and never end by itself. Should it wake, it is one too many.
        return this.#emit({ type: 'end', worker: member.name });
      case 'ended':
        return this.#ended(member, event.error);
      default:
        unreachable(event);
    }
  }

  // More, or fewer

  #scale({ scaling: id, count }: Extract<RosterEvent, { type: 'scaled' }>): void {
    if (count !== this.#wanted) this.#dismissAt = this.#now + surplusPatienceMs;
    this.#wanted = count;
    if (this.#isClosed || this.#staying().length <= count) this.#dismissAt = Infinity;
    const places = this.#isClosed ? [] : this.#freePlaces();
    const scaling: Scaling = { id, missing: places.length, failure: undefined };
    for (const place of places) this.#launch(place, scaling);
    this.#tellIfScaled(scaling);
  }

  /** Those that are idle go first; of those, the ones at the last places. */
  #dismissSurplus(busy: ReadonlySet<string>): void {
    if (this.#dismissAt > this.#now) return;
    this.#dismissAt = Infinity;
    const staying = this.#staying();
    const cost = ({ name }: Member) => (busy.has(name) ? 1 : 0);
    const leaving = staying.toSorted((a, b) => cost(a) - cost(b) || b.place - a.place);
    for (const member of leaving.slice(0, Math.max(0, staying.length - this.#wanted))) {
      member.isLeaving = true;
      this.#emit({ type: 'dismiss', worker: member.name });
    }
  }

  #staying(): Member[] {
    return [...this.#members.values()].filter(({ isLeaving }) => !isLeaving);
  }

  #freePlaces(): number[] {
    const staying = this.#staying();
    const taken = new Set(staying.map(({ place }) => place));
    const free: number[] = [];
    for (let place = 0; free.length < this.#wanted - staying.length; place += 1)
      if (!taken.has(place)) free.push(place);
    return free;
  }

  #launch(place: number, reason: Member['reason']): void {
    const base = this.#nameOf(place);
    const generation = (this.#generations.get(base) ?? 0) + 1;
    this.#generations.set(base, generation);
    const name = generation === 1 ? base : `${base}.${generation}`;
    const start = { phase: 'launching', hasJoined: false, isLeaving: false, joinBy: Infinity } as const;
    this.#members.set(name, { place, name, generation, reason, ...start });
    this.#emit({ type: 'launch', place, worker: name });
  }

  #tellIfScaled({ id, missing, failure }: Scaling): void {
    if (missing > 0) return;
    if (failure !== undefined) this.#wanted = Math.min(this.#wanted, this.#staying().length);
    this.#emit({ type: 'tell-scaled', scaling: id, failure });
  }

  // Coming and going

  #arriveIfJoined(member: Member): void {
    if (member.phase !== 'joining' || !member.hasJoined) return;
    member.phase = 'here';
    if ('missing' in member.reason) this.#settle(member.reason);
  }

  #ended(member: Member, error: unknown): void {
    const { name, place, generation, phase } = member;
    if (phase !== 'here') {
      const tooSoon = new HeddleError('WORKER_ENDED', `worker ${name} ended before it had joined`, { worker: name });
      return this.#failed(member, phase === 'given-up' ? lateError(name) : error instanceof Error ? error : tooSoon);
    }
    this.#members.delete(name);
    if (member.isLeaving || this.#isClosed || this.#staying().length >= this.#wanted) return;
    this.#warn(`${name} has ended, and another one is started${error instanceof Error ? `: ${error.message}` : ''}`);
    const at = generation > hastyGenerations ? this.#now + firstRetryMs : this.#now;
    this.#vacancies.push({ place, at, failures: 0 });
  }

  /** It never came. */
  #failed({ name, place, reason, isLeaving }: Member, error: unknown): void {
    this.#members.delete(name);
    if ('missing' in reason) {
      // Nobody misses one that was sent away on its way here.
      if (!isLeaving) reason.failure ??= { error };
      return this.#settle(reason);
    }
    if (this.#isClosed || this.#staying().length >= this.#wanted) return;
    const failures = reason.failures + 1;
    const retryMs = Math.min(lastRetryMs, firstRetryMs * 2 ** (failures - 1));
    const times = failures === 1 ? '' : ` (${failures} times in a row)`;
    const why = messageIn(error);
    this.#warn(`a worker could not be started${times}, it is tried again in ${formatDuration(retryMs)}: ${why}`);
    this.#vacancies.push({ place, at: this.#now + retryMs, failures });
    [this.#latestFailure = ''] = why.split('\n');
  }

  #settle(scaling: Scaling): void {
    scaling.missing -= 1;
    this.#tellIfScaled(scaling);
  }

  #giveUpLate(): void {
    for (const member of this.#members.values()) {
      if (member.phase !== 'joining' || member.joinBy > this.#now) continue;
      member.phase = 'given-up';
      this.#emit({ type: 'end', worker: member.name });
    }
  }

  #fillVacancies(): void {
    const due = this.#vacancies.filter(({ at }) => at <= this.#now);
    this.#vacancies = this.#vacancies.filter(({ at }) => at > this.#now);
    for (const { place, failures } of due) {
      const free = this.#freePlaces();
      if (free.length > 0) this.#launch(this.#isTaken(place) ? free[0]! : place, { failures });
    }
  }

  #isTaken(place: number): boolean {
    return this.#staying().some((member) => member.place === place);
  }

  #close(): void {
    this.#isClosed = true;
    this.#dismissAt = Infinity;
    this.#vacancies = [];
    for (const { name, phase } of this.#members.values()) {
      if (phase !== 'given-up') this.#emit({ type: 'end', worker: name });
    }
  }

  #warn(message: string): void {
    this.#emit({ type: 'warn', message });
  }

  #emit(command: RosterCommand): void {
    this.#commands.push(command);
  }
}

function lateError(name: string): HeddleError {
  const remedy = 'see whether it can reach the scheduler from where it runs, and what it says itself';
  const message = `${name} was started, and has not joined within ${formatDuration(joinTimeoutMs)}: ${remedy}`;
  return new HeddleError('WORKER_MISSING', message, { worker: name });
}
