import { processWide } from '../lib/process-wide.ts';
import { homeFolder } from './home-folder.ts';
import { loadConfig } from './load-config.ts';
import type { Config } from './tree.ts';

const kept = processWide('config', () => ({ loaded: undefined as Config | undefined }));

/** The configuration of this process: read once, when it is first asked for. */
export function config(): Config {
  return (kept.loaded ??= loadConfig({ env: process.env, home: homeFolder(), directory: process.cwd() }));
}
