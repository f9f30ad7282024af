// The log of a run on standard error, as plain lines; on a terminal also its progress, redrawn below them.

import { stripVTControlCharacters } from 'node:util';
import { config } from '../../config/config.ts';
import type { LogRecord } from '../../lib/log-record.ts';
import { tellLine } from '../../lib/standard-error.ts';
import type { NodeRun } from './node-run.ts';
import { progressLines } from './progress.ts';
import { formatRecord } from '../logger.ts';

const redrawMs = 100;

/** What to call before anybody writes to a terminal, with what is seen of it; one watch serves them all. */
const listeners = new Set<(seen: string) => void>();
let watches: (() => void)[] = [];
/** What moves the cursor is written by ourselves, and is no text. */
let isErasing = false;

/** Shows a flow run while it runs. */
export class Terminal implements Disposable {
  readonly #format = config().logging.format === 'json' ? JSON.stringify : formatRecord;
  readonly #stream = process.stderr;
  readonly #isLive = process.stderr.isTTY;
  readonly #endedAt = new Map<NodeRun, number>();
  #runs: readonly NodeRun[] = [];
  /** The progress as of the last look: there may be thousands of nodes, and as many lines of the log in between. */
  #lines: readonly string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #drawnLines = 0;
  /** Somebody has written a part of a line, which goes on from there. */
  #isMidLine = false;

  readonly write = (record: LogRecord): void => {
    this.#erase();
    tellLine(this.#format(record));
    this.#draw();
  };

  /** Begins to show the progress of these nodes, if there is a terminal to show it on. */
  follow(runs: readonly NodeRun[]): void {
    this.#runs = runs;
    if (!this.#isLive) return;
    if (listeners.size === 0) watches = [process.stdout, process.stderr].filter(({ isTTY }) => isTTY).map(watch);
    listeners.add(this.#giveWay);
    this.#timer = setInterval(() => {
      this.#erase();
      this.#look();
      this.#draw();
    }, redrawMs);
    this.#timer.unref();
  }

  /** Leaves the last progress lines on the screen. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#erase();
    this.#look();
    this.#draw();
    listeners.delete(this.#giveWay);
    if (listeners.size === 0) for (const end of watches.splice(0)) end();
    this.#drawnLines = 0;
    this.#runs = [];
    this.#lines = [];
  }

  /** What tasks or the program write takes the place of the progress, which is drawn again below it. */
  readonly #giveWay = (seen: string): void => {
    this.#erase();
    if (seen !== '') this.#isMidLine = !seen.endsWith('\n');
  };

  /**
   * More than fits on the screen could not be erased again: it would be drawn below itself each time. And the last
   * lines of the log, which say how the run ended, are to stay in sight.
   */
  #look(): void {
    const most = Math.max(1, (this.#stream.rows || 24) - 3);
    if (this.#isLive) this.#lines = progressLines(this.#runs, this.#elapsed(), most);
  }

  #draw(): void {
    if (this.#isMidLine) return;
    const width = this.#stream.columns || 80;
    for (const line of this.#lines) tellLine(line.slice(0, width - 1));
    this.#drawnLines = this.#lines.length;
  }

  #erase(): void {
    if (this.#drawnLines === 0) return;
    isErasing = true;
    this.#stream.moveCursor(0, -this.#drawnLines);
    this.#stream.cursorTo(0);
    this.#stream.clearScreenDown();
    isErasing = false;
    this.#drawnLines = 0;
  }

  #elapsed(): Map<NodeRun, number> {
    const now = performance.now();
    const elapsed = new Map<NodeRun, number>();
    for (const run of this.#runs) {
      if (run.isDone && !this.#endedAt.has(run)) this.#endedAt.set(run, now);
      const { startedAt } = run;
      if (startedAt !== undefined) elapsed.set(run, (this.#endedAt.get(run) ?? now) - startedAt);
      else if (run.isDone) elapsed.set(run, 0);
    }
    return elapsed;
  }
}

/** Tells the listeners before something is written to a stream, until what it returns is called. */
function watch(stream: NodeJS.WriteStream): () => void {
  // oxlint-disable-next-line typescript/unbound-method -- it is given back as it was, and called as the stream's own
  const { write } = stream;
  const watched = (...args: Parameters<typeof write>): boolean => {
    if (!isErasing) for (const told of listeners) told(seenOf(args[0]));
    return write.apply(stream, args);
  };
  stream.write = watched as typeof write;
  return () => {
    // Who has put something of theirs in its place since goes on calling it.
    if (stream.write === watched) stream.write = write;
  };
}

/** What there is to see of it: no order to the terminal, nor the empty text of who waits until all is written. */
function seenOf(text: unknown): string {
  if (typeof text === 'string') return stripVTControlCharacters(text);
  return ArrayBuffer.isView(text) ? seenOf(Buffer.from(text.buffer, text.byteOffset, text.byteLength).toString()) : '';
}
