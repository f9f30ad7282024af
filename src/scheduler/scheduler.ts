// The shell around the core: comms and a clock become events, commands become messages. It keeps the bytes that the
// core never sees, and opens none of them.

import { Alarm } from '../lib/alarm.ts';
import type { Block } from '../lib/chunk.ts';
import type { LogLevel, LogRecord } from '../lib/log-record.ts';
import { noTraits } from '../lib/placing.ts';
import { countIn } from '../lib/range.ts';
import { unreachable } from '../lib/unreachable.ts';
import type { Comm, CommClosed } from '../comm/comm.ts';
import type { FromClient, FromPeer, FromWorker, Hello, ToPeer } from '../protocol/messages.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import { Brake } from './brake.ts';
import { CodeDesk } from './code-desk.ts';
import { SchedulerCore, type Command, type Event } from './core.ts';
import { Lookout } from './lookout.ts';
import { noteDecline, type Inability } from './inability.ts';
import { crashedBlock, departureOf, lossFor, noteLoss, noteRecords, ownClose, type LostWorker } from './losses.ts';
import {
  callOff,
  describeJoined,
  HeldArray,
  freeName,
  newClient,
  newWorker,
  noteImport,
  refusedFor,
  specOf,
  tellOfWorkers,
} from './peers.ts';
import type { ClientPeer, WorkerPeer } from './peers.ts';
import { Recorder } from './recording.ts';
import { ResourceDesk } from './resources.ts';
import { newsOf, ranOf, ResultDesk, type Ran, type Told } from './result-desk.ts';
import './specimens.ts';
import type { SchedulerOptions } from './scheduler-options.ts';
import { beatMs, givenUp, toldInTime, watchOverClient, whyItIsGone } from './signs-of-life.ts';

/** What belongs to an event and is not shown to the core. */
interface Freight {
  readonly bytes?: Uint8Array;
  readonly lostWorker?: LostWorker;
  readonly told?: Told;
  readonly unbegun?: Inability;
}

export class Scheduler implements AsyncDisposable {
  readonly lookout: Lookout;
  readonly #options: SchedulerOptions;
  readonly #core: SchedulerCore;
  readonly #arrays = new Map<number, HeldArray>();
  readonly #workers = new Map<string, WorkerPeer>();
  readonly #clients = new Map<string, ClientPeer>();
  readonly #code = new CodeDesk();
  readonly #resources = new ResourceDesk({ clients: this.#clients, workers: this.#workers });
  readonly #results: ResultDesk;
  readonly #recorder: Recorder | undefined;
  readonly #brake: Brake;
  readonly #heartbeatTimeoutMs: number;
  readonly #heartbeat: NodeJS.Timeout;
  readonly #alarm = new Alarm(() => this.#tick());
  /** The workers that showed a sign of life since the last tick, which alone asks for that. */
  readonly #seen = new Set<WorkerPeer>();
  /** It never goes back, though a test may set the clock back. */
  #now = 0;
  #nextPeer = 1;
  #nextArray = 1;
  readonly #isLastLoss = (array: number, index: number) => this.#core.arrays.get(array)?.isLastLoss(index) ?? true;

  constructor(options: SchedulerOptions = {}) {
    const { allowedFailures = 3, heartbeatTimeoutMs = 15_000, record } = options;
    this.#options = options;
    this.#core = new SchedulerCore({ allowedFailures, heartbeatTimeoutMs });
    const [announce, warn] = [this.announce.bind(this), this.announce.bind(this, 'warn')];
    if (record !== undefined) this.#recorder = new Recorder(record, { allowedFailures, heartbeatTimeoutMs, warn });
    const [unsent, failed] = [this.#ended.bind(this), this.#release.bind(this)];
    this.#results = new ResultDesk(options, { core: this.#core, code: this.#code, warn, unsent, failed });
    const [workers, clients, { memory }] = [this.#workers, this.#clients, this.#results];
    this.#brake = new Brake({ workers, memory, tell: (event) => this.#handle(event), announce });
    this.lookout = new Lookout({ core: this.#core, workers, clients, arrays: this.#arrays, memory }, options);
    this.#heartbeatTimeoutMs = heartbeatTimeoutMs;
    this.#heartbeat = setInterval(() => this.#beat(), beatMs(heartbeatTimeoutMs)).unref();
  }

  /** Takes a comm whose other end will say hello, as a worker or as a client. */
  accept(comm: Comm<FromPeer, ToPeer>): void {
    let peer: WorkerPeer | ClientPeer | undefined;
    comm.listen({
      message: (message) => {
        try {
          if (peer === undefined) peer = this.#welcome(comm, message);
          else if (peer.type === 'worker') this.#hearWorker(peer, message as FromWorker);
          else this.#hearClient(peer, message as FromClient);
        } catch (error) {
          if (!(error instanceof ProtocolError)) throw error;
          void comm.close(error.message);
        }
      },
      seen: () => {
        if (peer?.type !== 'worker') return peer?.watch.seen();
        peer.lastSeen = performance.now();
        this.#seen.add(peer);
      },
      closed: (closing) => {
        if (peer !== undefined) void this.#part(peer, closing);
      },
    });
  }

  /** Logs a message for some flow runs, by default for all, and in the log of the scheduler. */
  announce(level: LogLevel, message: string, clients: Iterable<ClientPeer> = this.#clients.values()): void {
    this.#log(level, message);
    const records = [{ time: Date.now(), level, message }];
    for (const client of clients) client.comm.send({ type: 'logs', records });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#heartbeat);
    this.#alarm[Symbol.dispose]();
    for (const worker of this.#workers.values()) worker.line.send({ type: 'close', reason: ownClose });
    await Promise.all([...this.#workers.values(), ...this.#clients.values()].map(({ comm }) => comm.close(ownClose)));
    await this.#results.memory[Symbol.asyncDispose]();
    this.#recorder?.close();
  }

  // Peers

  #welcome(comm: Comm<FromPeer, ToPeer>, hello: FromPeer): WorkerPeer | ClientPeer | undefined {
    if (hello.type !== 'hello') throw new ProtocolError(`expected hello, got ${hello.type}`);
    const refused = refusedFor(hello, comm);
    if (refused !== undefined) {
      // Flow runs without a worker are told: they may wait for this one.
      this.announce('warn', refused.news, refused.isWorker ? this.lookout.takeUntold(refused.kind) : []);
      return undefined;
    }
    const name = hello.role === 'worker' ? freeName(hello.name, this.#workers) : hello.name;
    comm.send({ type: 'welcome', name, heartbeatTimeoutMs: this.#heartbeatTimeoutMs });
    return hello.role === 'worker' ? this.#joinWorker(comm, hello, name) : this.#joinClient(comm, hello);
  }

  #joinWorker(comm: Comm<FromPeer, ToPeer>, hello: Hello, name: string): WorkerPeer {
    const worker = newWorker(`${name}#${this.#nextPeer++}`, comm, { ...hello, name });
    this.#workers.set(worker.id, worker);
    const joined = describeJoined(worker, hello);
    this.#log('info', joined);
    tellOfWorkers(this.#clients.values(), this.#workers, () => ({ joined }));
    this.#handle({ type: 'worker-joined', worker: worker.id, threads: hello.threads, has: hello.has ?? noTraits });
    this.#options.workerJoined?.(name);
    return worker;
  }

  #joinClient(comm: Comm<FromPeer, ToPeer>, hello: Hello): ClientPeer {
    const watch = watchOverClient(this.#heartbeatTimeoutMs, (reason) => this.#giveUp(client, reason));
    const client: ClientPeer = { ...newClient(`client#${this.#nextPeer++}`, comm, hello), watch };
    this.#clients.set(client.id, client);
    this.#log('info', `flow run ${client.name} connected from ${comm.peer}`);
    tellOfWorkers([client], this.#workers);
    return client;
  }

  #giveUp(peer: WorkerPeer | ClientPeer, reason: string): void {
    const whom = peer.type === 'worker' ? peer.type : 'flow run';
    void peer.comm.hangUp(`the scheduler gave this ${whom} up: ${reason}`);
    // Closing waits for the other end, which is not to hold up anything here.
    this.#leave(peer, reason);
    if (peer.type === 'worker') this.#options.workerGivenUp?.(peer.name);
  }

  /** The connection is gone. */
  async #part(peer: WorkerPeer | ClientPeer, { by, reason }: CommClosed): Promise<void> {
    const told = peer.type === 'worker' && by === 'failure' && this.#options.howWorkerEnded?.(peer.name);
    if (!told) return this.#leave(peer, whyItIsGone(peer, reason));
    this.#brake.lost(peer);
    this.#leave(peer, whyItIsGone(peer, (await toldInTime(told)) ?? reason));
  }

  #leave(peer: WorkerPeer | ClientPeer, reason: string): void {
    if (peer.type === 'client') {
      if (!this.#clients.delete(peer.id)) return;
      peer.watch.stop();
      this.#log('info', `flow run ${peer.name} left (${reason})`);
      this.#code.clientLeft(peer);
      return this.#release(peer);
    }
    if (!this.#workers.delete(peer.id)) return;
    for (const array of this.#arrays.values()) array.workerLeft(peer);
    const news = departureOf(peer, reason, this.#isLastLoss);
    // No warning for a worker that said that it would go, or was told to, and has finished what it ran.
    const isGoing = reason === ownClose || this.#core.fleet.workers.get(peer.id)?.isDraining === true;
    const isExpected = isGoing && peer.attempts.size === 0;
    if (isExpected) this.announce('info', news);
    else this.#log('warn', news);
    tellOfWorkers(this.#clients.values(), this.#workers, isExpected ? undefined : lossFor(peer, news));
    this.#resources.workerLeft(peer);
    this.#handle({ type: 'worker-left', worker: peer.id }, { lostWorker: { peer, reason } });
    this.#resources.tellIdle();
  }

  // News

  #hearWorker(worker: WorkerPeer, message: FromWorker): void {
    const { id } = worker;
    switch (message.type) {
      case 'settled':
        if (message.isLast) worker.attempts.delete(message.attempt);
        this.#handle(newsOf(worker, message), { told: { worker, message } });
        return message.isLast ? this.#resources.tellIdle() : undefined;
      case 'returned':
        return this.#handle({ ...message, type: 'indices-returned', worker: id });
      case 'delayed': {
        const { attempt, index, delayMs, note } = message;
        return this.#handle({ type: 'index-delayed', worker: id, attempt, index, delayMs }, { bytes: note });
      }
      case 'timed-out':
        return this.#handle({ ...message, type: 'index-delayed', worker: id, delayMs: 0 });
      case 'lost': {
        const { attempt, indices } = message;
        const assignment = worker.attempts.get(attempt);
        if (assignment === undefined) return;
        const record = noteLoss(worker, { assignment, isLastLoss: this.#isLastLoss }, message);
        const news = { worker: id, attempt, indices, isUnable: message.loss.kind === 'not-started' };
        if (!news.isUnable) this.#brake.pass(assignment.array, [record]);
        return this.#handle({ type: 'indices-lost', ...news }, { unbegun: { worker, message, record } });
      }
      case 'ended':
        return this.#ended(worker, message.attempt);
      case 'logs': {
        if (message.attempt === undefined) return message.records.forEach((r) => this.announce(r.level, r.message));
        const assignment = worker.attempts.get(message.attempt);
        return assignment && this.#brake.pass(assignment.array, noteRecords(worker, assignment, message.records));
      }
      case 'importing':
        return noteImport(worker, message);
      case 'opened':
        return this.#resources.opened(worker, message.resource);
      case 'resource-logs':
        return this.#resources.logs(worker, message.resource, message.records);
      case 'closed':
        this.#resources.closed(worker, message.resource);
        return this.#resources.tellIdle();
      case 'need-code':
        return this.#code.asked(worker, this.#arrays.get(message.array));
      case 'need-bundle':
        return this.#code.bundleAsked(worker, message.id);
      case 'vitals':
        return this.#brake.heardVitals(worker, message);
      case 'draining':
        this.#handle({ type: 'worker-draining', worker: id });
        // Sent after the last chunk that it gets, so that it knows that no more will come.
        return worker.line.send({ type: 'close', reason: 'it was asked for' });
      default:
        // A peer may send any valid message, also one that is not for us.
        throw new ProtocolError(`a worker has no business to send '${message.type}'`);
    }
  }

  #hearClient(client: ClientPeer, message: FromClient): void {
    switch (message.type) {
      case 'submit': {
        if (client.hasCancelled || client.hasFailed) return;
        const arrays = message.arrays.map((submission) => {
          if (client.arrays.has(submission.array)) {
            throw new ProtocolError(`array ${submission.array} was submitted twice`);
          }
          const array = new HeldArray(this.#nextArray++, client, submission);
          this.#resources.submitted(array);
          this.#results.submitted(array, submission.given ?? []);
          client.arrays.set(submission.array, array);
          this.#arrays.set(array.id, array);
          return array;
        });
        return this.#handle({ type: 'arrays-submitted', arrays: arrays.map((array) => specOf(array, this.#options)) });
      }
      case 'code':
        return this.#code.answered(client, message);
      case 'release':
        return this.#release(client, message.arrays);
      case 'seal':
        return this.#results.sealed(message.arrays.flatMap((id) => client.arrays.get(id) ?? []));
      case 'take':
        return this.#results.answered(client.arrays.get(message.array), message);
      case 'cancel':
        Object.assign(client, { graceMs: message.graceMs, isCancelling: true, hasCancelled: true });
        this.#release(client);
        return this.#resources.tellIdle();
      default:
        throw new ProtocolError(`a client has no business to send '${message.type}'`);
    }
  }

  #release(client: ClientPeer, clientArrays: readonly number[] = [...client.arrays.keys()]): void {
    const arrays = clientArrays.flatMap((clientArray) => client.arrays.get(clientArray)?.id ?? []);
    for (const clientArray of clientArrays) client.arrays.delete(clientArray);
    this.#handle({ type: 'arrays-released', arrays });
    // Arrays of a submission that was refused half way never reached the core, so it cannot forget them.
    for (const array of arrays) if (!this.#core.arrays.has(array)) this.#forget(array);
  }

  #beat(): void {
    for (const { comm } of [...this.#workers.values(), ...this.#clients.values()]) comm.ping();
    this.#tick();
    for (const { client, record } of this.lookout.standstills(performance.now())) {
      client.comm.send({ type: 'logs', records: [record] });
    }
  }

  #tick(): void {
    for (const { id } of this.#seen) this.#handle({ type: 'worker-seen', worker: id });
    this.#seen.clear();
    this.#handle({ type: 'ticked' });
  }

  // Events in, commands out

  #handle(event: Event, freight: Freight = {}): void {
    this.#now = Math.max(this.#now, performance.now());
    const commands = this.#core.handle(event, this.#now);
    this.#recorder?.note(event, this.#now, commands);
    let cargo = freight;
    for (const command of commands) {
      // The crashes that follow were caused by the loss of this worker.
      const silent = command.type === 'close-worker' && this.#workers.get(command.worker)!;
      if (silent) cargo = { lostWorker: givenUp(silent, this.#heartbeatTimeoutMs) };
      this.#perform(command, cargo);
    }
    // Retries are due between the beats as well.
    this.#alarm.setFor(this.#core.nextDue);
  }

  #perform(command: Command, freight: Freight): void {
    switch (command.type) {
      case 'run-chunk':
        return this.#sendChunk(command);
      case 'cancel-chunk':
      case 'recall-chunk':
        return callOff(this.#workers.get(command.worker), command);
      case 'close-worker':
        return this.#giveUp(this.#workers.get(command.worker)!, freight.lostWorker!.reason);
      case 'settled':
        return this.#keep(command.array, freight.told!.message, ranOf(freight.told!));
      case 'declined':
        return this.#pass(command, (array) => noteDecline(array, freight.unbegun ?? freight.told!, command));
      case 'delayed':
        return this.#arrays.get(command.array)!.note(command.index, freight.bytes);
      case 'crashed':
        return this.#keep(command.array, crashedBlock(this.#arrays.get(command.array)!, command, freight.lostWorker));
      case 'stranded':
        return this.#pass(command, (array) => this.lookout.noteStranded(array));
      case 'forgotten':
        return this.#forget(command.array);
      default:
        unreachable(command);
    }
  }

  #sendChunk(command: Extract<Command, { type: 'run-chunk' }>): void {
    const { ranges, attempt, behind } = command;
    const worker = this.#workers.get(command.worker)!;
    const array = this.#arrays.get(command.array)!;
    worker.attempts.set(attempt, { array, ranges, behind, since: this.#now, lastRecords: [] });
    array.client.lastNews = this.#now;
    this.#results.send(worker, array, command);
    this.#brake.checkWorker(worker);
    array.client.comm.send({ type: 'started', array: array.clientArray, count: countIn(ranges) });
  }

  #pass({ array: id }: { readonly array: number }, note: (array: HeldArray) => readonly LogRecord[]): void {
    const array = this.#arrays.get(id)!;
    this.#brake.pass(array, note(array));
  }

  #keep(id: number, { start, count, bytes }: Block, ran?: Ran): void {
    const array = this.#arrays.get(id)!;
    array.client.lastNews = this.#now;
    array.forgetNotes({ start, end: start + count });
    this.#results.settled(array, { start, count, bytes }, ran);
    this.#brake.checkClient(array.client);
  }

  #ended(worker: WorkerPeer, attempt: number): void {
    worker.attempts.delete(attempt);
    this.#handle({ type: 'chunk-ended', worker: worker.id, attempt });
    this.#resources.tellIdle();
  }

  #log(level: LogLevel, message: string): void {
    this.#options.log?.({ time: Date.now(), level, message });
  }

  #forget(id: number): void {
    const array = this.#arrays.get(id);
    this.#arrays.delete(id);
    if (array === undefined) return;
    this.#resources.forgotten(array);
    this.#results.forgotten(array);
    for (const worker of array.workers) worker.line.send({ type: 'forget', array: id });
  }
}
