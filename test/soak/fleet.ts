// Worker processes, and what befalls them.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Prng } from '../sim/prng.ts';

const command = fileURLToPath(new URL('../../src/cli/heddle.js', import.meta.url));
const least = 2;
const most = 4;

export interface FleetOptions {
  readonly url: string;
  readonly codeDirectory: string;
  readonly prng: Prng;
}

export class Fleet implements AsyncDisposable {
  readonly counts = { joined: 0, killed: 0, stopped: 0, drained: 0 };
  readonly #options: FleetOptions;
  readonly #processes = new Set<ChildProcess>();
  readonly #stopped = new Set<ChildProcess>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: FleetOptions) {
    this.#options = options;
    while (this.#processes.size < least) this.#join();
  }

  /** From here on, something befalls one of them every now and then. */
  trouble(): void {
    const { prng } = this.#options;
    this.#timer = setTimeout(
      () => {
        // All of them may have ended meanwhile.
        while (this.#processes.size - this.#stopped.size < least) this.#join();
        this.#befall();
        this.trouble();
      },
      prng.between(200, 2_000),
    );
  }

  /** No more of that: who was stopped goes on. */
  calm(): void {
    clearTimeout(this.#timer);
    for (const child of this.#stopped) this.#goOn(child);
    while (this.#processes.size < least) this.#join();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer);
    const ended = [...this.#processes].map((child) => once(child, 'exit'));
    for (const child of this.#processes) child.kill('SIGKILL');
    await Promise.all(ended);
  }

  #befall(): void {
    const { prng } = this.#options;
    const child = prng.pick([...this.#processes]);
    switch (prng.pick(['kill', 'kill', 'stop', 'stop', 'join', 'drain'] as const)) {
      case 'kill':
        this.counts.killed += 1;
        child.kill('SIGKILL');
        return;
      case 'stop':
        if (this.#stopped.has(child)) return;
        this.counts.stopped += 1;
        child.kill('SIGSTOP');
        this.#stopped.add(child);
        setTimeout(() => this.#goOn(child), prng.between(100, 5_000));
        return;
      case 'join':
        if (this.#processes.size < most) this.#join();
        return;
      case 'drain':
        this.counts.drained += 1;
        child.kill('SIGTERM');
    }
  }

  #goOn(child: ChildProcess): void {
    if (this.#stopped.delete(child)) child.kill('SIGCONT');
  }

  #join(): void {
    const { url, codeDirectory } = this.#options;
    this.counts.joined += 1;
    const args = [command, 'worker', url, '--name', `worker-${this.counts.joined}`, '--threads', '2'];
    const env = { ...process.env, HEDDLE__CODE__DIRECTORY: codeDirectory };
    const child = spawn(process.execPath, args, { env, stdio: 'ignore' });
    this.#processes.add(child);
    child.once('exit', () => {
      this.#processes.delete(child);
      this.#stopped.delete(child);
    });
  }
}
