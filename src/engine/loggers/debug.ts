// debug: for each line, the library is asked whether its namespace is enabled, and formats it. Both go through
// properties of one function for each copy of the library. A namespace that a run wants is enabled in that run, and
// nowhere else.

import { formatMessage } from '../logger.ts';
import { writingRun } from '../context.ts';
import { hookedKey, runNaming, writeLine } from './lines.ts';
import { isNamed } from './names.ts';

/** The library itself: what `import debug from 'debug'` gives. */
export interface DebugModule {
  namespaces?: unknown;
  enabled: (namespace: string) => boolean;
  formatArgs: (this: DebugInstance, args: unknown[]) => void;
}

interface DebugInstance {
  readonly namespace: string;
  log?: (...args: unknown[]) => void;
}

/** The namespaces that were given to `attachLogger`, of all copies. */
const attached: string[] = [];

export function isDebug(value: object): value is DebugModule {
  return ['enable', 'enabled', 'formatArgs', 'selectColor'].every((name) => name in value);
}

export function attachDebug(module: DebugModule, names: readonly string[]): void {
  attached.push(...names.filter((name) => !attached.includes(name)));
  hookDebug(module);
}

/** From here on, runs that name namespaces of this copy of debug get their lines. */
export function hookDebug(module: DebugModule): void {
  if (Object.hasOwn(module, hookedKey)) return;
  const { enabled, formatArgs } = module;
  Object.defineProperties(module, {
    [hookedKey]: { value: true },
    // An instance asks again only when this has changed; here it must ask each time, as the answer depends on the run.
    namespaces: { get: () => Number.NaN, set: () => {}, configurable: true, enumerable: true },
  });
  module.enabled = (namespace) => runFor(namespace) !== undefined || enabled(namespace);
  module.formatArgs = function formatLine(args) {
    const run = runFor(this.namespace);
    if (run === undefined) return formatArgs.call(this, args);
    // Right after this it logs what was formatted, perhaps with a function of its own.
    const own = Object.getOwnPropertyDescriptor(this, 'log');
    this.log = (...args) => {
      delete this.log;
      if (own !== undefined) Object.defineProperty(this, 'log', own);
      // The library knows no levels. Who names a namespace wants to see what it says.
      writeLine(run, { name: this.namespace, level: 'info', message: formatMessage(args) });
    };
  };
}

function runFor(namespace: string) {
  return isNamed(namespace, attached) ? writingRun() : runNaming(namespace);
}
