import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const entry = fileURLToPath(new URL('../contender.ts', import.meta.url));

/** A contender in a process of its own, idle between its rounds. */
export class ContenderProcess implements AsyncDisposable {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #exit: Promise<never>;

  private constructor(measurement: string, contender: string) {
    this.name = contender;
    this.#child = fork(entry, [measurement, contender]);
    this.#exit = once(this.#child, 'exit').then(([status]) => {
      throw new Error(`'${contender}' of ${measurement} ended early, with status ${String(status)}`);
    });
    this.#exit.catch(() => {});
  }

  /** Resolves when everything that must be warm is started. */
  static async start(measurement: string, contender: string): Promise<ContenderProcess> {
    const started = new ContenderProcess(measurement, contender);
    await started.#answer();
    return started;
  }

  async round(): Promise<number> {
    this.#child.send('round');
    return Number(await this.#answer());
  }

  /** The other end closes what it opened when it finds itself alone. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    await this.#exit.catch(() => {});
  }

  async #answer(): Promise<unknown> {
    const [answer] = (await Promise.race([once(this.#child, 'message'), this.#exit])) as [unknown];
    return answer;
  }
}
