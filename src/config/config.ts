import { AsyncLocalStorage } from 'node:async_hooks';
import { processWide } from '../lib/process-wide.ts';
import { homeFolder } from './home-folder.ts';
import { loadConfig, overrideConfig, type ConfigOverrides } from './load-config.ts';
import type { Whereabouts } from './references.ts';
import type { Config } from './tree.ts';

const shared = processWide('config', () => ({
  loaded: undefined as Config | undefined,
  overridden: new AsyncLocalStorage<Config>(),
}));

/** The configuration of this process: read once, when it is first asked for. */
export function config(): Config {
  return shared.overridden.getStore() ?? (shared.loaded ??= loadConfig(whereabouts()));
}

/**
 * Calls `body` with some settings changed, for it and for all that it starts in this thread. Nobody else sees them,
 * and they are gone when it ends, however it ends. Meant for tests.
 */
export function withConfig<T>(overrides: ConfigOverrides, body: () => T): T {
  return shared.overridden.run(overrideConfig(config(), overrides, whereabouts()), body);
}

function whereabouts(): Whereabouts {
  return { env: process.env, home: homeFolder(), directory: process.cwd() };
}
