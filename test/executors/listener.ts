import type { LogRecord } from 'heddle/executors';

/** Keeps what a cluster says, and waits for lines of it. */
export class Listener {
  readonly lines: string[] = [];
  #news = Promise.withResolvers<void>();

  readonly onLog = ({ message }: LogRecord): void => {
    this.lines.push(message);
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  };

  /** The first line that matches. */
  async said(pattern: RegExp): Promise<string> {
    for (;;) {
      const found = this.lines.find((line) => pattern.test(line));
      if (found !== undefined) return found;
      await this.#news.promise;
    }
  }
}
