// What a piscina thread runs: one chunk at a time, reported over one port in order, so that a log line never arrives
// after the outcome that it came before.

import type { Writable } from 'node:stream';
import { parentPort, type MessagePort } from 'node:worker_threads';
import { clearTimeout, setImmediate, setTimeout } from 'node:timers';
import { Script } from 'node:vm';
import { importOnlyForTasks } from '../src/code/load.ts';
import { currentRun } from '../src/engine/context.ts';
import { runChunk } from '../src/engine/task-run/chunk-runner.ts';
import { watchRequests } from '../src/engine/task-run/left-work.ts';
import { hearStray } from '../src/engine/task-run/uncaught.ts';
import { closeResource } from '../src/engine/task-run/resources.ts';
import { attachmentsOf, type Attachments } from '../src/lib/attachments.ts';
import { weightOf } from '../src/lib/chunk.ts';
import { controlOrders, controlWords } from '../src/lib/control.ts';
import { chunkFrom, memoryOf, postedReturn, type Order, type Posted } from '../src/lib/posted.ts';
import { Vigil } from '../src/lib/vigil.ts';
import type { ChunkMessage, ThreadMemory } from '../src/lib/chunk.ts';
import type { Control } from '../src/lib/control.ts';

importOnlyForTasks();
// V8 takes a thread for busy as long as it never made one of the objects that it keeps in C++, as a script is: it then
// wakes the thread every eight seconds for good. One at rest has its heap made smaller twice, and sleeps.
void new Script('');
// Piscina tries `require()` first, which a loader such as tsx turns into another copy of all of Heddle than the one
// that the user's modules import. What waits at its top level cannot be required, so piscina imports it.
await Promise.resolve();
const none: Attachments = new Map();
/** It comes with the first chunk. */
let memory: ThreadMemory;
/** For the next chunk. */
const vigil = new Vigil();
/** Ours, whatever a task may do to the port that it can reach too. */
const post = parentPort!.postMessage.bind(parentPort);

// Reports have no other road: a thread without it shall die and be replaced, rather than leave everybody waiting.
parentPort!.once('close', () => {
  throw new Error('its parentPort was closed, which only Heddle may do');
});

// Of no attempt, since none is to blame for it.
hearStray((record) => post({ attempt: -1, message: { type: 'logs', records: [record] } }));

watchRequests();

/** A chunk that takes no longer is a short one, in milliseconds. */
const shortMs = 1;

/** Of reports, so much may be on its way. */
const mostUntakenKilobytes = 8 * 2 ** 10;
/** Bytes of more than this are moved to the other thread, which only what is posted here can be. */
const copiedBytes = 64 * 1024;
/** Whoever takes what was printed does so at once, unless the whole process is held up. */
const mostPrintingMs = 2_000;
/** Of what is printed, so many bytes may be on their way. */
const mostUntakenBytes = 2 ** 20;

/**
 * Called once. Each order comes when the one before is carried out, which is said over the port of the reports, behind
 * them. A call of piscina for each would say so over another one, perhaps too early.
 */
export default function listenTo(orders: MessagePort): void {
  parentPort!.postMessage = tellOfPosting;
  orders.on('message', (order: Order) => {
    vigil.end();
    const carriedOut = 'closing' in order ? closeInThread(order.closing) : runInThread(order);
    carriedOut.catch((error: Error) => post({ broken: { message: String(error), stack: error.stack } }));
  });
}

/** The flow run that was told of it last. */
let toldOfPosting: string | undefined;

/** In place of what a task calls, as workers of other pools do: nobody hears it, and it is no report of ours. */
function tellOfPosting(): void {
  const run = currentRun();
  if (run === undefined || run.flowRunId === toldOfPosting) return;
  toldOfPosting = run.flowRunId;
  run.logger.warn(
    `task '${run.taskName}' posts messages to its parentPort, where nobody listens: they are lost. Return what ` +
      'others are to have, and say how far it is with context.logger.info().',
  );
}

async function runInThread(posted: Posted): Promise<void> {
  memory = memoryOf(posted) ?? memory;
  const task = { ...chunkFrom(posted), ...memory };
  const { attempt, control } = task;
  const startedAt = performance.now();
  Atomics.store(control, controlWords.begun, 1);
  let isOver = false;
  const send = (message: ChunkMessage) => {
    // What is written later, by what nobody awaited, is none of the next chunk's reports.
    if (!isOver) Atomics.add(control, controlWords.reports, 1);
    const attached = message.type === 'settled' ? attachmentsOf(message.bytes)?.attachments : undefined;
    Atomics.add(control, controlWords.untaken, weightOf(message));
    post({ attempt, message, ...(attached && { attached }) }, [...ownedBy(message), ...movable(attached)]);
    waitForRoom(control);
  };
  const takeLast = await runChunk(task, send);
  // Promises that failed and that nobody awaits end the thread after this turn: while the chunk still can say so.
  await new Promise((resolve) => setImmediate(resolve));
  for (const stream of printed) await stream.untilTaken();
  const last = takeLast();
  const isLastReturned = last.every(isCopied);
  if (!isLastReturned) for (const message of last) send(message);
  isOver = true;
  // After a long one, others may need the core more.
  if (performance.now() - startedAt < shortMs) vigil.begin();
  post({ attempt, returned: postedReturn(isLastReturned ? last : []) });
}

/**
 * What was printed to one of the two streams. Node itself posts the first piece, and keeps all others until that is
 * taken, which a thread that is kept busy never hears: so each is posted as it comes, while there is room for it.
 */
class Printed {
  #untakenBytes = 0;
  #taken = Promise.withResolvers<void>();
  /** Whether somebody takes what is printed: it is lost in any case when the output of the process is closed. */
  #isHeard = true;

  constructor(stream: Writable) {
    const post = stream._writev?.bind(stream);
    if (post === undefined) return;
    stream._writev = (pieces, done) => {
      const bytes = pieces.reduce((sum, { chunk }) => sum + (chunk as string | Uint8Array).length, 0);
      const isKept = this.#untakenBytes > mostUntakenBytes;
      if (this.#untakenBytes === 0) this.#taken = Promise.withResolvers();
      this.#untakenBytes += bytes;
      post(pieces, (error) => {
        this.#untakenBytes -= bytes;
        if (this.#untakenBytes === 0) this.#taken.resolve();
        if (isKept) done(error);
      });
      if (!isKept) done();
    };
  }

  /** Who hears that all is over may end this thread, and with it what was printed and not taken yet. */
  async untilTaken(): Promise<void> {
    if (this.#untakenBytes === 0 || !this.#isHeard) return;
    const { promise, resolve } = this.#taken;
    const timer = setTimeout(() => {
      this.#isHeard = false;
      resolve();
    }, mostPrintingMs);
    await promise;
    clearTimeout(timer);
  }
}

const printed = [process.stdout, process.stderr].map((stream) => new Printed(stream));

/** What is reported faster than it is taken would fill all memory on its way: so whoever reports waits. */
function waitForRoom(control: Control): void {
  let untaken = Atomics.load(control, controlWords.untaken);
  if (untaken <= mostUntakenKilobytes) return;
  // As while a resource is opened nothing runs, so that no timeout counts the time.
  const opening = Atomics.exchange(control, controlWords.opening, 1);
  // Whoever is told to stop does not wait for others.
  while (untaken > mostUntakenKilobytes && Atomics.load(control, controlWords.order) !== controlOrders.cancel) {
    Atomics.wait(control, controlWords.untaken, untaken, 100);
    untaken = Atomics.load(control, controlWords.untaken);
  }
  Atomics.store(control, controlWords.opening, opening);
}

function isCopied(message: ChunkMessage): boolean {
  if (message.type !== 'settled') return true;
  return message.bytes.byteLength <= copiedBytes && attachmentsOf(message.bytes) === undefined;
}

async function closeInThread(closing: string): Promise<void> {
  await closeResource(closing, (message) => post({ closing, message }));
  for (const stream of printed) await stream.untilTaken();
  post({ closing, message: { type: 'ended' } });
}

function movable(attached: Attachments = none): ArrayBuffer[] {
  return [...attached.values()].filter((memory) => memory instanceof ArrayBuffer);
}

/** Bytes that were made for this message alone move to the other thread without a copy. */
function ownedBy(message: ChunkMessage): ArrayBuffer[] {
  if (message.type !== 'settled' || message.bytes.byteLength !== message.bytes.buffer.byteLength) return [];
  return [message.bytes.buffer as ArrayBuffer];
}
