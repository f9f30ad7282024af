import { timerMs } from '../lib/timer.ts';

/** Rings at a time of `performance.now`, or sooner if it was set for a time before that. */
export class Alarm implements Disposable {
  readonly #ring: () => void;
  #timer: NodeJS.Timeout | undefined;
  #at = Infinity;

  constructor(ring: () => void) {
    this.#ring = ring;
  }

  setFor(due: number): void {
    if (due >= this.#at) return;
    clearTimeout(this.#timer);
    this.#at = due;
    const ring = () => {
      this.#at = Infinity;
      this.#ring();
    };
    this.#timer = setTimeout(ring, timerMs(Math.max(0, Math.ceil(due - performance.now()))));
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}
