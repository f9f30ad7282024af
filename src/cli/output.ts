import { inspect } from 'node:util';
import { HeddleError, UsageError } from '../lib/heddle-error.ts';

/** One line for the people at this command, beside what the flow itself prints. */
export function say(line: string): void {
  process.stderr.write(`${new Date().toISOString()} heddle | ${line}\n`);
}

/** A value as `console.log` shows it, on standard output. */
export function printValue(value: unknown): void {
  process.stdout.write(`${inspect(value, { depth: 4, colors: process.stdout.isTTY })}\n`);
}

/** Our own errors say what to do, so they come without a stack; others with theirs, which shows the user's lines. */
export function printError(error: unknown): void {
  if (error instanceof HeddleError || error instanceof UsageError) {
    process.stderr.write(`heddle: ${error.message} [${error.code}]\n`);
    if (error.cause instanceof Error && error.code === 'CLUSTER_FACTORY_FAILED') printError(error.cause);
    return;
  }
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
}
