import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { once as onlyOnce } from '../../src/lib/once.ts';
import type { LaunchedWorker } from 'heddle/executors';

/**
 * One for all the worker processes of a test file: what one of them was sent, the others have. Threads that import the
 * file to find its tasks make none, since nobody would remove it when they are ended.
 */
const sharedCode = onlyOnce(() => {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-code-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
});

const command = fileURLToPath(new URL('../../src/cli/heddle.js', import.meta.url));

interface Place {
  /** The program that runs it: this very Node, if not given. */
  readonly node?: string;
  readonly folder?: string;
  readonly codeDirectory?: string;
  /** More of its environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A real `heddle …` in a process of its own, and what it says on standard error. */
export class CommandProcess implements AsyncDisposable {
  readonly lines: string[] = [];
  readonly #child: ChildProcess;
  readonly #exited: Promise<[code: number | null, signal: NodeJS.Signals | null]>;
  #news = Promise.withResolvers<void>();
  #hasExited = false;

  constructor(
    args: readonly string[],
    token: string,
    { node = process.execPath, folder, codeDirectory = sharedCode(), env: more }: Place = {},
  ) {
    const env = { ...process.env, HEDDLE__CODE__DIRECTORY: codeDirectory, HEDDLE_TOKEN: token, ...more };
    this.#child = spawn(node, [command, ...args], {
      env,
      cwd: folder,
      stdio: ['ignore', 'inherit', 'pipe'],
    });
    this.#exited = once(this.#child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
    void this.#exited.then(() => {
      this.#hasExited = true;
      this.#wake();
    });
    createInterface({ input: this.#child.stderr! }).on('line', (line) => {
      this.lines.push(line);
      this.#wake();
    });
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Resolves with the exit code, or with the signal that ended it. */
  async exited(): Promise<number | NodeJS.Signals | null> {
    const [code, signal] = await this.#exited;
    return code ?? signal;
  }

  /** Waits until so many of its lines matched. Rejects when it ended before. */
  async said(pattern: RegExp, times = 1): Promise<void> {
    while (this.lines.filter((line) => pattern.test(line)).length < times) {
      if (this.#hasExited) throw new Error(`it ended before it said ${String(pattern)}: ${this.lines.join('\n')}`);
      await this.#news.promise;
    }
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** A process that is stopped dies too. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#hasExited) this.#child.kill('SIGKILL');
    await this.#exited;
  }

  #wake(): void {
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }
}

export interface WorkerOptions {
  readonly url: string;
  readonly token: string;
  readonly name: string;
  readonly threads?: number;
  readonly node?: string;
  /** Where it stands; here if not given. */
  readonly folder?: string;
  readonly code?: 'bundle' | 'module';
  /** Where it keeps the code that it is sent. */
  readonly codeDirectory?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** How long it waits for what runs when it is told to end. */
  readonly drain?: string;
  /** More of the command line. */
  readonly args?: readonly string[];
}

/** A worker process that may not have joined yet. */
export function startWorker({
  url,
  token,
  name,
  threads = 1,
  code = 'bundle',
  drain = '30s',
  args: more = [],
  ...place
}: WorkerOptions): CommandProcess {
  const how = ['--threads', String(threads), '--code', code, '--drain', drain, ...more];
  const args = ['worker', url, '--name', name, ...how];
  return new CommandProcess(args, token, place);
}

/** A worker process that has joined. */
export async function joinedWorker(options: WorkerOptions): Promise<CommandProcess> {
  const worker = startWorker(options);
  await worker.said(/joined/);
  return worker;
}

/** Launches a worker of a cluster as somebody else would. */
export function byCommandLine({ url, token, name }: WorkerOptions): LaunchedWorker & { readonly pid: number } {
  const worker = startWorker({ url, token, name });
  return {
    pid: worker.pid,
    ended: worker.exited(),
    leave: () => worker.kill('SIGTERM'),
    end: async () => await worker[Symbol.asyncDispose](),
  };
}
