// Loggers by name, without code: of every copy of debug, pino and winston that is loaded in this thread. No library is
// loaded that the user's module did not load, except debug, which is small: what logs with it may be loaded later.

import { createRequire } from 'node:module';
import { hookDebug, isDebug } from './debug.ts';
import { hookPino, isPino } from './pino.ts';
import { hookWinstonModule, isWinstonModule } from './winston.ts';

/** The main file of each library, wherever it is installed. */
const mainFiles = /[\\/]node_modules[\\/](?:debug[\\/]src[\\/]index|pino[\\/]pino|winston[\\/]lib[\\/]winston)\.js$/;

/**
 * From here on, runs that name loggers get their lines, if the libraries are loaded by now. `module` is the URL of that
 * of the task.
 */
export function hookLoadedLoggers(module: string | undefined): void {
  const isFile = module?.startsWith('file:') === true;
  const require = createRequire(isFile ? module : import.meta.url);
  if (isFile) tryRequire(require, 'debug');
  for (const [file, loaded] of Object.entries(require.cache)) {
    if (mainFiles.test(file)) hook(loaded?.exports);
  }
}

function hook(library: unknown): void {
  if (typeof library !== 'function' && (typeof library !== 'object' || library === null)) return;
  if (isDebug(library)) return hookDebug(library);
  if (isWinstonModule(library)) return hookWinstonModule(library);
  if (typeof library !== 'function') return;
  // All loggers of a copy share a prototype, which is found through any of them.
  const logger: unknown = library({ enabled: false }, { write: () => {} });
  if (typeof logger === 'object' && logger !== null && isPino(logger)) hookPino(logger);
}

/** Whoever has no debug has no lines of it. */
function tryRequire(require: NodeJS.Require, name: string): void {
  try {
    require(name);
  } catch {}
}
