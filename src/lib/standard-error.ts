import { once } from './once.ts';

/** Without a listener, a line that cannot be written ends the process. */
const output = once(() => process.stderr.on('error', () => {}));

/**
 * Writes a line to standard error. Where that cannot be done, on a full disk or when whoever read it is gone, the line
 * is lost: a log must not end what it tells of.
 */
export function tellLine(line: string): void {
  try {
    output().write(`${line}\n`);
  } catch {
    // To a file it is written at once, and what goes wrong is thrown.
  }
}
