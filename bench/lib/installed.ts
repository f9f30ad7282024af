import { execFileSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A project that has the package installed, as `npm run build` makes it, with the programs of `bench/peers/fresh`. */
export async function installedProject(resources: AsyncDisposableStack): Promise<URL> {
  const folder = await mkdtemp(join(tmpdir(), 'heddle-bench-'));
  resources.defer(() => rm(folder, { recursive: true }));
  await cp(join(root, 'bench/peers/fresh'), folder, { recursive: true });
  await mkdir(join(folder, 'node_modules'));
  execFileSync(process.execPath, [join(root, 'build.ts')], { cwd: root });
  await symlink(join(root, 'dist'), join(folder, 'node_modules/heddle'));
  await symlink(join(root, 'node_modules/piscina'), join(folder, 'node_modules/piscina'));
  return pathToFileURL(join(folder, '/'));
}
