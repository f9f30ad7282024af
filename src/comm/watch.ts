/** Notices that nothing was heard for too long. A check that comes late forgives: then we slept, not they. */
export class Watch {
  #lastSeen = performance.now();
  #lastCheck = performance.now();
  readonly #timer: NodeJS.Timeout;

  /** `look` is called before each check: it may call `seen`. */
  constructor(timeoutMs: number, { look, gone }: { readonly look?: () => void; readonly gone: () => void }) {
    const intervalMs = timeoutMs / 3;
    this.#timer = setInterval(() => {
      look?.();
      const now = performance.now();
      if (now - this.#lastCheck > 2 * intervalMs) this.#lastSeen = now;
      this.#lastCheck = now;
      if (now - this.#lastSeen > timeoutMs) gone();
    }, intervalMs);
    this.#timer.unref();
  }

  seen(): void {
    this.#lastSeen = performance.now();
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
