// What the scheduler's shell knows of its peers: the workers and clients at the other ends of its comms.

import { byteLengthOf } from '../lib/attachments.ts';
import type { Loss } from '../lib/chunk.ts';
import type { LogRecord } from '../lib/log-record.ts';
import { formatDuration } from '../lib/duration.ts';
import { plural } from '../lib/plural.ts';
import { version } from '../lib/version.ts';
import { rangeOf, type Range } from '../lib/range.ts';
import type { Comm } from '../comm/comm.ts';
import type { Watch } from '../comm/watch.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import {
  protocolVersion,
  type ArrayDefinition,
  type FromPeer,
  type FromWorker,
  type Hello,
  type Submission,
  type ToClient,
  type ToPeer,
  type ToWorker,
} from '../protocol/messages.ts';
import { BlockStore } from './block-store.ts';
import type { ArraySpec, Attempt, Command } from './events.ts';
import { Line } from './line.ts';
import type { HeldBlock } from './result-memory.ts';

/** How an index was lost, where, and what it last wrote into the log. */
export interface LatestLoss {
  readonly loss: Loss;
  readonly worker: string;
  readonly lastLines: readonly string[];
}

interface RetryNote {
  readonly index: number;
  readonly bytes: Uint8Array | undefined;
  readonly isTimedOut: boolean;
}

/** An array with its bytes and its client. `id` is the scheduler's own; `clientArray` is the client's id for it. */
export class HeldArray {
  readonly id: number;
  readonly client: ClientPeer;
  readonly clientArray: number;
  readonly submission: Omit<Submission, 'given'>;
  /** The indices that were settled when it was submitted. */
  readonly given: readonly Range[];
  readonly givenBytes: number;
  readonly elementwise: readonly HeldArray[];
  readonly whole: readonly HeldArray[];
  /** The client will submit no more dependents of it. */
  isSealed = false;
  /** The outcomes that are held: those that nobody needs any more are dropped. */
  readonly blocks = new BlockStore<HeldBlock>();
  /** What indices that asked to be run again are to be told then, until they settle. */
  readonly #notes = new Map<number, RetryNote>();
  /** The latest loss of each index that was lost. */
  readonly losses = new Map<number, LatestLoss>();
  /** It was told that nobody can run it, and why. */
  isInabilityTold = false;
  /** The workers that have its definition; with when it is read, and to be sent or not, if part of it was on disk. */
  readonly definedOn = new Map<WorkerPeer, Promise<void> | undefined>();
  /** The workers that have all its outcomes, for what needs it whole. */
  readonly wholeOn = new Set<WorkerPeer>();

  constructor(id: number, client: ClientPeer, { given = [], ...submission }: Submission) {
    this.id = id;
    this.client = client;
    this.clientArray = submission.array;
    this.submission = submission;
    this.given = given.map(rangeOf);
    this.givenBytes = given.reduce((sum, { bytes }) => sum + byteLengthOf(bytes), 0);
    this.elementwise = submission.elementwise.map((array) => upstream(client, submission, array));
    this.whole = submission.whole.map((array) => upstream(client, submission, array));
    assertFits(this, this.elementwise);
  }

  /** What workers are told of it. */
  get definition(): ArrayDefinition {
    const { name, length, definition, timeoutMs, code } = this.submission;
    const [elementwise, whole] = [idsOf(this.elementwise), idsOf(this.whole)];
    const facts = { array: this.id, name, length, definition, elementwise, whole };
    return { ...facts, ...(timeoutMs !== undefined && { timeoutMs }), ...(code !== undefined && { code }) };
  }

  /** The workers that have anything of it to forget. */
  get workers(): ReadonlySet<WorkerPeer> {
    return new Set([...this.definedOn.keys(), ...this.wholeOn]);
  }

  workerLeft(worker: WorkerPeer): void {
    this.definedOn.delete(worker);
    this.wholeOn.delete(worker);
  }

  /** Keeps what an index is to be told when it runs again; without bytes, that it has timed out. */
  note(index: number, bytes: Uint8Array | undefined): void {
    const before = this.#notes.get(index)?.bytes;
    this.#notes.set(index, { index, bytes: bytes ?? before, isTimedOut: bytes === undefined });
  }

  notesWithin(range: Range): RetryNote[] {
    const notes: RetryNote[] = [];
    for (const index of this.#notedWithin(range)) notes.push(this.#notes.get(index)!);
    return notes;
  }

  forgetNotes(range: Range): void {
    for (const index of this.#notedWithin(range)) this.#notes.delete(index);
  }

  /** Looks through the range or through the notes, whichever is shorter. */
  #notedWithin({ start, end }: Range): number[] {
    if (this.#notes.size === 0) return [];
    if (this.#notes.size < end - start) return [...this.#notes.keys()].filter((index) => index >= start && index < end);
    const noted: number[] = [];
    for (let index = start; index < end; index += 1) if (this.#notes.has(index)) noted.push(index);
    return noted;
  }
}

function idsOf(arrays: readonly HeldArray[]): number[] {
  return arrays.map(({ id }) => id);
}

export interface ClientPeer {
  readonly type: 'client';
  readonly id: string;
  /** The name of its flow run, which another client may have as well. */
  readonly name: string;
  /** If a task of another flow run started this one: the name of that flow run. */
  readonly within: string | undefined;
  /** When it came, in milliseconds since 1970. */
  readonly since: number;
  readonly comm: Comm<FromPeer, ToClient>;
  /** Notices when it is silent for too long. */
  readonly watch: Watch;
  readonly arrays: Map<number, HeldArray>;
  /** When something of this client last started or settled, or when it came; by `performance.now`. */
  lastNews: number;
  /** The kinds of news that it was told and is told only once, such as reasons for a standstill. */
  readonly told: Set<string>;
  /** Workers that were unable to run something of it, by its modules, with why. */
  readonly unableWorkers: Map<string, Map<string, string>>;
  /** How long running functions are given to end by themselves when this client cancels, in milliseconds. */
  graceMs: number;
  /** It does not take what it is sent as fast as that comes. */
  hasEnough: boolean;
  /** It was told that its run cannot go on: nothing more of it is run. */
  hasFailed: boolean;
  /** It waits to hear that nothing of it runs any more. */
  isCancelling: boolean;
  /** It has cancelled: what it had submitted before, and comes later because it is big, is not taken. */
  hasCancelled: boolean;
}

type Importing = Extract<FromWorker, { type: 'importing' }>;

export interface WorkerPeer {
  readonly type: 'worker';
  readonly id: string;
  /** For people. No other worker that is here has the same. */
  readonly name: string;
  readonly threads: number;
  /** When it joined, in milliseconds since 1970. */
  readonly since: number;
  /** What its process takes, as it last said; absent until it has. */
  memoryBytes?: number;
  memoryLimitBytes?: number;
  lacksMemory: boolean;
  /** Its connection is gone: it gets nothing more, while somebody finds out why. */
  isLost: boolean;
  readonly comm: Comm<FromPeer, ToPeer>;
  /** What it is sent goes over this one, in order. */
  readonly line: Line<ToWorker>;
  /** It does not take what it is sent as fast as that comes. */
  hasEnough: boolean;
  /** What it was given to run, until it says that the attempt is over. */
  readonly attempts: Map<number, Assignment>;
  /** When it last gave a sign of life; by `performance.now`. */
  lastSeen: number;
}

/** A dispatch of some indices of an array. `since` is by `performance.now`. */
export interface Assignment {
  readonly array: HeldArray;
  readonly ranges: readonly Range[];
  readonly since: number;
  /** The attempt whose thread it gets once that is over. */
  readonly behind: Attempt | undefined;
  /** Its latest log records. */
  lastRecords: readonly LogRecord[];
  /** The module that its thread is importing for it, if it is. */
  importing?: string | undefined;
}

const defaultGraceMs = 5_000;
/** A hello may have been on its way for seconds. */
const toldClockMs = 30_000;

export function newClient(
  id: string,
  comm: Comm<FromPeer, ToPeer>,
  { name, within }: Hello,
): Omit<ClientPeer, 'watch'> {
  const facts = { id, name, within, comm, since: Date.now(), lastNews: performance.now() };
  const nothing = {
    arrays: new Map<number, HeldArray>(),
    told: new Set<string>(),
    unableWorkers: new Map<string, Map<string, string>>(),
    hasEnough: false,
    hasFailed: false,
    isCancelling: false,
    hasCancelled: false,
  };
  return { type: 'client', ...facts, ...nothing, graceMs: defaultGraceMs };
}

export function newWorker(id: string, comm: Comm<FromPeer, ToPeer>, { name, threads }: Hello): WorkerPeer {
  const line = new Line<ToWorker>((message) => comm.send(message));
  return {
    type: 'worker',
    id,
    name,
    threads,
    comm,
    line,
    hasEnough: false,
    lacksMemory: false,
    isLost: false,
    since: Date.now(),
    attempts: new Map(),
    lastSeen: performance.now(),
  };
}

/** The name, with a number behind it if another worker has it: in a log, two could not be told apart. */
export function freeName(name: string, workers: ReadonlyMap<string, WorkerPeer>): string {
  const isTaken = (wanted: string) => workers.values().some((worker) => worker.name === wanted);
  let free = name;
  for (let number = 2; isTaken(free); number += 1) free = `${name}-${number}`;
  return free;
}

/** The message about a worker that has joined. `itself` is what it said of itself. */
export function describeJoined({ name, threads, comm, since }: WorkerPeer, itself: Hello): string {
  const renamed = name === itself.name ? '' : `; another one is called ${itself.name} as well`;
  const clock = clockOff((itself.time ?? since) - since);
  return `worker ${name} joined from ${comm.peer} with ${plural(threads, 'thread')}${renamed}${clock}`;
}

function clockOff(aheadMs: number): string {
  if (Math.abs(aheadMs) < toldClockMs) return '';
  const how = `${formatDuration(Math.abs(aheadMs))} ${aheadMs < 0 ? 'behind' : 'ahead of'} that of the scheduler`;
  const remedy = 'have the clocks of both set by NTP';
  return `; its clock is ${how}, and so are times in its lines of the log and of its retries: ${remedy}`;
}

/** A peer that was not let in, and was told why. */
export interface RefusedPeer {
  readonly news: string;
  /** The same for all peers that are refused for the same reason. */
  readonly kind: string;
  readonly isWorker: boolean;
}

/** If a peer with this `Hello` cannot be let in, tells it why, and closes. */
export function refusedFor({ role, name, ...theirs }: Hello, comm: Comm<FromPeer, ToPeer>): RefusedPeer | undefined {
  if (theirs.protocol === protocolVersion && theirs.heddle === version) return undefined;
  const kind = `Heddle ${theirs.heddle} (protocol ${theirs.protocol})`;
  const message =
    `'${name}' runs ${kind}, the scheduler runs Heddle ${version} (protocol ${protocolVersion}). Install the same ` +
    `package at both ends.`;
  comm.send({ type: 'refused', code: 'VERSION_MISMATCH', message });
  void comm.close(message);
  return { news: `refused a ${role} from ${comm.peer}: ${message}`, kind, isWorker: role === 'worker' };
}

/** Tells a worker to end an attempt, or to begin nothing more of it. */
export function callOff(worker: WorkerPeer | undefined, { type, attempt }: CallOff): void {
  const array = worker?.attempts.get(attempt)?.array;
  if (worker === undefined || array === undefined) return;
  const { id, client } = array;
  if (type === 'recall-chunk') worker.line.send({ type: 'recall', array: id, attempt });
  else worker.line.send({ type: 'cancel', array: id, attempt, graceMs: client.graceMs });
}

type CallOff = Extract<Command, { type: 'cancel-chunk' | 'recall-chunk' }>;

export function sendLogs({ client, clientArray }: HeldArray, records: readonly LogRecord[]): void {
  client.comm.send({ type: 'logs', array: clientArray, records });
}

/** To be called when a worker says that it begins to import a module, or has done so. */
export function noteImport({ attempts }: WorkerPeer, { attempt, module }: Importing): void {
  const assignment = attempts.get(attempt);
  if (assignment !== undefined) assignment.importing = module;
}

/** Whether some worker has something of this client's to run. */
export function isBusyFor(client: ClientPeer, workers: ReadonlyMap<string, WorkerPeer>): boolean {
  return workers.values().some((worker) => hasSomethingOf(client, worker));
}

export function hasSomethingOf(client: ClientPeer, { attempts }: WorkerPeer): boolean {
  return attempts.values().some(({ array }) => array.client === client);
}

type WorkersNews = Pick<Extract<ToClient, { type: 'workers' }>, 'joined' | 'lost'>;

/** Tells clients how many workers and threads there are, and which one joined or was lost. */
export function tellOfWorkers(
  clients: Iterable<ClientPeer>,
  workers: ReadonlyMap<string, WorkerPeer>,
  newsFor: (client: ClientPeer) => WorkersNews = () => ({}),
): void {
  const threads = [...workers.values()].reduce((sum, worker) => sum + worker.threads, 0);
  const message = { type: 'workers', workers: workers.size, threads } as const;
  for (const client of clients) client.comm.send({ ...message, ...newsFor(client) });
}

/** What the core is told of an array. Events are recorded, so nothing that only the engine may open is in it. */
export function specOf(
  { id, client, submission, given, givenBytes, elementwise, whole }: HeldArray,
  { concurrency: usual = 1 }: { readonly concurrency?: number },
): ArraySpec {
  const { length, priority, concurrency = usual, needs, limits, allowedFailures, crashesWhenLost, code } = submission;
  return {
    array: id,
    client: client.id,
    length,
    elementwise: elementwise.map((upstream) => upstream.id),
    whole: whole.map((upstream) => upstream.id),
    given,
    givenBytes,
    priority,
    concurrency,
    ...(needs && { needs }),
    ...(limits && { limits }),
    ...(allowedFailures !== undefined && { allowedFailures }),
    ...(crashesWhenLost && { crashesWhenLost }),
    ...(code && { loadedAs: code.module }),
  };
}

function upstream(client: ClientPeer, submission: Pick<Submission, 'array'>, array: number): HeldArray {
  const held = client.arrays.get(array);
  if (held !== undefined) return held;
  throw new ProtocolError(`array ${submission.array} needs array ${array}, which was never submitted or is released`);
}

function assertFits({ clientArray, submission, given }: HeldArray, elementwise: readonly HeldArray[]): void {
  const { length } = submission;
  for (const { clientArray: needed, submission: upstream } of elementwise) {
    if (upstream.length >= length) continue;
    throw new ProtocolError(
      `array ${clientArray} of ${length} needs array ${needed} of ${upstream.length} elementwise`,
    );
  }
  let next = 0;
  for (const { start, end } of given) {
    if (start < next || end <= start || end > length) {
      const message = `the blocks given for array ${clientArray} are not ordered parts of its ${length} indices`;
      throw new ProtocolError(message);
    }
    next = end;
  }
}
