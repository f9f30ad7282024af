import { inspect } from 'node:util';
import { HeddleError, UsageError } from '../lib/heddle-error.ts';
import { callersLine } from '../lib/own-frames.ts';
import { tellLine } from '../lib/standard-error.ts';

/** One line for the people at this command, beside what the flow itself prints. */
export function say(line: string): void {
  tellLine(`${new Date().toISOString()} heddle | ${line}`);
}

/** A value as `console.log` shows it, on standard output. */
export function printValue(value: unknown): void {
  process.stdout.write(`${inspect(value, { depth: 4, colors: process.stdout.isTTY })}\n`);
}

/** Our own errors say what to do, so of their stack there is only the user's line; others come with all of it. */
export function printError(error: unknown): void {
  if (error instanceof HeddleError || error instanceof UsageError) {
    const line = callersLine(error.stack ?? '');
    tellLine(`heddle: ${error.message} [${error.code}]${line === undefined ? '' : `\n${line}`}`);
    if (error.cause instanceof Error && error.code === 'CLUSTER_FACTORY_FAILED') printError(error.cause);
    return;
  }
  tellLine(error instanceof Error ? (error.stack ?? error.message) : String(error));
}
