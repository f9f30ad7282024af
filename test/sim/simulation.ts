// Runs the real scheduler core against virtual workers and a virtual network, in virtual time.
//
// Two acts, as in TigerBeetle's VOPR. Act one is about safety: everything that can break may break, and after every
// event the invariants hold and the model agrees. Act two is about liveness: the faults stop, a few workers are
// healthy, and everything that was asked for must come to an end.

import assert from 'node:assert/strict';
import { Heap } from '../../src/lib/heap.ts';
import type { Range } from '../../src/lib/range.ts';
import { SchedulerCore, type Command, type Event } from '../../src/scheduler/core.ts';
import { checkInvariants } from '../../src/scheduler/invariants.ts';
import { isGiven, Model } from './model.ts';
import { Prng } from './prng.ts';
import { drawArrays, drawFaults, noFaults, type Faults, type Settings } from './settings.ts';

export interface Report {
  readonly events: number;
  readonly commands: number;
  readonly chunks: number;
  readonly virtualMs: number;
  readonly deaths: number;
  readonly lies: number;
  readonly crashed: number;
  /** A hash of all commands: two runs of one seed must agree on it. */
  readonly trace: string;
}

interface VirtualWorker {
  readonly id: string;
  readonly threads: number;
  readonly runs: Map<number, Run>;
  isAlive: boolean;
  isDraining: boolean;
  stalledUntil: number;
  /** When the last message from it, and to it, arrives: a connection is a stream. */
  lastDelivery: number;
  lastArrival: number;
}

/** A chunk in the hands of a virtual thread, which has come to `next`. */
interface Run {
  readonly array: number;
  readonly attempt: number;
  readonly end: number;
  next: number;
  isCancelled: boolean;
}

type RunCommand = Extract<Command, { type: 'run-chunk' }>;

const options = { allowedFailures: 3, heartbeatTimeoutMs: 2_000 };

export interface SimulationOptions {
  readonly settings: Settings;
  /** The invariants are checked after every so many events; the model always. */
  readonly checkEvery: number;
}

export function simulate(simulation: SimulationOptions): Report {
  return new Simulation(simulation).run();
}

class Simulation {
  readonly #settings: Settings;
  readonly #checkEvery: number;
  readonly #prng: Prng;
  readonly #core = new SchedulerCore(options);
  readonly #model = new Model(options);
  readonly #agenda = new Heap<Appointment>((a, b) => a.at < b.at || (a.at === b.at && a.order < b.order));
  readonly #workers = new Map<string, VirtualWorker>();
  /** How long an index of each array takes. */
  readonly #paceMs = new Map<number, number>();
  /** "array:index" of those that kill whatever runs them, and what they kill. */
  readonly #deadly = new Map<string, 'thread' | 'worker'>();
  #faults: Faults;
  #appointments = 0;
  #now = 0;
  #report = { events: 0, commands: 0, chunks: 0, deaths: 0, lies: 0, crashed: 0 };
  #trace = 0x811c9dc5;

  constructor({ settings, checkEvery }: SimulationOptions) {
    this.#settings = settings;
    this.#checkEvery = checkEvery;
    this.#prng = new Prng(settings.seed);
    this.#faults = drawFaults(this.#prng);
  }

  run(): Report {
    this.#plan();
    this.#advance({ until: () => false, limitMs: 1_000 });
    this.#advance({ until: () => this.#model.isDone, limitMs: 60_000 });
    this.#faults = noFaults;
    for (let spawned = 0; spawned < 4; spawned += 1) this.#spawnWorker();
    this.#advance({ until: () => this.#model.isDone, limitMs: 10_000_000 });
    this.#checkEnd();
    return { ...this.#report, virtualMs: this.#now, trace: (this.#trace >>> 0).toString(16) };
  }

  #plan(): void {
    const prng = this.#prng;
    const [first, second] = drawArrays(this.#settings);
    for (const { array, length } of [...first!, ...second!]) {
      this.#paceMs.set(array, prng.pick([0.01, 0.5, 5, 50]));
      for (let index = 0; index < length; index += 1) this.#maybePoison(`${array}:${index}`);
    }
    for (let worker = 0; worker < this.#settings.workers; worker += 1) {
      this.#at(prng.between(0, 100), () => this.#spawnWorker());
    }
    this.#at(0, () => this.#tick());
    this.#at(prng.between(0, 50), () => this.#feed({ type: 'arrays-submitted', arrays: first! }));
    const lateAt = prng.between(50, 900);
    this.#at(lateAt, () => this.#feed({ type: 'arrays-submitted', arrays: second! }));
    for (const { array } of [...first!, ...second!]) {
      const release: Event = { type: 'arrays-released', arrays: [array] };
      if (prng.chance(this.#faults.released)) this.#at(lateAt + prng.between(1, 2_000), () => this.#feed(release));
    }
  }

  #maybePoison(key: string): void {
    if (this.#prng.chance(this.#faults.poison)) this.#deadly.set(key, 'thread');
    else if (this.#prng.chance(this.#faults.lethal)) this.#deadly.set(key, 'worker');
  }

  #checkEnd(): void {
    const { arrays } = this.#model;
    for (const [id, { missing, isForgotten }] of arrays) {
      assert(missing === 0 || isForgotten, `${missing} indices of array ${id} never ended: ${this.#whyNot(id)}`);
    }
    for (const key of this.#deadly.keys()) {
      const [id, index] = key.split(':').map(Number);
      const { outcomes, spec } = arrays.get(id!)!;
      assert(isGiven(spec, index!) || outcomes[index!] !== 1, `${key} kills whatever runs it and is settled`);
    }
    this.#feed({ type: 'arrays-released', arrays: [...arrays.keys()] });
    assert.equal(this.#core.arrays.size, 0, 'released arrays stay in the scheduler');
    checkInvariants(this.#core);
  }

  #whyNot(id: number): string {
    const index = this.#model.arrays.get(id)!.outcomes.indexOf(0);
    return this.#core.explain(id, index);
  }

  #advance({ until, limitMs }: { until: () => boolean; limitMs: number }): void {
    const limit = this.#now + limitMs;
    while (!until()) {
      const next = this.#agenda.peek();
      if (next === undefined || next.at > limit) return;
      this.#agenda.pop();
      this.#now = Math.max(this.#now, next.at);
      next.action();
    }
  }

  #at(at: number, action: () => void): void {
    this.#agenda.push({ at, order: this.#appointments++, action });
  }

  #feed(event: Event): void {
    const commands = this.#core.handle(event, this.#now);
    this.#report.events += 1;
    this.#report.commands += commands.length;
    this.#model.observe(event, commands, this.#now);
    if (this.#report.events % this.#checkEvery === 0) checkInvariants(this.#core);
    for (const command of commands) this.#perform(command);
  }

  #tick(): void {
    this.#feed({ type: 'ticked' });
    this.#at(this.#now + 100, () => this.#tick());
    // Nothing is heard meanwhile, and all that came is read at once.
    if (this.#prng.chance(this.#faults.asleep)) this.#now += this.#prng.between(500, 6_000);
  }

  #perform(command: Command): void {
    this.#record(command);
    if (command.type === 'crashed') this.#report.crashed += 1;
    if (command.type === 'run-chunk') {
      this.#report.chunks += 1;
      this.#tell(command.worker, (worker) => this.#start(worker, command));
    }
    if (command.type === 'cancel-chunk') {
      this.#tell(command.worker, ({ runs }) => {
        const run = runs.get(command.attempt);
        if (run !== undefined) run.isCancelled = true;
      });
    }
    // One that was only silent goes on until it hears this, and what it sends is old news.
    if (command.type === 'close-worker') this.#tell(command.worker, (worker) => this.#kill(worker));
  }

  /** FNV-1a. */
  #record(command: Command): void {
    for (const char of JSON.stringify(command)) {
      this.#trace = Math.imul(this.#trace ^ char.codePointAt(0)!, 0x01000193);
    }
  }

  // Virtual workers

  #spawnWorker(): void {
    const worker: VirtualWorker = {
      id: `worker-${this.#workers.size}`,
      threads: this.#prng.between(1, 3),
      runs: new Map(),
      isAlive: true,
      isDraining: false,
      stalledUntil: 0,
      lastDelivery: 0,
      lastArrival: 0,
    };
    this.#workers.set(worker.id, worker);
    this.#feed({ type: 'worker-joined', worker: worker.id, threads: worker.threads });
    this.#beat(worker);
  }

  #beat(worker: VirtualWorker): void {
    if (!worker.isAlive) return;
    this.#send(worker, { type: 'worker-seen', worker: worker.id });
    this.#at(this.#now + 500, () => this.#beat(worker));
  }

  #start(worker: VirtualWorker, { array, range, attempt }: RunCommand): void {
    const { crash, vanish, stall, drain } = this.#faults;
    const run: Run = { array, attempt, next: range.start, end: range.end, isCancelled: false };
    worker.runs.set(attempt, run);
    if (this.#prng.chance(stall)) worker.stalledUntil = this.#now + this.#prng.between(500, 5_000);
    if (this.#prng.chance(crash)) this.#at(this.#now + this.#prng.between(0, 200), () => this.#crash(worker));
    if (this.#prng.chance(vanish)) this.#at(this.#now + this.#prng.between(0, 200), () => this.#kill(worker));
    if (this.#prng.chance(drain)) this.#drain(worker);
    this.#goOn(worker, run);
  }

  /** Works on the next part of a chunk, and tells of it when it is done. */
  #goOn(worker: VirtualWorker, run: Run): void {
    const part: Range = { start: run.next, end: this.#prng.between(run.next + 1, run.end) };
    const busyMs = (part.end - part.start) * this.#paceMs.get(run.array)! * (0.5 + this.#prng.next());
    this.#at(this.#now + busyMs, () => {
      if (!worker.isAlive) return;
      if (run.isCancelled || this.#prng.chance(this.#faults.abandoned)) return this.#end(worker, run);
      this.#finish(worker, run, { ...part, busyMs });
    });
  }

  #finish(worker: VirtualWorker, run: Run, part: Range & { busyMs: number }): void {
    const { attempt } = run;
    const busyMs = part.busyMs;
    let done = part.start;
    const flush = (end: number) => {
      const range = { start: done, end };
      if (done < end) this.#send(worker, { type: 'indices-settled', worker: worker.id, attempt, range, busyMs });
      done = end + 1;
    };
    for (let index = part.start; index < part.end; index += 1) {
      const deadly = this.#deadly.get(`${run.array}:${index}`);
      if (deadly === undefined && this.#prng.chance(this.#faults.delayed)) {
        flush(index);
        const delayMs = this.#prng.between(0, 2_000);
        this.#send(worker, { type: 'index-delayed', worker: worker.id, attempt, index, delayMs });
      }
      if (deadly === undefined && !this.#prng.chance(this.#faults.killed)) continue;
      if (done > index) continue;
      flush(index);
      if (deadly === 'worker') return this.#crash(worker);
      this.#send(worker, { type: 'index-lost', worker: worker.id, attempt, index });
      return this.#end(worker, run);
    }
    flush(part.end);
    run.next = part.end;
    if (run.next < run.end) this.#goOn(worker, run);
    else this.#end(worker, run);
  }

  #end(worker: VirtualWorker, { attempt }: Run): void {
    worker.runs.delete(attempt);
    this.#send(worker, { type: 'chunk-ended', worker: worker.id, attempt });
    this.#leaveIfDrained(worker);
  }

  #drain(worker: VirtualWorker): void {
    worker.isDraining = true;
    this.#send(worker, { type: 'worker-draining', worker: worker.id });
  }

  #leaveIfDrained(worker: VirtualWorker): void {
    if (worker.isDraining && worker.runs.size === 0) this.#crash(worker);
  }

  /** It dies, and its connection with it: that news may overtake what it sent, which then is old. */
  #crash(worker: VirtualWorker): void {
    if (!worker.isAlive) return;
    this.#kill(worker);
    const isOvertaking = this.#prng.chance(0.3);
    const at = isOvertaking ? this.#now : Math.max(this.#now, worker.lastDelivery);
    this.#at(at + this.#latency(), () => this.#feed({ type: 'worker-left', worker: worker.id }));
  }

  #kill(worker: VirtualWorker): void {
    if (!worker.isAlive) return;
    worker.isAlive = false;
    this.#report.deaths += 1;
    this.#at(this.#now + this.#prng.between(100, 2_000), () => this.#spawnWorker());
  }

  // The network

  #tell(id: string, action: (worker: VirtualWorker) => void): void {
    const worker = this.#workers.get(id)!;
    worker.lastArrival = Math.max(worker.lastArrival, worker.stalledUntil, this.#now + this.#latency());
    this.#at(worker.lastArrival, () => {
      if (worker.isAlive) action(worker);
    });
  }

  #send(worker: VirtualWorker, event: Event): void {
    const lateMs = this.#prng.chance(this.#faults.late) ? this.#prng.between(100, 3_000) : 0;
    const departure = Math.max(this.#now, worker.stalledUntil);
    worker.lastDelivery = Math.max(departure + this.#latency() + lateMs, worker.lastDelivery);
    this.#at(worker.lastDelivery, () => this.#feed(event));
    if (this.#prng.chance(this.#faults.duplicate)) {
      this.#at(worker.lastDelivery + this.#latency(), () => this.#feedLie(event));
    }
    if (this.#prng.chance(this.#faults.lie)) {
      this.#at(worker.lastDelivery + this.#latency(), () => this.#feedLie(this.#distort(event)));
    }
  }

  /** What happens to be true is no lie, and is not told: the books of the virtual workers would be wrong after it. */
  #feedLie(event: Event): void {
    if ('attempt' in event && this.#model.isTrue(event)) return;
    this.#report.lies += 1;
    this.#feed(event);
  }

  #distort(event: Event): Event {
    if (!('attempt' in event)) return event;
    const prng = this.#prng;
    const shift = prng.pick([-2, -1, 1, 2, 0.5, Number.NaN]);
    switch (prng.between(0, 3)) {
      case 0:
        return { ...event, worker: prng.pick([...this.#workers.keys()]) };
      case 1:
        return { ...event, attempt: event.attempt + prng.between(-20, 20) };
      case 2:
        return { type: 'chunk-ended', worker: event.worker, attempt: event.attempt - prng.between(1, 9) };
      default:
        if (event.type === 'indices-settled') {
          const { start, end } = event.range;
          const range = prng.pick([
            { start: start + shift, end },
            { start, end: end + shift },
            { start: end, end: start },
          ]);
          return { ...event, range };
        }
        return event.type === 'chunk-ended' ? event : { ...event, index: event.index + shift };
    }
  }

  #latency(): number {
    return this.#prng.between(1, 20);
  }
}

interface Appointment {
  readonly at: number;
  readonly order: number;
  readonly action: () => void;
}
