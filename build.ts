// Makes the package that users install, in dist/: JavaScript, declarations, and a manifest without what only this
// repository needs (the peers of the benchmark, the data of the example, and the Node that runs all of it).

import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

const publishedFields = [
  'name',
  'version',
  'description',
  'keywords',
  'license',
  'type',
  'engines',
  'bin',
  'dependencies',
];

rmSync('dist', { recursive: true, force: true });
execFileSync('tsc', ['-p', 'tsconfig.build.json'], { stdio: 'inherit' });
copyFileSync('src/cli/heddle.js', 'dist/src/cli/heddle.js');
copyFileSync('README.md', 'dist/README.md');
copyFileSync('LICENSE', 'dist/LICENSE');
cpSync('docs', 'dist/docs', { recursive: true });

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Record<string, unknown>;
const published = Object.fromEntries(publishedFields.map((field) => [field, manifest[field]]));
const entry = (path: string) => ({ types: `./${path}.d.ts`, default: `./${path}.js` });
published['exports'] = {
  '.': entry('src/index'),
  './executors': entry('src/executors/index'),
  './schedules': entry('src/schedules/index'),
  './package.json': './package.json',
};
writeFileSync('dist/package.json', `${JSON.stringify(published, null, 2)}\n`);
