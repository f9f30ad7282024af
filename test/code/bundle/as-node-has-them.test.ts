// What bundlers do otherwise than Node, and what ordinary packages and projects trip over.

import assert from 'node:assert/strict';
import { readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { createRequire, registerHooks } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { bundleOf } from '../../../src/code/bundle/bundle.ts';
import { fingerprintOf } from '../../../src/code/registry.ts';
import { newProject, startedIn } from './bundled-project.ts';

const begin = `import { task } from 'heddle';\n`;

test('a module may call variables as CommonJS does', async () => {
  using project = newProject({
    'flow.mjs': `${begin}import { readFileSync } from 'node:fs'; import { dirname, join } from 'node:path';
      import { fileURLToPath } from 'node:url'; import { here } from './other.mjs';
      const __filename = fileURLToPath(import.meta.url), __dirname = dirname(__filename);
      task('read', () => [String(readFileSync(join(__dirname, 'note.txt'))), here === __dirname]);`,
    'other.mjs': `const __dirname = import.meta.dirname; export const here = __dirname;`,
    'note.txt': 'noted',
  });
  const { run } = await project.bundled();

  assert.deepEqual(await run('read'), ['noted', true]);
});

test('packages whose scripts or dependencies are only called like those for native code come along', async () => {
  const named = { name: 'plain', version: '1.0.0', main: 'index.js' };
  const facts = { scripts: { prebuild: 'rimraf dist' }, dependencies: { 'openapi-types': '1.0.0', rebuild: '1.0.0' } };
  using project = newProject({
    'flow.mjs': `${begin}import plain from 'plain'; task('use', () => plain);`,
    'node_modules/plain/package.json': JSON.stringify({ ...named, ...facts }),
    'node_modules/plain/index.js': 'module.exports = 1;',
  });
  const { run } = await project.bundled();
  project.withoutAll();

  assert.equal(await run('use'), 1);
});

for (const [what, facts] of Object.entries({
  'is compiled when it is installed': { scripts: { install: 'node-gyp rebuild' } },
  'looks for what was compiled': { dependencies: { 'node-gyp-build': '4.0.0' } },
  'comes with packages for machines': { optionalDependencies: { '@made/for-this': '1.0.0' } },
})) {
  test(`a package that ${what} stays outside`, async () => {
    const named = { name: '@made/of-it', version: '1.0.0', main: 'index.js' };
    using project = newProject({
      'flow.mjs': `${begin}import native from '@made/of-it'; task('use', () => native);`,
      'node_modules/@made/of-it/package.json': JSON.stringify({ ...named, ...facts }),
      'node_modules/@made/of-it/index.js': 'module.exports = 1;',
      'node_modules/@made/for-this/package.json': '{ "name": "@made/for-this", "version": "1.0.0", "cpu": ["x64"] }',
    });
    const { run } = await project.bundled();
    project.without('node_modules');
    using _ = startedIn(join(project.path, 'worker'));

    await assert.rejects(run('use'), /this worker has no package '@made\/of-it'/);
  });
}

test('what a module does by itself is done, though its package says that there is nothing of the kind', async () => {
  using project = newProject({
    'package.json': '{ "sideEffects": false }',
    'flow.mjs': `${begin}import './sets.mjs'; import { add, all } from './list.mjs';
      const added = /* @__PURE__ */ add('b');
      task('all', () => all);`,
    'sets.mjs': `import { add } from './list.mjs'; add('a');`,
    'list.mjs': `export const all = []; export const add = (each) => all.push(each);`,
  });
  const { run } = await project.bundled();

  assert.deepEqual(await run('all'), ['a', 'b']);
});

const oldPackage = {
  'node_modules/old/package.json': '{ "name": "old", "version": "1.0.0", "main": "index.js" }',
  'node_modules/old/index.js': `Object.defineProperty(exports, '__esModule', { value: true });
    exports.default = 1; exports.parse = 2;`,
};
const typedImport = `import old from 'old'; export const typed: number = (old as unknown as { parse: number }).parse;`;

test('the default import of a CommonJS package is what it exports, in TypeScript and in packages too', async () => {
  for (const facts of ['{ "type": "module" }', '{}']) {
    using project = newProject({
      ...oldPackage,
      'package.json': facts,
      'flow.mjs': `${begin}import { typed } from './typed.ts'; import { packed } from 'packed';
        task('types', () => [typed, packed]);`,
      'typed.ts': typedImport,
      'node_modules/packed/package.json':
        '{ "name": "packed", "version": "1.0.0", "type": "module", "main": "index.js" }',
      'node_modules/packed/index.js': `import old from 'old'; export const packed = old.parse;`,
    });
    const { run } = await project.bundled();

    assert.deepEqual(await run('types'), [2, 2]);
  }
});

test('it is the default of that where a loader has made CommonJS of the module, as tsx does', async () => {
  using project = newProject({
    ...oldPackage,
    'flow.mjs': `${begin}import { typed } from './typed.ts'; task('types', () => typed ?? 'of 1');`,
    'typed.ts': typedImport,
  });
  const source = `Object.defineProperty(exports, '__esModule', { value: true }); exports.typed = undefined;`;
  const hooks = registerHooks({
    load: (url, context, next) =>
      url.endsWith('typed.ts') ? { format: 'commonjs', source, shortCircuit: true } : next(url, context),
  });
  createRequire(join(project.path, 'flow.mjs'))('./typed.ts');
  hooks.deregister();
  const { run } = await project.bundled();

  assert.equal(await run('types'), 'of 1');
});

test('what is imported and not used is imported', async () => {
  using project = newProject({
    'flow.mjs': `${begin}import './typed.ts'; import { all } from './list.mjs'; task('all', () => all);`,
    'typed.ts': `import { Used } from './sets.ts'; const of: Used | undefined = undefined; export { of };`,
    'sets.ts': `import { all } from './list.mjs'; all.push('run'); export class Used {}`,
    'list.mjs': `export const all = [];`,
  });
  const { run } = await project.bundled();

  assert.deepEqual(await run('all'), ['run']);
});

test('types that a loader has let pass for values do no harm', async () => {
  using project = newProject({
    'flow.mjs': `${begin}import { of } from './typed.ts'; task('of', () => of);`,
    'typed.ts': `import { Used } from 'typed'; import { Own } from './types.ts'; export const of: Used & Own = 1;`,
    'types.ts': `export type Own = number;`,
    'node_modules/typed/package.json': '{ "name": "typed", "version": "1.0.0", "type": "module", "main": "index.js" }',
    'node_modules/typed/index.js': 'export const other = 1;',
  });
  const { run } = await project.bundled();

  assert.equal(await run('of'), 1);
});

test('drivers that a package loads by a name of the user come along, where they are installed', async () => {
  const meta = '"peerDependenciesMeta": { "driver-a": { "optional": true }, "driver-b": { "optional": true } }';
  using project = newProject({
    'flow.mjs': `${begin}import { open } from 'database'; task('open', () => open('driver-a'));`,
    'node_modules/database/package.json': `{ "name": "database", "version": "1.0.0", "main": "index.js", ${meta} }`,
    'node_modules/database/index.js': 'exports.open = (name) => require(name);',
    'node_modules/driver-a/package.json': '{ "name": "driver-a", "version": "1.0.0", "main": "index.js" }',
    'node_modules/driver-a/index.js': `module.exports = 'a';`,
  });
  const { run } = await project.bundled();
  project.withoutAll();

  assert.equal(await run('open'), 'a');
});

test('a file is found by its URL, and settings of one machine are in no folder that comes along', async () => {
  using project = newProject({
    'flow.mjs': `${begin}import { readdirSync, readFileSync } from 'node:fs';
      const folder = new URL('./a%20folder/', import.meta.url);
      task('read', () => String(readFileSync(new URL('./a%20file.txt?of=1', import.meta.url))));
      task('list', () => readdirSync(folder).sort());`,
    'a file.txt': 'read',
    'a folder/.env': 'SECRET=1',
    'a folder/.env.local': 'SECRET=2',
    'a folder/.envelope': '',
  });
  const { run } = await project.bundled();

  assert.deepEqual([await run('read'), await run('list')], ['read', ['.envelope']]);
});

test('a package beside the project finds what lies above both', async () => {
  const files = {
    'packages/app/package.json': '{ "type": "module" }',
    'packages/app/flow.mjs': `${begin}import { createRequire } from 'node:module';
      task('use', () => createRequire(import.meta.url)('core'));`,
    'packages/core/package.json':
      '{ "name": "core", "version": "1.0.0", "main": "index.js", "dependencies": { "above": "1" } }',
    'packages/core/index.js': `module.exports = ['core', require('above')];`,
    'node_modules/above/package.json': '{ "name": "above", "version": "1.0.0", "main": "index.js" }',
    'node_modules/above/index.js': `module.exports = 'above';`,
  };
  using project = newProject(files, 'packages/app');
  symlinkSync('../packages/core', join(project.path, 'node_modules/core'));
  const { run } = await project.bundled();
  project.withoutAll();

  assert.deepEqual(await run('use'), ['core', 'above']);
});

test('what several modules of tasks import is there once, and runs when the first of them needs it', async () => {
  using project = newProject({
    'flow.mjs': `${begin}import { Client } from './client.mjs'; import './order.mjs';
      task('made', () => (globalThis.made = new Client()) instanceof Client);`,
    'other.mjs': `${begin}import { Client } from './client.mjs';
      task('known', () => globalThis.made instanceof Client);
      task('runs', () => globalThis.runs);`,
    'client.mjs': `export class Client {}; (globalThis.runs ??= []).push('client');`,
    'order.mjs': `globalThis.runs.push('order');`,
  });
  const { run } = await project.bundled('other.mjs');

  assert.deepEqual(await run('runs', 'other.mjs'), ['client']);
  assert.equal(await run('made'), true);
  assert.equal(await run('known', 'other.mjs'), true);
  assert.deepEqual(await run('runs', 'other.mjs'), ['client', 'order']);
});

test('tasks belong to the module that made them, also where modules wait for something as they are loaded', async () => {
  using project = newProject({
    'flow.mjs': `${begin}import { slow } from './slow.mjs'; await null; task('first', () => slow);`,
    'other.mjs': `${begin}import { slow } from './slow.mjs'; task('before', () => 0); await null;
      task('second', () => slow + 1);`,
    'slow.mjs': `${begin}await null; task('of-slow', () => 0); await null; export const slow = 1;`,
  });
  const { run } = await project.bundled('other.mjs', 'slow.mjs');
  const wanted = [['first'], ['second', 'other.mjs'], ['before', 'other.mjs'], ['of-slow', 'slow.mjs']] as const;

  assert.deepEqual(await Promise.all(wanted.map(([name, module]) => run(name, module))), [1, 2, 0, 0]);
});

test('a module that does not end holds up nobody who does not import it', async () => {
  using project = newProject({
    'flow.mjs': `${begin}import { word } from './word.mjs'; task('early', () => word); await new Promise(() => {});`,
    'other.mjs': `${begin}import { word } from './word.mjs'; task('other', () => word);`,
    'word.mjs': `export const word = 'word';`,
  });
  const { run } = await project.bundled('other.mjs');
  const early = run('early');

  assert.equal(await run('other', 'other.mjs'), 'word');
  assert.equal(await Promise.race([early, Promise.resolve('not yet')]), 'not yet');
});

test('a CommonJS module finds modules by name from its own place', async () => {
  using project = newProject({
    'flow.mjs': `${begin}import { found } from './deep/common.cjs'; task('found', () => found());`,
    'deep/common.cjs': `exports.found = () => require(require.resolve('./lazy.cjs')).word;`,
    'deep/lazy.cjs': `exports.word = 'lazy';`,
  });
  const { run } = await project.bundled();
  project.withoutAll();

  assert.equal(await run('found'), 'lazy');
});

test('a module that is imported by its URL is the one that others import by its name', async () => {
  using project = newProject({
    'flow.mjs': `${begin}import { names, Shape } from './registry.mjs';
      const plugins = { circle: import.meta.resolve('./plugins/circle.ts') };
      const load = async (url) => { const { Made } = await import(url); return new Made() instanceof Shape; };
      task('by-name', async () => [await load(plugins.circle), names]);
      task('by-url', () => load(new URL('./plugins/square.mjs', import.meta.url)));`,
    'registry.mjs': 'export class Shape {}; export const names = [];',
    'plugins/circle.ts': `import { names, Shape } from '../registry.mjs'; names.push('circle');
      export class Made extends Shape {}`,
    'plugins/square.mjs': `import { Shape } from '../registry.mjs'; export class Made extends Shape {}`,
  });
  const { run } = await project.bundled();

  assert.deepEqual([await run('by-name'), await run('by-url')], [[true, ['circle']], true]);
});

test('a package that can do without its native code comes along, and does without', async () => {
  using project = newProject({
    'flow.mjs': `${begin}import fast from 'fast'; task('use', () => fast);`,
    'node_modules/fast/package.json': '{ "name": "fast", "version": "1.0.0", "main": "index.js" }',
    'node_modules/fast/index.js': `try { module.exports = require('./fast.node'); } catch { module.exports = 'slow'; }`,
    'node_modules/fast/fast.node': 'native',
  });
  const { run } = await project.bundled();
  project.withoutAll();

  assert.equal(await run('use'), 'slow');
});

test('a package makes tasks that says nothing of heddle', async () => {
  using project = newProject({
    'flow.mjs': `${begin}import 'tasks'; task('say', () => 'flow');`,
    'node_modules/tasks/package.json': '{ "name": "tasks", "version": "1.0.0", "type": "module" }',
    'node_modules/tasks/index.js': `${begin}task('packed', () => 'packed');`,
  });
  const { run } = await project.bundled('node_modules/tasks/index.js');

  assert.equal(await run('packed', 'node_modules/tasks/index.js'), 'packed');
});

test('modules that import each other, and one that waits for something as it is loaded, do not wait for ever', async () => {
  using project = newProject({
    'flow.mjs': `${begin}import { first } from './first.mjs'; task('both', () => first());`,
    'other.mjs': `${begin}import { second } from './second.mjs'; task('second', () => second());`,
    'first.mjs': `import { slow } from './slow.mjs'; import { second } from './second.mjs';
      export const first = () => [slow, second()]; export const word = 'first';`,
    'second.mjs': `import { word } from './first.mjs'; import { slow } from './slow.mjs';
      export const second = () => [word, slow];`,
    'slow.mjs': `await null; export const slow = 'slow';`,
  });
  const { run } = await project.bundled('other.mjs');

  const expected = ['first', 'slow'];
  assert.deepEqual(await Promise.all([run('both'), run('second', 'other.mjs')]), [['slow', expected], expected]);
});

test('a module that is required, and throws or returns early, is not taken for who required it', async () => {
  using project = newProject({
    'flow.cjs': `'use strict'
      const { task } = require('heddle');
      try { require('./throws.cjs'); } catch {}
      const early = require('./returns.cjs');
      try { require('./not-there.cjs'); } catch ({ code }) { exports.code = code; }
      task('said', () => [early, exports.code]);`,
    'flow.mjs': `import './flow.cjs';`,
    'throws.cjs': `throw new Error('no');`,
    'returns.cjs': `module.exports = 1; if (module.exports === 1) return; module.exports = 2;`,
  });
  const { run } = await project.bundled('flow.cjs');
  project.withoutAll();

  assert.deepEqual(await run('said', 'flow.cjs'), [1, 'MODULE_NOT_FOUND']);
});

test('texts and places are what they were, whatever stands on the first line', async () => {
  const made = (line: string) =>
    `${line}import { task } from 'heddle'; task('thrown', () => { throw new Error('/* @__PURE__ */ no'); });`;
  using project = newProject({
    'flow.mjs': made(''),
    'hashbang.mjs': made('#!/usr/bin/env node\n'),
    'typed.ts': made('const typed: number = 1; '),
    'plain.mjs': `const __dirname = import.meta.dirname; ${made('')} export { __dirname };`,
  });
  const modules = { 'flow.mjs': 1, 'hashbang.mjs': 2, 'typed.ts': 1, 'plain.mjs': 1 };
  const { run } = await project.bundled(...Object.keys(modules).slice(1));

  for (const [module, line] of Object.entries(modules)) {
    const text = readFileSync(join(project.path, module), 'utf8').split('\n')[line - 1]!;
    const error = await run('thrown', module).then(String, (thrown: Error) => thrown);
    assert.ok(error instanceof Error);
    assert.equal(error.message, '/* @__PURE__ */ no');
    const place = `${module}:${line}:${text.indexOf('new Error') + 1}`;
    assert.ok(error.stack!.includes(place), `${place} in ${error.stack}`);
  }
});

test('who imports a package that is not sent keeps nobody from running who does not', async () => {
  using project = newProject({
    'flow.mjs': `${begin}import { word } from './word.mjs'; task('plain', () => word);`,
    'other.mjs': `${begin}import { word } from './word.mjs'; import './native.ts'; task('native', () => word);`,
    'late.mjs': `${begin}import { word } from './word.mjs';
      task('late', async () => [word, await import('./native.ts').catch(() => 'not there')]);`,
    'word.mjs': `export const word = 'word';`,
    'native.ts': `import native from 'native'; export { native };`,
    'node_modules/native/package.json': '{ "name": "native", "version": "1.0.0", "main": "index.js", "gypfile": true }',
    'node_modules/native/index.js': 'module.exports = 1;',
  });
  const { run } = await project.bundled('other.mjs', 'late.mjs');
  project.withoutAll();
  using _ = startedIn(join(project.path, 'worker'));

  assert.equal(await run('plain'), 'word');
  await assert.rejects(run('native', 'other.mjs'), /this worker has no package 'native'/);
});

test('a file that was edited is told of, though another module was loaded later', async (t) => {
  using project = newProject({
    'flow.mjs': `${begin}import { word } from './word.mjs'; task('early', () => word);`,
    'word.mjs': `export const word = 'old';`,
    'later.mjs': `${begin}task('late', () => 1);`,
  });
  const load = (name: string) => fingerprintOf(pathToFileURL(join(project.path, name)).href);
  load('flow.mjs');
  const edited = new Date(Date.now() + 1_000);
  writeFileSync(join(project.path, 'word.mjs'), `export const word = 'new';`);
  utimesSync(join(project.path, 'word.mjs'), edited, edited);
  t.mock.timers.enable({ apis: ['Date'], now: edited.getTime() + 1_000 });
  load('later.mjs');

  await assert.rejects(project.bundled('later.mjs'), /word\.mjs was changed after the flow's process had loaded it/);
});

test('who cannot be bundled keeps nobody else from being sent', async () => {
  using project = newProject({
    'flow.mjs': `${begin}import { word } from './word.mjs'; task('sent', () => word);`,
    'word.mjs': `export const word = 'word';`,
    'broken.mjs': `import './sloppy.cjs';`,
    'sloppy.cjs': `with ({}) {}`,
  });
  const urlOf = (name: string) => pathToFileURL(join(project.path, name)).href;
  const [flow, broken] = [urlOf('flow.mjs'), urlOf('broken.mjs')];
  const ofFlow = { module: flow, path: 'flow.mjs', fingerprint: fingerprintOf(flow), also: [broken] };
  const ofBroken = { module: broken, path: 'broken.mjs', fingerprint: fingerprintOf(broken), also: [flow] };

  assert.match((await bundleOf(ofFlow)).id, /^[0-9a-f]{32}$/);
  await assert.rejects(bundleOf(ofBroken), /sloppy\.cjs cannot be bundled for remote workers: With statements/);
});
