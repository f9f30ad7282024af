import { timerMs } from './timer.ts';

/** Rings at a time of `performance.now`: for shells of cores, which say when they are due next. */
export class Alarm implements Disposable {
  readonly #ring: () => void;
  #timer: NodeJS.Timeout | undefined;
  #due = Infinity;
  #isDisposed = false;

  constructor(ring: () => void) {
    this.#ring = ring;
  }

  /** Never, if it is `Infinity`. The time that was set before is forgotten. */
  setFor(due: number): void {
    if (due === this.#due || this.#isDisposed) return;
    clearTimeout(this.#timer);
    this.#due = due;
    if (due === Infinity) return;
    const ring = () => {
      this.#due = Infinity;
      this.#ring();
    };
    this.#timer = setTimeout(ring, timerMs(Math.max(0, Math.ceil(due - performance.now()))));
  }

  /** It rings no more, whatever is set. */
  [Symbol.dispose](): void {
    this.#isDisposed = true;
    clearTimeout(this.#timer);
  }
}
