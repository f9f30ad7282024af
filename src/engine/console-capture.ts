import { currentRun } from './context.ts';

const levels = { log: 'info', info: 'info', debug: 'debug', warn: 'warn', error: 'error' } as const;

let isCapturing = false;

/**
 * From here on, what a task with `logStdout` writes with `console` goes to the log of its run; all else where it went.
 */
export function captureConsole(): void {
  if (isCapturing) return;
  isCapturing = true;
  for (const [method, level] of Object.entries(levels) as [keyof typeof levels, (typeof levels)['log']][]) {
    const original = console[method].bind(console);
    console[method] = (...message: unknown[]) => {
      const run = currentRun();
      if (run?.isLoggingStdout) run.logger[level](...message);
      else original(...message);
    };
  }
}
