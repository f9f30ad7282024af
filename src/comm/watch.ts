import { timerMs } from '../lib/timer.ts';

interface WatchHandlers {
  /** Called before each check: it may call `seen`. */
  readonly look?: () => void;
  /** Called at each check with for how long nothing was heard, if that is more than a third of the limit. */
  readonly quiet?: (silentMs: number) => void;
  /** Called instead if it is more than the limit. */
  readonly gone: (silentMs: number) => void;
}

/** Notices that nothing was heard for too long. A check that comes late forgives: then we slept, not they. */
export class Watch {
  #lastSeen = performance.now();
  #lastCheck = performance.now();
  /** Silence counts from here when a check came late; what is told is the real silence, our own sleep included. */
  #forgivenAt = 0;
  readonly #timer: NodeJS.Timeout;

  constructor(timeoutMs: number, { look, quiet, gone }: WatchHandlers) {
    const intervalMs = timerMs(timeoutMs / 3);
    this.#timer = setInterval(() => {
      look?.();
      const now = performance.now();
      if (now - this.#lastCheck > 2 * intervalMs) this.#forgivenAt = now;
      this.#lastCheck = now;
      const countedMs = now - Math.max(this.#lastSeen, this.#forgivenAt);
      if (countedMs > timeoutMs) gone(now - this.#lastSeen);
      else if (countedMs > intervalMs) quiet?.(now - this.#lastSeen);
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
