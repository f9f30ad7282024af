// Runs the real cores of scheduler, workers and threads in a virtual world, in virtual time.
//
// Two acts, as in TigerBeetle's VOPR. Act one is about safety: everything that can break may break, and after every
// event the invariants hold and the model agrees. Act two is about liveness: the faults stop, a few workers are
// healthy, and everything that was asked for must come to an end.

import assert from 'node:assert/strict';
import { SchedulerCore, type ArraySpec, type Event } from '../../src/scheduler/core.ts';
import { checkInvariants } from '../scheduler/invariants.ts';
import { Agenda } from './agenda.ts';
import { Fates } from './fates.ts';
import { distort } from './lies.ts';
import { isGiven } from './facts.ts';
import { Model } from './model.ts';
import { Prng } from './prng.ts';
import { arraysOf, drawFaults, drawTraits, everything, noFaults, type Faults, type Settings } from './settings.ts';
import { VirtualShell } from './virtual-shell.ts';
import { VirtualWorker } from './virtual-worker.ts';
import type { Fate, World } from './world.ts';
import type { FromWorker, ToWorker } from '../../src/protocol/messages.ts';

export interface Report {
  readonly events: number;
  readonly commands: number;
  readonly chunks: number;
  /** Of the chunks, how many were to wait behind another one, were called back, and gave something of them back. */
  readonly ahead: number;
  readonly recalls: number;
  readonly returns: number;
  readonly virtualMs: number;
  readonly deaths: number;
  readonly lies: number;
  readonly crashed: number;
  /** How often a worker was unable to run something, so that others were to. */
  readonly declined: number;
  /** A hash of all commands: two runs of one seed must agree on it. */
  readonly trace: string;
}

// What waits for somebody who is able does so until there is one.
const options = { allowedFailures: 3, heartbeatTimeoutMs: 2_000, unableWaitMs: Infinity };

export interface SimulationOptions {
  readonly settings: Settings;
  /** The invariants are checked after every so many events; the model always. */
  readonly checkEvery: number;
}

export function simulate(simulation: SimulationOptions): Report {
  return new Simulation(simulation).run();
}

class Simulation implements World {
  readonly agenda = new Agenda();
  readonly prng: Prng;
  faults: Faults;
  readonly #settings: Settings;
  readonly #checkEvery: number;
  readonly #targetChunkMs: number;
  readonly #core: SchedulerCore;
  readonly #model = new Model(options);
  readonly #fates: Fates;
  readonly #shell: VirtualShell;
  readonly #bigTimes: Prng;
  readonly #workers = new Map<string, VirtualWorker>();
  /** Of all who were ever here. */
  readonly #ids: string[] = [];
  #alarmAt = Infinity;
  #report = { events: 0, deaths: 0, lies: 0 };

  constructor({ settings, checkEvery }: SimulationOptions) {
    this.#settings = settings;
    this.#checkEvery = checkEvery;
    this.prng = new Prng(settings.seed);
    const times = new Prng(settings.seed ^ 0xa4ead);
    this.#bigTimes = new Prng(settings.seed ^ 0xb16);
    // Of tasks that take longer than a chunk should, none is sent ahead.
    this.#targetChunkMs = times.pick([2, 10, 50]);
    const chunkTimes = { targetChunkMs: this.#targetChunkMs, patienceMs: times.pick([1, 25]) };
    this.#core = new SchedulerCore({ ...options, ...chunkTimes, overlappingMs: times.pick([0, 5_000]) });
    this.faults = drawFaults(this.prng, settings.trouble);
    this.#fates = new Fates(this.prng);
    this.#shell = new VirtualShell({
      fates: this.#fates,
      feed: (event) => this.#feed(event),
      tell: (worker, message) => this.#tell(worker, message),
      close: (id) => this.#close(id),
      later: (action) => this.agenda.in(this.prng.between(0, 1_000), action),
    });
  }

  run(): Report {
    this.#plan();
    this.agenda.advance({ until: () => false, limitMs: 1_000 });
    this.agenda.advance({ until: () => this.#model.isDone, limitMs: 60_000 });
    this.faults = noFaults;
    for (let spawned = 0; spawned < 4; spawned += 1) this.#spawnWorker();
    this.agenda.advance({ until: () => this.#model.isDone, limitMs: 10_000_000 });
    this.#checkAllEnded();
    this.#feed({ type: 'arrays-released', arrays: [...this.#model.arrays.keys()] });
    for (let round = 0; round < 6_000 && !this.#isQuiet(); round += 1) {
      this.agenda.advance({ until: () => false, limitMs: 100 });
    }
    this.#checkNothingIsLeft();
    return { ...this.#report, ...this.#shell.report, virtualMs: this.agenda.now };
  }

  // What is planned

  #plan(): void {
    const { prng } = this;
    const [first, second, third] = arraysOf(this.#settings);
    const paces = this.#paces();
    for (const spec of [...first!, ...second!, ...third!]) this.#fates.draw(spec, this.faults, prng.pick(paces));
    for (let worker = 0; worker < this.#settings.workers; worker += 1) {
      this.agenda.at(prng.between(0, 100), () => this.#spawnWorker());
    }
    this.agenda.at(0, () => this.#tick());
    this.#submitAt(prng.between(0, 50), first!);
    const lateAt = prng.between(50, 900);
    this.#submitAt(lateAt, second!);
    this.#submitAt(prng.between(0, 900), third!);
    for (const { array } of [...first!, ...second!]) {
      if (prng.chance(this.faults.released)) this.#releaseAt(lateAt + prng.between(1, 2_000), [array]);
    }
    for (const client of [[...first!, ...second!], third!]) {
      if (prng.chance(this.faults.gone)) {
        this.#releaseAt(900 + prng.between(1, 2_000), client.map(({ array }) => array)); // prettier-ignore
      }
    }
    // With chances of its own, so that the rest of a seed stays what it was.
    const clients = [...first!, ...second!, ...third!].map(({ client }) => client);
    this.#planPauses(new Prng(this.#settings.seed ^ 0x9a05e), clients);
  }

  #paces(): readonly number[] {
    const { stages, waves } = this.#settings;
    if (stages === 0) return [0.01];
    return waves === 0 ? [0.01, 0.5, 5, 50] : [20, 12, 8].map((size) => this.#targetChunkMs / size);
  }

  /** Whoever lacks memory, or does not keep up, is paused for a while. */
  #planPauses(prng: Prng, clients: readonly string[]): void {
    if (prng.chance(0.5)) return;
    for (let count = prng.between(1, 12); count > 0; count -= 1) {
      const [at, forMs, which, client] = [
        prng.between(0, 3_000),
        prng.between(1, 2_000),
        prng.next(),
        prng.pick(clients),
      ];
      const isWorker = prng.chance(0.7);
      this.agenda.at(at, () => {
        const worker = this.#ids[Math.floor(which * this.#ids.length)] ?? 'nobody';
        this.#feed(isWorker ? { type: 'worker-paused', worker } : { type: 'client-paused', client });
        const resumed: Event = isWorker ? { type: 'worker-resumed', worker } : { type: 'client-resumed', client };
        this.agenda.in(forMs, () => this.#feed(resumed));
      });
    }
  }

  #submitAt(at: number, arrays: readonly ArraySpec[]): void {
    this.agenda.at(at, () => this.#feed({ type: 'arrays-submitted', arrays }));
  }

  #releaseAt(at: number, arrays: readonly number[]): void {
    this.agenda.at(at, () => this.#feed({ type: 'arrays-released', arrays }));
  }

  // What has to be so in the end

  #checkAllEnded(): void {
    const { arrays } = this.#model;
    for (const [id, { missing, isForgotten, outcomes }] of arrays) {
      if (missing === 0 || isForgotten) continue;
      const why = this.#core.explain(id, outcomes.indexOf(0));
      assert.fail(`${missing} indices of array ${id} never ended: ${why}`);
    }
    for (const { array, index } of this.#fates.deadly()) {
      const { outcomes, spec } = arrays.get(array)!;
      const isSettled = outcomes[index] === 1 && !isGiven(spec, index);
      assert(!isSettled, `index ${index} of array ${array} kills whatever runs it and is settled`);
    }
  }

  #isQuiet(): boolean {
    for (const worker of this.#workers.values()) {
      if (worker.isBusy || this.#shell.openOn(worker) > 0) return false;
    }
    for (const { chunks } of this.#core.fleet.workers.values()) if (chunks.size > 0) return false;
    return true;
  }

  #checkNothingIsLeft(): void {
    assert.equal(this.#core.arrays.size, 0, 'released arrays stay in the scheduler');
    checkInvariants(this.#core);
    for (const worker of this.#workers.values()) {
      assert(!worker.isBusy, `${worker.id} never ends what it runs`);
      assert.equal(this.#shell.openOn(worker), 0, `${worker.id} never closes what it was told to close`);
    }
    for (const { id, chunks } of this.#core.fleet.workers.values()) {
      assert.equal(chunks.size, 0, `${id} has slots that are never free again`);
    }
  }

  // The scheduler

  #feed(event: Event): void {
    const commands = this.#core.handle(event, this.agenda.now);
    this.#report.events += 1;
    this.#model.observe(event, commands, this.agenda.now);
    if (this.#report.events % this.#checkEvery === 0) checkInvariants(this.#core);
    for (const command of commands) this.#shell.perform(command);
    this.#setAlarm();
  }

  #setAlarm(): void {
    const due = this.#core.nextDue;
    if (due === this.#alarmAt) return;
    this.#alarmAt = due;
    if (due === Infinity) return;
    this.agenda.at(due, () => {
      if (this.#alarmAt !== due) return;
      this.#alarmAt = Infinity;
      this.#feed({ type: 'ticked' });
    });
  }

  #tick(): void {
    this.#feed({ type: 'ticked' });
    this.agenda.in(100, () => this.#tick());
    // Nothing is heard meanwhile, and all that came is read at once.
    if (this.prng.chance(this.faults.asleep)) this.agenda.now += this.prng.between(500, 6_000);
  }

  /** One that was only silent goes on until it hears this, and what it sends is old news. */
  #close(id: string): void {
    const worker = this.#workers.get(id);
    if (worker !== undefined) this.agenda.at(this.#arrivalAt(worker), () => worker.cut());
  }

  // Workers

  paceMs(array: number): number {
    return this.#fates.of(array).paceMs;
  }

  fateOf(array: number, index: number): Fate {
    return this.#fates.fateOf(array, index, this.faults);
  }

  /** With chances of its own, as that of pauses. */
  isUnable({ id }: VirtualWorker, array: number): boolean {
    if (this.faults === noFaults) return false;
    const { seed, trouble } = this.#settings;
    const rates = new Prng(seed ^ 0xdec11e);
    const rate = rates.chance(0.5) ? 0 : rates.pick([0.1, 0.3, 1]) * trouble;
    return new Prng(seed ^ (this.#ids.indexOf(id) * 1_000 + array)).chance(rate);
  }

  isBare({ id }: VirtualWorker): boolean {
    if (this.faults === noFaults) return false;
    const { seed, trouble } = this.#settings;
    const rate = new Prng(seed ^ 0xba2e).chance(0.5) ? 0 : 0.3 * trouble;
    return new Prng((seed ^ 0xf11e5) + this.#ids.indexOf(id)).chance(rate);
  }

  #spawnWorker(): void {
    const { prng } = this;
    // In the second act there is somebody for everything.
    const has = this.faults === noFaults ? everything : drawTraits(prng);
    const worker = new VirtualWorker(this, {
      id: `worker-${this.#ids.length}`,
      threads: prng.between(1, 3),
      slowness: prng.chance(this.faults.slow) ? prng.between(2, 30) : 1,
      keepsCode: prng.chance(0.5),
    });
    this.#workers.set(worker.id, worker);
    this.#ids.push(worker.id);
    this.#feed({ type: 'worker-joined', worker: worker.id, threads: worker.threads.length, has });
    this.#beat(worker);
  }

  /** It shows that it lives, and something may befall it. */
  #beat(worker: VirtualWorker): void {
    if (!worker.isAlive || !worker.isConnected) return;
    this.#deliver(worker, () => this.#feed({ type: 'worker-seen', worker: worker.id }));
    this.agenda.in(500, () => this.#beat(worker));
    // Everybody sleeps, and wakes up late.
    if (this.prng.chance(this.faults.jump)) this.agenda.now += this.prng.between(500, 10_000);
  }

  /** Something may befall a worker whenever it gets a chunk. */
  #befall(worker: VirtualWorker): void {
    const { prng, agenda, faults } = this;
    const soon = (action: () => void) => agenda.in(prng.between(0, 200), action);
    if (prng.chance(faults.stall)) worker.stalledUntil = agenda.now + prng.between(500, 5_000);
    if (prng.chance(faults.crash)) soon(() => worker.crash());
    if (prng.chance(faults.vanish)) soon(() => worker.vanish());
    if (prng.chance(faults.cut)) soon(() => worker.cut());
    if (prng.chance(faults.nonsense)) soon(() => this.#tellNonsense(worker));
    if (prng.chance(faults.drain)) worker.drain(prng.chance(0.3) ? prng.between(0, 500) : undefined);
  }

  #tellNonsense(worker: VirtualWorker): void {
    if (!worker.isAlive || !worker.isConnected || worker.isLeaving) return;
    const chunk = {
      array: -1,
      attempt: -1,
      ranges: [{ start: 0, end: 1 }],
      lanes: 1,
      inputs: [],
      notes: [],
      timedOut: [],
    };
    assert.throws(() => worker.hear({ type: 'run', ...chunk }), { code: 'PROTOCOL_VIOLATION' });
    worker.cut();
  }

  ended(worker: VirtualWorker): void {
    this.#report.deaths += 1;
    this.#workers.delete(worker.id);
    this.#shell.ended(worker);
    this.agenda.in(this.prng.between(100, 2_000), () => this.#spawnWorker());
  }

  // The network

  /** That a connection is closed may overtake what was sent over it, which then is old. */
  disconnected(worker: VirtualWorker): void {
    const { agenda, prng } = this;
    const { isDrained } = worker;
    const isOvertaking = !isDrained && prng.chance(0.3);
    const at = isOvertaking ? agenda.now : Math.max(agenda.now, worker.lastDelivery);
    agenda.at(at + this.#latency(), () => {
      if (isDrained) assert.equal(this.#model.runsOn(worker.id), 0, `${worker.id} was drained, and leaves work behind`);
      this.#feed({ type: 'worker-left', worker: worker.id });
    });
  }

  #tell(id: string, message: ToWorker): void {
    const worker = this.#workers.get(id);
    if (worker === undefined) return;
    const at = message.type === 'whole' ? this.#arrivalOfBig(worker) : this.#arrivalAt(worker);
    this.agenda.at(at, () => {
      if (!worker.isAlive || !worker.isConnected) return;
      if (message.type === 'recall' && this.prng.chance(this.faults.mute)) return;
      worker.hear(message);
      if (message.type === 'run') this.#befall(worker);
    });
  }

  #arrivalAt(worker: VirtualWorker): number {
    worker.lastArrival = Math.max(worker.lastArrival, worker.stalledUntil, this.agenda.now + this.#latency());
    return worker.lastArrival;
  }

  /** What is sent after it may arrive before it. With chances of its own, as that of pauses. */
  #arrivalOfBig(worker: VirtualWorker): number {
    return Math.max(worker.stalledUntil, this.agenda.now + this.#bigTimes.between(1, 300));
  }

  send(worker: VirtualWorker, message: FromWorker): void {
    if (!worker.isConnected) return;
    this.#deliver(worker, () => this.#shell.hear(worker, message));
    const event = this.#shell.eventOf(worker.id, message);
    if (event === undefined) return;
    const { faults, prng, agenda } = this;
    const afterwards = (action: () => void) => agenda.at(worker.lastDelivery + this.#latency(), action);
    if (prng.chance(faults.duplicate)) afterwards(() => this.#feedLie(event));
    if (prng.chance(faults.lie)) afterwards(() => this.#feedLie(distort(event, { prng, workers: this.#ids })));
  }

  #deliver(worker: VirtualWorker, action: () => void): void {
    const { prng, agenda } = this;
    const lateMs = prng.chance(this.faults.late) ? prng.between(100, 3_000) : 0;
    const departure = Math.max(agenda.now, worker.stalledUntil);
    worker.lastDelivery = Math.max(departure + this.#latency() + lateMs, worker.lastDelivery);
    agenda.at(worker.lastDelivery, action);
  }

  /**
   * What happens to be true is no lie, and is not told: the books of the virtual workers would be wrong after it. But
   * what a worker was asked for it may give back and run all the same.
   */
  #feedLie(event: Event): void {
    if ('attempt' in event && event.type !== 'indices-returned' && this.#model.isTrue(event)) return;
    this.#report.lies += 1;
    this.#feed(event);
  }

  #latency(): number {
    return this.prng.between(1, 20);
  }
}
