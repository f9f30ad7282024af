import { loadConfig } from '../src/config/load-config.ts';
import { homeFolder } from '../src/config/home-folder.ts';
import type { Config } from '../src/config/tree.ts';
import { processWide } from '../src/lib/process-wide.ts';
import { isPromise } from '../src/lib/thenable.ts';

/** Where `config()` keeps what it has read. */
const kept = processWide('config', () => ({ loaded: undefined as Config | undefined }));

type Some<Values> = { readonly [Key in keyof Values]?: Values[Key] extends object ? Some<Values[Key]> : Values[Key] };

/**
 * Calls `body` in a process that is configured so, by environment variables, until it ends, however it ends. One body at
 * a time: those that overlap would leave settings of each other behind.
 */
export function withConfig<T>(settings: Some<Omit<Config, 'secrets' | 'files'>>, body: () => T): T {
  const before = kept.loaded;
  const restore = () => void (kept.loaded = before);
  const env = { ...process.env, ...Object.fromEntries(variablesFor(settings, 'HEDDLE')) };
  kept.loaded = loadConfig({ env, home: homeFolder(), directory: process.cwd() });
  try {
    const given = body();
    if (isPromise(given)) return given.finally(restore) as T;
    restore();
    return given;
  } catch (error) {
    restore();
    throw error;
  }
}

function variablesFor(settings: object, prefix: string): [string, string][] {
  return Object.entries(settings).flatMap(([name, value]: [string, unknown]) => {
    const variable = `${prefix}__${name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return variablesFor(value, variable);
    return [[variable, typeof value === 'string' ? value : JSON.stringify(value)]];
  });
}
