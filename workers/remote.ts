// A standalone worker process: joins a scheduler over a WebSocket, runs chunks on threads, comes back for ever when the
// connection is lost, and leaves in an orderly way on SIGTERM, or when whoever started it says so or is gone. This main
// thread runs no user code, so it always answers.

import { addAbortListener } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as inFolder } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import type { TlsOptions } from '../src/comm/tls.ts';
import { connect } from '../src/comm/ws.ts';
import { BundleStore } from '../src/code/bundle/bundle-store.ts';
import { formatBytes } from '../src/lib/byte-size.ts';
import { formatDuration } from '../src/lib/duration.ts';
import { HeddleError } from '../src/lib/heddle-error.ts';
import { describeTraits, type Traits } from '../src/lib/placing.ts';
import { plural } from '../src/lib/plural.ts';
import { version } from '../src/lib/version.ts';
import { decodeToWorker } from '../src/protocol/codec.ts';
import type { FromWorker, ToWorker } from '../src/protocol/messages.ts';
import { join } from '../src/worker/join.ts';
import { isFull, isGrowthGiven, MemoryWatch } from '../src/worker/memory-watch.ts';
import { ThreadPool } from '../src/worker/thread-pool.ts';
import type { Worker } from '../src/worker/worker.ts';

export interface RemoteWorkerOptions {
  /** Of the scheduler: `ws://host:port`. */
  readonly url: string;
  readonly token: string;
  readonly tls?: TlsOptions | undefined;
  readonly name: string;
  readonly threads: number;
  /** What tasks may need of it. */
  readonly has: Traits;
  /** Megabytes of heap for each thread. */
  readonly memoryLimitMb: number | undefined;
  /** What the process may take, in bytes. */
  readonly memoryLimitBytes: number;
  /** Where code that is sent is kept; without it, none is taken, and tasks are imported from this machine's files. */
  readonly codeDirectory: string | undefined;
  /** How long running tasks are given to finish when it is told to end, in milliseconds. */
  readonly drainMs: number;
  /** Aborted, with the reason as a text, when it is to end; SIGTERM tells it so too, and Ctrl-C where it gets that. */
  readonly signal?: AbortSignal;
  readonly say: (line: string) => void;
}

/** Of code on this disk. */
const bundleLimitBytes = 2 ** 29;
const memoryLookMs = 500;
const firstRetryMs = 100;
const lastRetryMs = 10_000;
/** What trying again cannot mend: somebody has to change something here. */
const fatal = new Set([
  'WRONG_TOKEN',
  'VERSION_MISMATCH',
  'NOT_A_HEDDLE_ADDRESS',
  'CERTIFICATE_NOT_TRUSTED',
  'CERTIFICATE_OF_ANOTHER_HOST',
  'CLIENT_CERTIFICATE_REFUSED',
]);

/**
 * Serves until it is told to end, and then resolves. Rejects, at any time, with what trying again cannot mend:
 * `WRONG_TOKEN`, `VERSION_MISMATCH`, `BAD_ADDRESS`, `BAD_TOKEN`, `NOT_A_HEDDLE_ADDRESS`, or that a certificate is not
 * the right one.
 */
export async function serve(options: RemoteWorkerOptions): Promise<void> {
  const asked = new AbortController();
  const leave = (signal: NodeJS.Signals) => asked.abort(`got ${signal}`);
  process.once('SIGTERM', leave);
  // On Windows all that share a console get its Ctrl-C, which is meant for the program that has started this one.
  if (process.platform === 'win32' && options.signal !== undefined) process.on('SIGINT', () => {});
  else process.once('SIGINT', leave);
  const leaving = AbortSignal.any([asked.signal, ...(options.signal === undefined ? [] : [options.signal])]);
  const { code, how } = codeIn(options.codeDirectory);
  options.say(`Heddle ${version}, Node ${process.versions.node}, process ${process.pid}; it ${how}`);
  // Whoever read what is written here may be gone. To die of that would be to wait for threads, which may not end.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  const pools = new Set<ThreadPool>();
  using _ends = every(memoryLookMs, () => endIfLost(pools, options));
  let lastProblem = '';
  for (let retryMs = firstRetryMs; ; retryMs = Math.min(lastRetryMs, 2 * retryMs)) {
    const problem = await serveOnce(options, { leaving, pools, code });
    for (const pool of pools) if (pool.stuckThreads === 0) pools.delete(pool);
    if (leaving.aborted) break;
    if (problem === undefined) retryMs = firstRetryMs;
    else if (problem !== lastProblem)
      options.say(`${problem}; trying again for ever, at least every ${formatDuration(lastRetryMs)}; Ctrl-C ends it`);
    lastProblem = problem ?? '';
    await delay(retryMs, undefined, { signal: leaving }).catch(() => {});
  }
  if (isStuck(pools)) endByForce(options.say, notEnding);
}

/** Where code is kept that it is sent, and how to say that. Containers often have but one folder to write to. */
function codeIn(directory: string | undefined): { readonly code: BundleStore | undefined; readonly how: string } {
  if (directory === undefined) return { code: undefined, how: 'imports its own files' };
  const code = new BundleStore({ directory, limitBytes: bundleLimitBytes });
  const problem = code.problem();
  if (problem === undefined) return { code, how: `keeps code in ${directory}` };
  const cannot = `cannot keep code in ${directory}: ${problem}`;
  try {
    const own = mkdtempSync(inFolder(tmpdir(), 'heddle-code-'));
    process.once('exit', () => rmSync(own, { recursive: true, force: true }));
    const elsewhere = new BundleStore({ directory: own, limitBytes: bundleLimitBytes });
    return { code: elsewhere, how: `${cannot}; until it ends it does so in ${own}` };
  } catch {
    const remedy = 'It runs only tasks whose modules it has; HEDDLE__CODE__DIRECTORY names another folder';
    return { code, how: `${cannot}, nor in ${tmpdir()}. ${remedy}` };
  }
}

interface Stay {
  readonly leaving: AbortSignal;
  /** What it was sent; nothing, if it takes no code. */
  readonly code: BundleStore | undefined;
  /** All that may have threads; those of earlier stays have some that do not end. */
  readonly pools: Set<ThreadPool>;
}

/** One connection, from its opening to its end. Gives the reason when the scheduler did not let us in. */
async function serveOnce(options: RemoteWorkerOptions, stay: Stay): Promise<string | undefined> {
  const { leaving, pools } = stay;
  const { url, threads, has, memoryLimitMb, say } = options;
  const pool = new ThreadPool({ threads, memoryLimitMb, ownsInputs: true });
  pools.add(pool);
  let worker: Worker;
  try {
    worker = await enter(pool, options, stay);
  } catch (error) {
    await pool[Symbol.asyncDispose]();
    if (leaving.aborted) {
      say(`${String(leaving.reason)}, while it waited for the scheduler of ${url}`);
      return undefined;
    }
    if (!(error instanceof HeddleError) || fatal.has(error.code)) throw error;
    return error.message;
  }
  const limit = memoryLimitMb === undefined ? '' : ` of at most ${memoryLimitMb} MB`;
  const more = has.resources.length + has.labels.length === 0 ? '' : `, and ${describeTraits(has)}`;
  say(`joined ${url} as '${worker.name}' with ${plural(threads, 'thread')}${limit}${more}`);
  const left = Promise.withResolvers<Leaving>();
  using _looks = watchMemory({ worker, pool }, options, (why) => left.resolve({ why }));
  using _ = addAbortListener(leaving, () => left.resolve({ why: String(leaving.reason) }));
  const reason = await Promise.race([worker.closed, left.promise]);
  if (typeof reason === 'string') say(`left ${url}: ${reason}`);
  else await drain(worker, options, reason);
  await worker[Symbol.asyncDispose]();
  return undefined;
}

async function enter(pool: ThreadPool, options: RemoteWorkerOptions, { leaving, code }: Stay): Promise<Worker> {
  const { url, token, tls, name, has } = options;
  const comm = await connect<ToWorker, FromWorker>({ url, token, tls, decode: decodeToWorker, signal: leaving });
  try {
    await pool.start();
    leaving.throwIfAborted();
  } catch (error) {
    void comm.close('the worker cannot join');
    throw error;
  }
  // Once it has said hello it may have work, which would count as lost: who is told to end now joins, and then goes.
  return await join(comm, pool, { name, has, code });
}

const notEnding = 'a thread is in a native call, or a loop of built-in functions, that nothing can interrupt';

function isStuck(pools: ReadonlySet<ThreadPool>): boolean {
  return [...pools].some(({ stuckThreads }) => stuckThreads > 0);
}

/** Nobody else gets back the memory that a thread keeps which does not end. */
function endIfLost(pools: ReadonlySet<ThreadPool>, { memoryLimitBytes, say }: RemoteWorkerOptions): void {
  const bytes = takenBytes();
  if (bytes === undefined || !isFull(bytes, memoryLimitBytes) || !isStuck(pools)) return;
  endByForce(say, `${muchOf(bytes, memoryLimitBytes)}, and ${notEnding}`);
}

/** What this process takes; nothing while the system does not say, as when it may open no more files. */
function takenBytes(): number | undefined {
  try {
    return process.memoryUsage.rss();
  } catch {
    return undefined;
  }
}

function muchOf(bytes: number, limitBytes: number): string {
  return `${formatBytes(bytes)} of ${formatBytes(limitBytes)} are taken`;
}

/** Any other end of a process waits for its threads. */
function endByForce(say: (line: string) => void, why: string): void {
  say(`${why}: this process ends by force; a program that it waits for goes on`);
  process.kill(process.pid, 'SIGKILL');
}

/** It goes by itself, rather than be sent away. */
interface Leaving {
  readonly why: string;
}

interface Watched {
  readonly worker: Worker;
  readonly pool: ThreadPool;
}

/** Now, and from time to time until it is disposed. `leave` is called when threads are to be started anew. */
function watchMemory(
  watched: Watched,
  { memoryLimitBytes, say }: RemoteWorkerOptions,
  leave: (why: string) => void,
): Disposable {
  const watch = new MemoryWatch(memoryLimitBytes);
  let hadRoom: boolean | undefined;
  const look = () => {
    if (lookAtMemory(watch, watched, say)) leave('threads are started anew, to free memory');
    if (watch.hasRoom !== hadRoom) setHeapGrowth(watch.hasRoom ? largestGrowth : ownGrowth);
    hadRoom = watch.hasRoom;
  };
  look();
  return every(memoryLookMs, look);
}

/** Tells the scheduler, and frees memory where there is too little. Whether to start threads anew. */
function lookAtMemory(watch: MemoryWatch, { worker, pool }: Watched, say: (line: string) => void): boolean {
  const { limitBytes: memoryLimitBytes, isPaused: wasPaused } = watch;
  const memoryBytes = takenBytes();
  if (memoryBytes === undefined) return false;
  const verdict = watch.look({ bytes: memoryBytes, isBusy: worker.isBusy });
  const { isPaused } = watch;
  if (watch.isToTell()) worker.tellVitals({ memoryBytes, memoryLimitBytes, isPaused });
  const much = muchOf(memoryBytes, memoryLimitBytes);
  if (isPaused !== wasPaused) say(isPaused ? `${much}: it begins nothing more for now` : `${much}: it goes on`);
  if (verdict === 'end-newest') {
    say(`${much}: what it has begun last is ended`);
    pool.endNewest({ kind: 'worker-memory', memoryBytes, memoryLimitBytes });
  }
  return verdict === 'start-anew';
}

/** In percent of what lives in a heap: the most that V8 chooses itself. */
const largestGrowth = 300;
/** V8 chooses. */
const ownGrowth = 0;

/**
 * V8 looks for garbage each time that about as much was allocated as lives in a heap, and counts with that what typed
 * arrays hold. Large ones pass through the small heaps of a worker, so it would do so for each of them, in half of the
 * processor time. So a heap may grow to four times what lives in it, while there is room. Who started this process may
 * have said it better.
 */
function setHeapGrowth(percent: number): void {
  if (!isGrowthGiven(process.execArgv)) setFlagsFromString(`--heap-growing-percent=${percent}`);
}

function every(milliseconds: number, call: () => void): Disposable {
  const timer = setInterval(call, milliseconds);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

async function drain(worker: Worker, { drainMs, say }: RemoteWorkerOptions, { why }: Leaving): Promise<void> {
  const rest = worker.isBusy ? `finishing what runs, for at most ${formatDuration(drainMs)}` : 'nothing is running';
  say(`${why}: ${rest}`);
  await worker.drain(drainMs);
}
