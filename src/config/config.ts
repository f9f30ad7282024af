import { isMainThread } from 'node:worker_threads';
import { processWide } from '../lib/process-wide.ts';
import { misspeltIn } from './environment.ts';
import { homeFolder } from './home-folder.ts';
import { loadConfig } from './load-config.ts';
import type { Config } from './tree.ts';

const kept = processWide('config', () => ({ loaded: undefined as Config | undefined }));

/** The configuration of this process: read once, when it is first asked for. */
export function config(): Config {
  return (kept.loaded ??= load());
}

function load(): Config {
  const { env } = process;
  for (const [variable, meant] of isMainThread ? misspeltIn(env) : []) {
    const message = `environment variable ${variable} sets nothing: the one that does is ${meant}`;
    process.emitWarning(message, { code: 'VARIABLE_SETS_NOTHING' });
  }
  return loadConfig({ env, home: homeFolder(), directory: process.cwd() });
}
