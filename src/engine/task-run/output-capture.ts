// What a task with `logStdout` prints goes to the log of its run: `console`, and whatever else is written to the two
// streams of this thread. Only this thread's: a child process that inherits them writes past us.

import { StringDecoder } from 'node:string_decoder';
import { writingRun, type Run } from '../context.ts';

const levels = { log: 'info', info: 'info', debug: 'debug', warn: 'warn', error: 'error' } as const;
const streams = { stdout: 'info', stderr: 'warn' } as const;

let isCapturing = false;

/** From here on, what a task with `logStdout` prints goes to the log of its run; all else where it went. */
export function captureOutput(): void {
  if (isCapturing) return;
  isCapturing = true;
  for (const [method, level] of entriesOf(levels)) {
    const original = console[method].bind(console);
    console[method] = (...message: unknown[]) => {
      const run = writingRun();
      if (run?.isLoggingStdout) run.logger[level](...message);
      else original(...message);
    };
  }
  for (const [name, level] of entriesOf(streams)) captureStream(process[name], level);
}

function captureStream(stream: NodeJS.WriteStream, level: 'info' | 'warn'): void {
  const original = stream.write.bind(stream) as (...args: unknown[]) => boolean;
  const pending = new Map<Run, PrintedLines>();
  // Before what sends all that was logged.
  process.prependListener('exit', () => pending.forEach((lines) => lines.end()));
  const linesOf = (run: Run): PrintedLines => {
    let lines = pending.get(run);
    if (lines !== undefined) return lines;
    lines = new PrintedLines((line) => run.logger[level]('%s', line));
    pending.set(run, lines);
    run.onceOver(() => {
      pending.delete(run);
      lines?.end();
    });
    return lines;
  };
  stream.write = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
    const run = writingRun();
    if (!run?.isLoggingStdout) return original(chunk, ...rest);
    const [encoding] = rest;
    linesOf(run).add(typeof chunk === 'string' ? Buffer.from(chunk, asEncoding(encoding)) : chunk);
    const done = rest.find((argument) => typeof argument === 'function');
    if (done !== undefined) process.nextTick(done);
    return true;
  };
}

/** Makes lines of pieces of output. Empty lines are dropped; of a line that is overwritten, the last version stays. */
class PrintedLines {
  readonly #write: (line: string) => void;
  readonly #decoder = new StringDecoder();
  #rest = '';

  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  add(bytes: Uint8Array): void {
    const lines = (this.#rest + this.#decoder.write(Buffer.from(bytes))).split('\n');
    this.#rest = lastDrawn(lines.pop()!);
    for (const line of lines) this.#tell(line);
  }

  end(): void {
    this.#tell(this.#rest + this.#decoder.end());
    this.#rest = '';
  }

  #tell(line: string): void {
    const text = lastDrawn(line).replace(/\r$/, '');
    if (text.trim() !== '') this.#write(text);
  }
}

/** What follows the last carriage return. One at the very end of the line overwrites nothing yet. */
function lastDrawn(line: string): string {
  return line.slice(line.lastIndexOf('\r', line.length - 2) + 1);
}

function asEncoding(encoding: unknown): BufferEncoding {
  return typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8';
}

function entriesOf<T extends object>(table: T): [keyof T, T[keyof T]][] {
  return Object.entries(table) as [keyof T, T[keyof T]][];
}
