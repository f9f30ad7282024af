// The likeliest first failure: a flow is a module, and `npm init` writes `"type": "commonjs"`. Node tells of it in many
// lines, and nobody but Node knows the case for certain, as a loader may have made something else of the file.

import { findPackageJSON } from 'node:module';
import { basename } from 'node:path';
import { pathToFileURL } from 'node:url';
import { UsageError } from '../lib/heddle-error.ts';

/** With the file, which is somebody's own and not for certain CommonJS, as a `.cjs` is. */
const nodesWarning = /^Failed to load the ES module: ((?!.*[/\\]node_modules[/\\]).+\.[jt]s)\. Make sure to set /s;

/** From now on, a module that Node takes for CommonJS fails to load with `PACKAGE_NOT_MODULE`. */
export function tellOfPackagesNotModule(): void {
  // Node warns while it loads the file, before its own listener prints that, and what is thrown here is what loading
  // the file throws.
  process.prependListener('warning', ({ message }) => {
    const file = nodesWarning.exec(message)?.[1];
    const packageJson = file === undefined ? undefined : findPackageJSON(pathToFileURL(file));
    if (file !== undefined && packageJson !== undefined) throw packageNotModule(file, packageJson);
  });
}

function packageNotModule(file: string, packageJson: string): UsageError {
  const renamed = basename(file).replace(/[jt]s$/, 'm$&');
  const message =
    `${file} is a module (it has import or export), but ${packageJson} says that files like it are CommonJS. Say ` +
    `"type": "module" there (npm pkg set type=module), or rename the file to ${renamed}.`;
  return new UsageError('PACKAGE_NOT_MODULE', message, { file, packageJson });
}
