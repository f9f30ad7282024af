import { mkdirSync, mkdtempDisposableSync, realpathSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { loadConfig } from '../../src/config/load-config.ts';
import type { Whereabouts } from '../../src/config/references.ts';
import type { Config } from '../../src/config/tree.ts';

export interface Given {
  /** The text of `~/.heddle/config.toml`. */
  readonly user?: string;
  /** The text of the project's `heddle.toml`. */
  readonly project?: string;
  readonly env?: Whereabouts['env'];
}

/** A home folder, and a project with a folder in it from which the configuration is loaded. */
export interface Project extends Disposable, Whereabouts {
  readonly userFile: string;
  readonly projectFile: string;
  readonly load: () => Config;
}

export function project({ user, project, env = {} }: Given): Project {
  const folder = mkdtempDisposableSync(join(realpathSync(tmpdir()), 'heddle-config-'));
  const home = join(folder.path, 'ada');
  const directory = join(folder.path, 'project', 'flows', 'daily');
  const userFile = join(home, '.heddle', 'config.toml');
  const projectFile = join(folder.path, 'project', 'heddle.toml');
  for (const path of [home, directory]) mkdirSync(path, { recursive: true });
  if (user !== undefined) write(userFile, user);
  if (project !== undefined) write(projectFile, project);
  const whereabouts = { env, home, directory };
  return {
    ...whereabouts,
    userFile,
    projectFile,
    load: () => loadConfig(whereabouts),
    [Symbol.dispose]: () => folder.remove(),
  };
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
