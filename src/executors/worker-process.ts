// A program that is a worker: what it is to join is said over its standard input, and when that ends, so does it. So it
// is gone with this process, however this process ends, and the token is in no process list.

import { spawn, type ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { HeddleError } from '../lib/heddle-error.ts';
import { inheritedArguments } from '../lib/inherited-arguments.ts';
import { traitArguments } from '../lib/placing.ts';
import { tellLine } from '../lib/standard-error.ts';
import type { WorkerSize } from './worker-size.ts';
import type { LaunchedWorker, StartWorker } from './workforce.ts';

export interface WorkerProgram {
  /** What the worker is to join as; for messages. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Hears each line that it writes to standard error. */
  readonly hear?: (line: string) => void;
  /** Says more about its end than how it ended, if more can be said. */
  readonly diagnose?: (end: ProgramEnd) => Error | undefined;
}

/** How a program ended, and the last lines that it wrote to standard error. */
export interface ProgramEnd {
  readonly exitCode: number | undefined;
  readonly how: string;
  readonly lastLines: readonly string[];
}

const heddle = fileURLToPath(new URL('../cli/heddle.js', import.meta.url));
const keptLines = 20;
/** What a worker says itself, which its cluster tells in words of its own. */
const ownLine = /^(?:\d{4}-\d\d-\d\dT[\d:.]+Z heddle \| |heddle: )/;
/** From being told to end to being ended. */
const endGraceMs = 5_000;
/** From its end to that of what it wrote, which comes at once unless somebody else may still write there. */
const lastLinesMs = 1_000;

/** Workers that are processes of this machine. They import the files that are here. */
export function onThisMachine(address: { url: string; token: string }, size: WorkerSize): StartWorker {
  return (_, name): LaunchedWorker => {
    const args = [...inheritedArguments(process.execArgv), heddle, ...workerArguments(name, size), '--code', 'module'];
    const worker = new WorkerProcess({ name, command: process.execPath, args, hear: passOn });
    worker.tell(address);
    return worker;
  };
}

/** Of `heddle`, for a worker that a program starts, and that nothing but the end of its cluster stops in its work. */
export function workerArguments(name: string, { threads, memoryLimit, processBytes, has }: WorkerSize): string[] {
  const heap = memoryLimit === undefined ? [] : ['--thread-memory', String(memoryLimit)];
  const memory = processBytes === undefined ? [] : ['--memory-limit', `${processBytes}B`];
  const size = ['--threads', String(threads), ...heap, ...memory];
  return ['worker', '--attached', '--name', name, '--drain', '1000d', ...size, ...traitArguments(has)];
}

export class WorkerProcess implements LaunchedWorker {
  readonly ended: Promise<Error | undefined>;
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  #isToEnd = false;

  constructor(program: WorkerProgram) {
    const { command, args } = program;
    // On a terminal, the progress of a flow run gives way only to what this process writes.
    const ofStdout = process.stdout.isTTY ? 'pipe' : 'inherit';
    // In a group of its own: Ctrl-C is meant for this process, which then says what becomes of its workers. On Windows
    // that would be without the console, to which what tasks print goes; there they ignore Ctrl-C.
    const detached = process.platform !== 'win32';
    this.#child = spawn(command, args, { detached, stdio: ['pipe', ofStdout, 'pipe'] });
    this.ended = this.#end(program);
    // There are no streams where no file was left to open.
    const { stdin, stdout, stderr } = this.#child;
    stdin?.on('error', () => {});
    stdout?.on('data', (bytes: Buffer) => process.stdout.write(bytes));
    // Whoever waits for a worker keeps this process alive. When nobody does, it ends, and its workers with it.
    for (const each of [this.#child, stdin, stdout, stderr]) (each as Socket | ChildProcess | undefined)?.unref();
    if (!stderr) return;
    createInterface({ input: stderr }).on('line', (line) => {
      this.#lines.push(line);
      if (this.#lines.length > keptLines) this.#lines.shift();
      program.hear?.(line);
    });
  }

  /** To be called once. */
  tell(order: { readonly url: string; readonly token: string }): void {
    this.#child.stdin?.write(`${JSON.stringify(order)}\n`);
  }

  leave(): void {
    this.#isToEnd = true;
    this.#child.stdin?.end();
  }

  async end(): Promise<void> {
    this.leave();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), endGraceMs);
    await this.ended;
    clearTimeout(timer);
  }

  async #end({ name, diagnose }: WorkerProgram): Promise<Error | undefined> {
    const { promise, resolve } = Promise.withResolvers<ProgramEnd>();
    const end = (exitCode: number | null, how: string | null) => {
      const lastLines = this.#lines;
      resolve({ exitCode: exitCode ?? undefined, how: how ?? `exit code ${exitCode}`, lastLines });
    };
    let waiting: NodeJS.Timeout | undefined;
    this.#child.once('error', (error) => end(null, error.message));
    this.#child.once('exit', (code, signal) => {
      // What its tasks started and left behind. It may hold on to our end of a pipe, too, and have left the group.
      endGroup(this.#child.pid!);
      // If we were busy all the time, what it wrote is read first.
      waiting = setTimeout(() => setImmediate(end, code, signal), lastLinesMs);
    });
    this.#child.once('close', end);
    const ended = await promise;
    clearTimeout(waiting);
    if (this.#isToEnd) return undefined;
    return diagnose?.(ended) ?? endedError(name, ended);
  }
}

/** What tasks, and the programs that they start, write to standard error is seen as if they ran here. */
export function passOn(line: string): void {
  if (!ownLine.test(line)) tellLine(line);
}

function endGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // Nobody is left of it.
  }
}

function endedError(name: string, end: ProgramEnd): HeddleError {
  const { lastLines, exitCode } = end;
  const how = `${end.how}${guess(end)}`;
  const words = lastLines.length === 0 ? 'it said nothing' : `its last words were:\n  ${lastLines.join('\n  ')}`;
  const facts = { worker: name, exitCode, cause: new Error(`its process ended (${how})`) };
  return new HeddleError('WORKER_ENDED', `worker ${name} ended (${how}); ${words}`, facts);
}

/** What lies behind it, where that can be told. */
function guess({ how, lastLines }: ProgramEnd): string {
  const [fatal] = lastLines.flatMap((line) => /^FATAL ERROR: (.+)/.exec(line)?.[1] ?? []);
  if (fatal !== undefined) return `: ${fatal}${/heap/.test(fatal) ? '; see memoryLimit' : ''}`;
  return how === 'SIGKILL'
    ? ', as the system does it when memory is short: look into its log, and see workerMemory'
    : '';
}
