/** Lets in so many at once; the others wait in line. */
export class Turnstile {
  readonly #most: number;
  readonly #waiting = new Set<() => void>();
  #inside = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /**
   * Calls `begin`, which must not throw, as soon as there is room. Returns what is to be called by whoever
   * is through, or no longer wants to begin.
   */
  enter(begin: () => void): () => void {
    let isInside = false;
    const goIn = () => {
      isInside = true;
      this.#inside += 1;
      begin();
    };
    if (this.#inside < this.#most) goIn();
    else this.#waiting.add(goIn);
    return () => {
      this.#waiting.delete(goIn);
      if (isInside) this.#letNextIn();
      isInside = false;
    };
  }

  #letNextIn(): void {
    this.#inside -= 1;
    const [next] = this.#waiting;
    if (next === undefined) return;
    this.#waiting.delete(next);
    next();
  }
}
