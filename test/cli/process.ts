// Real processes for tests: what they print, as lines that can be waited for, and how they end.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export class Program implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly stdout: string[] = [];
  readonly stderr: string[] = [];
  readonly #exited: Promise<unknown[]>;
  readonly #waiting = new Set<() => void>();

  constructor(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}, cwd = '.') {
    // A group of its own, so that what it starts (npx starts a shell, that a node) ends with it.
    const options = { env: { ...process.env, ...env }, cwd, detached: true };
    this.child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#exited = once(this.child, 'close');
    this.#collect('stdout');
    this.#collect('stderr');
  }

  /** The first line on either stream that matches; rejects when the program ends without one. */
  async line(pattern: RegExp): Promise<string> {
    const exited = this.#exited.then(() => 'exited' as const);
    for (;;) {
      const found = [...this.stdout, ...this.stderr].find((line) => pattern.test(line));
      if (found !== undefined) return found;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.add(resolve);
      const isOver = (await Promise.race([promise, exited])) === 'exited';
      this.#waiting.delete(resolve);
      if (isOver && ![...this.stdout, ...this.stderr].some((line) => pattern.test(line))) {
        throw new Error(`ended without a line like ${pattern}:\n${this.stdout.join('\n')}\n${this.stderr.join('\n')}`);
      }
    }
  }

  /** Exit status, or the name of the signal that ended it. */
  async status(): Promise<number | string> {
    const [code, signal] = (await this.#exited) as [number | null, string | null];
    return code ?? signal ?? 'unknown';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      process.kill(-this.child.pid!, 'SIGKILL');
    } catch {
      // The group is gone already.
    }
    await this.#exited;
  }

  #collect(stream: 'stdout' | 'stderr'): void {
    createInterface({ input: this.child[stream]! }).on('line', (line) => {
      this[stream].push(line);
      for (const resolve of this.#waiting) resolve();
    });
  }
}

/** The command line of this checkout. */
export function heddle(args: readonly string[], env: Readonly<Record<string, string>> = {}): Program {
  return new Program(process.execPath, ['src/cli/heddle.js', ...args], env);
}
