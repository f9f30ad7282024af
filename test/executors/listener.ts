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
    await this.until(() => this.count(pattern) > 0);
    return this.lines.find((line) => pattern.test(line))!;
  }

  count(pattern: RegExp): number {
    return this.lines.filter((line) => pattern.test(line)).length;
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await this.#news.promise;
  }
}
