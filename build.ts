// Makes the package that users install, in dist/: JavaScript, declarations, and a manifest without what only this
// repository needs (the peers of the benchmark, the data of the example, and the Node that runs all of it).
//
// The modules are joined into a few files, since a process and each of its threads pay for every file that they read:
// two thirds of the time of an `import` of 150 small ones. Entries and chunks lie as deep as the modules that are in
// them, whose addresses (`import.meta.url`) are then as good as before.

import { execFileSync } from 'node:child_process';
import { build as bundle, type BuildOptions, type Plugin } from 'esbuild';
import { copyFileSync, cpSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

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

// Others also give themselves out as a new Node, and lack what we need of it. As in `src/cli/heddle.js`.
const onlyOnNode = `{
  const { bun, deno, node } = process.versions;
  const here = bun ? 'Bun ' + bun : deno ? 'Deno ' + deno : 'Node ' + node;
  if (bun || deno || parseInt(node) < 24) {
    const found = 'heddle needs Node 24 or newer; this is ' + here + ' (' + process.execPath + ').';
    throw new Error(found + ' Install one, or run npm install node@24 in your project and use npx.');
  }
}`;

rmSync('dist', { recursive: true, force: true });
execFileSync('tsc', ['-p', 'tsconfig.build.json'], { stdio: 'inherit' });
const options: BuildOptions = {
  entryPoints: {
    'src/entries/index': 'src/index.ts',
    'src/entries/executors': 'src/executors/index.ts',
    'src/entries/schedules': 'src/schedules/index.ts',
    'src/cli/main': 'src/cli/main.ts',
    'src/engine/inspect-child': 'src/engine/inspect-child.ts',
    'workers/thread': 'workers/thread.ts',
    'workers/remote': 'workers/remote.ts',
  },
  outdir: 'dist',
  chunkNames: 'src/chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  packages: 'external',
  // Before anything else of ours runs. An older Node can read what is above it, as long as no name is imported from Node
  // that it lacks: such things are members of a module that is imported whole.
  banner: { js: onlyOnNode },
};

// esbuild makes a file of the modules that the same entries share, and what is imported later is an entry too: dozens of
// small files. So that there are few, every entry imports first what nearly all of them need, and those that run beside
// modules of users, all of `heddle`, which is there by then.
const neededByAll = globSync('src/{lib,config}/*.ts');
const heddle = 'src/index.ts';
const withoutHeddle = new Set([
  heddle,
  'workers/remote.ts',
  'src/cli/main.ts',
  'src/schedules/index.ts',
  'src/comm/ws.ts',
  'src/protocol/codec.ts',
]);
const { metafile } = await bundle({ ...options, metafile: true, write: false });
const needsOf = new Map(
  Object.values(metafile.outputs).flatMap(({ entryPoint: entry }) => {
    if (entry === undefined) return [];
    return [[resolve(entry), withoutHeddle.has(entry) ? neededByAll : [...neededByAll, heddle]]];
  }),
);
const fewFiles: Plugin = {
  name: 'few files',
  setup(build) {
    build.onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const imports = needsOf.get(path)?.map((needed) => `import ${JSON.stringify(resolve(needed))};`);
      return imports && { contents: `${imports.join('')} ${readFileSync(path, 'utf8')}`, loader: 'ts' };
    });
  },
};
await bundle({ ...options, plugins: [fewFiles] });
copyFileSync('src/cli/heddle.js', 'dist/src/cli/heddle.js');
copyFileSync('README.md', 'dist/README.md');
copyFileSync('LICENSE', 'dist/LICENSE');
cpSync('docs', 'dist/docs', { recursive: true });
cpSync('bench/RESULTS.md', 'dist/bench/RESULTS.md');

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Record<string, unknown>;
const published = Object.fromEntries(publishedFields.map((field) => [field, manifest[field]]));
const entry = (path: string, name: string) => ({ types: `./src/${path}.d.ts`, default: `./src/entries/${name}.js` });
published['exports'] = {
  '.': entry('index', 'index'),
  './executors': entry('executors/index', 'executors'),
  './schedules': entry('schedules/index', 'schedules'),
  './package.json': './package.json',
};
writeFileSync('dist/package.json', `${JSON.stringify(published, null, 2)}\n`);
