import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
export const collectGarbage = runInNewContext('gc') as () => void;

const sampleIntervalMs = 5;

/** What this thread holds, garbage included: its heap, and memory outside of it that its objects own. */
export function heldBytes(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Watches what is held, while in use. */
export class MemoryWatch implements Disposable {
  readonly #timer = setInterval(() => this.#look(), sampleIntervalMs);
  #most = heldBytes();

  /** The most that was held up to now. */
  get mostBytes(): number {
    this.#look();
    return this.#most;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    this.#most = Math.max(this.#most, heldBytes());
  }
}
