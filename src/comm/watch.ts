import { timerMs } from '../lib/timer.ts';

interface WatchHandlers {
  /** Called before each check: it may call `seen`. */
  readonly look?: () => void;
  /** Called with for how long nothing was heard, which is longer than the limit, at each check from then on. */
  readonly gone: (silentMs: number) => void;
}

/** Notices that nothing was heard for too long. A check that comes late forgives: then we slept, not they. */
export class Watch {
  #lastSeen = performance.now();
  #lastCheck = performance.now();
  /** Silence counts from here when a check came late; what is told is the real silence, our own sleep included. */
  #forgivenAt = 0;
  readonly #timer: NodeJS.Timeout;

  constructor(timeoutMs: number, { look, gone }: WatchHandlers) {
    const intervalMs = timerMs(timeoutMs / 3);
    this.#timer = setInterval(() => {
      look?.();
      const now = performance.now();
      if (now - this.#lastCheck > 2 * intervalMs) this.#forgivenAt = now;
      this.#lastCheck = now;
      if (now - Math.max(this.#lastSeen, this.#forgivenAt) > timeoutMs) gone(now - this.#lastSeen);
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
