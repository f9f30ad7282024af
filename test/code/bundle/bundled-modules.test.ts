// What modules are and do in a bundle must be what they are and do outside of it: here each test writes a project, bundles
// its flow.mjs, and looks for tasks in the bundle as a worker does.

import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { inspectSerializable } from 'heddle';
import { fingerprintOf } from '../../../src/code/registry.ts';
import { addModule, newProject, startedIn } from './bundled-project.ts';

test('a task that is made behind an import that is awaited belongs to its own module', async () => {
  using project = newProject({
    'flow.mjs': `import { task } from 'heddle';
      const { word } = await import('./lazy.ts');
      export const say = task('say', () => word);`,
    'lazy.ts': `import { task } from 'heddle';
      export const word = 'lazy';
      export const own = task('own', () => 'own');`,
  });
  const bundled = await project.bundled();

  assert.equal(await bundled.run('say'), 'lazy');
  assert.equal(await bundled.run('own', 'lazy.ts'), 'own');
});

test('so do those of modules that are imported at the same time, wait for something, or throw', async () => {
  const waiting = (name: string, ms: number) =>
    `import { task } from 'heddle'; import { setTimeout } from 'node:timers/promises';
    await setTimeout(${ms}); task('say', () => '${name}');`;
  using project = newProject({
    'flow.mjs': `import { task } from 'heddle';
      await Promise.all([import('./slow.ts'), import('./fast.ts'), import('./bad.ts').catch(() => {})]);
      task('say', () => 'flow');`,
    'slow.ts': waiting('slow', 20),
    'fast.ts': waiting('fast', 5),
    'bad.ts': `throw new Error('bad');`,
  });
  const bundled = await project.bundled();

  assert.deepEqual(
    [await bundled.run('say'), await bundled.run('say', 'slow.ts'), await bundled.run('say', 'fast.ts')],
    ['flow', 'slow', 'fast'],
  );
});

test('a module that is required in the middle of another takes nothing from that', async () => {
  using project = newProject({
    'flow.mjs': `import { createRequire } from 'node:module'; import { task } from 'heddle'; import './outer.cjs';
      task('say', () => 'flow');`,
    'outer.cjs': `const { task } = require('heddle'); const { word } = require('./inner.cjs'); task('say', () => word);`,
    'inner.cjs': `exports.word = 'inner';`,
  });
  const bundled = await project.bundled();

  assert.equal(await bundled.run('say'), 'flow');
  assert.equal(await bundled.run('say', 'outer.cjs'), 'inner');
});

test('what Node itself cannot run is compiled as tsconfig.json says, and all else is what Node makes of it', async () => {
  const loud = `const loud = (prototype: object, name: string, property: PropertyDescriptor) => {
      const { value } = property;
      property.value = () => value().toUpperCase();
    };`;
  using project = newProject({
    'tsconfig.json': `{ "compilerOptions":
      { "experimentalDecorators": true, "target": "es2020", "jsx": "react", "jsxFactory": "element" } }`,
    'flow.mjs': `import { task } from 'heddle'; import { Shout } from './shout.ts'; import { Place } from './place.ts';
      import { view } from './view.tsx'; import { Plain } from './plain.ts';
      task('say', () => [new Shout().word(), new Place().word(), view, new Plain().word]);`,
    'shout.ts': `${loud} export class Shout { @loud word() { return 'shout'; } }`,
    'place.ts': `${loud} export class Place { @loud word() { return typeof import.meta.url; } }`,
    'view.tsx': `const element = (name: string, _: object, text: string) => [name, text]; export const view = <b>text</b>;`,
    // In an older target the field would keep what is assigned to it before it is declared.
    'plain.ts': `/** @see Base */
      class Base { constructor() { this.fill(); } fill() {} }
      export class Plain extends Base { word?: string; override fill() { this.word = 'filled'; } }`,
  });

  assert.deepEqual(await (await project.bundled()).run('say'), ['SHOUT', 'STRING', ['b', 'text'], undefined]);
});

test('it is told where tsconfig.json wants metadata of decorators, which bundles have not', async () => {
  const files = {
    'config/base.json': `{ "compilerOptions": { "experimentalDecorators": true,
      "emitDecoratorMetadata": true } }`,
    'flow.mjs': `import { task } from 'heddle'; import './entities/person.ts'; import './plain.ts'; task('say', () => 1);`,
    'entities/person.ts': `const column = (_: object, __: string) => {}; export class Person { @column name!: string; }`,
    'plain.ts': 'export const plain: number = 1;',
  };
  const warningsWith = async (tsconfig: string) => {
    using project = newProject({ ...files, 'tsconfig.json': tsconfig });
    return (await project.bundled()).warnings;
  };

  const [told, ...others] = await warningsWith('{ "extends": "./config/base" }');
  assert.match(told!, /^tsconfig\.json says "emitDecoratorMetadata", .* \(DECORATOR_METADATA\)$/);
  assert.deepEqual(others, []);
  for (const own of ['"emitDecoratorMetadata": false', '// "emitDecoratorMetadata": true\n']) {
    assert.deepEqual(await warningsWith(`{ "compilerOptions": { "experimentalDecorators": true, ${own} } }`), []);
  }
});

test('modules that import each other run in the order in which they did, whatever else comes along', async () => {
  const files = {
    'flow.mjs': `import { task } from 'heddle'; import { times } from './table.mjs'; import './only-here.mjs';
      export const factor = 3; const table = times(2);
      task('say', () => table());`,
    'table.mjs': `import { factor } from './flow.mjs';
      export const times = (x) => () => x * factor;`,
    'only-here.mjs': `globalThis.order = [...(globalThis.order ?? []), 'only-here'];`,
    'other.mjs': `import { task } from 'heddle'; task('other', () => globalThis.order);`,
  };
  using project = newProject(files);
  const bundled = await project.bundled('other.mjs', 'table.mjs');

  assert.equal(await bundled.run('say'), 6);
  assert.deepEqual(await bundled.run('other', 'other.mjs'), ['only-here']);
});

test('of one that is the first of them in its bundle only, and so fails, that is told', async () => {
  using project = newProject({
    'flow.mjs': `import { task } from 'heddle'; import { factor } from './main.mjs';
      export const say = task('say', () => factor);`,
    'main.mjs': `import { say } from './flow.mjs'; export const factor = 2; say.with({ name: 'again' });`,
  });
  const bundled = await project.bundled();

  await assert.rejects(
    bundled.run('say'),
    /: TypeError: .* If it and other modules import each other, it is the first/,
  );
});

test('packages are resolved by the conditions of Node, and those that the process was started with', async (t) => {
  const exported = (condition: string) =>
    `{ "exports": { "${condition}": "./special.mjs", "default": "./plain.mjs" } }`;
  const files = (name: string, condition: string) => ({
    [`node_modules/${name}/package.json`]: exported(condition),
    [`node_modules/${name}/special.mjs`]: `export const word = 'special';`,
    [`node_modules/${name}/plain.mjs`]: `export const word = 'plain';`,
  });
  using project = newProject({
    'flow.mjs': `import { task } from 'heddle'; import * as own from 'own'; import * as sync from 'sync';
      import * as other from 'other'; task('say', () => [own.word, sync.word, other.word]);`,
    ...files('own', 'as-developed'),
    ...files('sync', 'module-sync'),
    ...files('other', 'as-published'),
  });
  const { NODE_OPTIONS } = process.env;
  t.after(() => Object.assign(process.env, { NODE_OPTIONS: NODE_OPTIONS ?? '' }));
  process.env['NODE_OPTIONS'] = '--enable-source-maps -C as-developed';

  assert.deepEqual(await (await project.bundled()).run('say'), ['special', 'special', 'plain']);
});

test('a module that was changed since the task was made is not bundled, however it is imported', async () => {
  using project = newProject({
    'flow.mjs': `import { task } from 'heddle'; import { word } from './inner.mjs'; task('say', () => word);`,
    'inner.mjs': `export { word } from './innermost.mjs';`,
    'innermost.mjs': `export const word = 'old';`,
  });
  fingerprintOf(pathToFileURL(join(project.path, 'flow.mjs')).href);
  const later = new Date(Date.now() + 1_000);
  writeFileSync(join(project.path, 'innermost.mjs'), `export const word = 'new';`);
  utimesSync(join(project.path, 'innermost.mjs'), later, later);

  await assert.rejects(project.bundled(), {
    code: 'BUNDLE_FAILED',
    message: /innermost\.mjs was changed after the flow's process had loaded it; start the flow again/,
  });
});

test('data, bytes of WebAssembly and files of packages come along', async () => {
  using project = newProject({
    'flow.mjs': `import { readFileSync } from 'node:fs'; import { task } from 'heddle';
      import facts from './facts.json' with { type: 'json' };
      const read = (url) => readFileSync(url);
      task('say', async () => {
        const { instance } = await WebAssembly.instantiate(read(new URL('./add.wasm', import.meta.url)));
        return [facts.a, instance.exports.add(2, 3), String(read(new URL('data.txt', import.meta.resolve('words'))))];
      });`,
    'facts.json': '{ "a": 1 }',
    'add.wasm': addModule,
    'node_modules/words/package.json': '{ "name": "words", "version": "1.0.0", "main": "index.js" }',
    'node_modules/words/index.js': '',
    'node_modules/words/data.txt': 'words',
  });
  const bundled = await project.bundled();

  assert.deepEqual(await bundled.run('say'), [1, 5, 'words']);
});

test('a folder comes along with all that is in it, and what links in it lead to', async () => {
  using project = newProject({
    'flow.mjs': `import { readdirSync, readFileSync } from 'node:fs'; import { task } from 'heddle';
      const folder = new URL('./data/', import.meta.url);
      task('list', () => readdirSync(folder, { recursive: true }).sort());
      task('read', () => String(readFileSync(new URL('linked/a.txt', folder))));`,
    'data/tiles.map': '',
    'data/types.d.ts': '',
    'elsewhere/a.txt': 'a',
  });
  const link = (name: string, target: string) => symlinkSync(target, join(project.path, 'data', name));
  link('linked', '../elsewhere');
  link('itself', '.');
  link('loop', 'loop');
  link('nowhere', '../gone');
  const bundled = await project.bundled();

  assert.deepEqual(await bundled.run('list'), ['linked', 'linked/a.txt', 'tiles.map', 'types.d.ts']);
  assert.equal(await bundled.run('read'), 'a');
});

test('files of a project that are called like those of a bundle come along', async () => {
  using project = newProject({
    'flow.mjs': `import { readFileSync } from 'node:fs'; import { createRequire } from 'node:module';
      import { task } from 'heddle';
      const { own } = createRequire(import.meta.url)('./bundle.mjs');
      task('read', () => [own, String(readFileSync(new URL('./manifest.json', import.meta.url)))]);`,
    'bundle.mjs': 'export const own = 1;',
    'manifest.json': '{}',
  });
  const bundled = await project.bundled();

  assert.deepEqual(await bundled.run('read'), [1, '{}']);
});

const nativePackage = {
  'node_modules/native-code/package.json': '{ "name": "native-code", "version": "1.2.3", "main": "index.js" }',
  'node_modules/native-code/binding.gyp': '{}',
  'node_modules/native-code/index.js': 'exports.fast = true;',
};

test('a package with native code stays outside, and the worker says what to install', async () => {
  using project = newProject({
    ...nativePackage,
    'flow.mjs': `import { fast } from 'native-code'; import { task } from 'heddle'; task('say', () => fast);`,
  });
  const bundled = await project.bundled();
  project.without('node_modules');

  await assert.rejects(bundled.run('say'), {
    code: 'EXTERNAL_MISSING',
    package: 'native-code',
    version: '1.2.3',
    command: 'npm i native-code@1.2.3',
    message:
      /^a worker could not import flow\.mjs to find task 'say': this worker has no package 'native-code'.*native code.*started in, and restart the worker: npm i native-code@1\.2\.3$/s,
  });
});

test('where a module fails that looked for such a package in vain, that is told', async () => {
  using project = newProject({
    ...nativePackage,
    'flow.mjs': `import { createRequire } from 'node:module'; import { task } from 'heddle';
      import './drawing.mjs';
      task('draw', () => new globalThis.Canvas());`,
    'drawing.mjs': `import { createRequire } from 'node:module';
      try { globalThis.Matrix = createRequire(import.meta.url)('native-code').Matrix; } catch {}
      export const unit = new Matrix();`,
  });
  const bundled = await project.bundled();
  project.without('node_modules');

  await assert.rejects(bundled.run('draw'), {
    code: 'TASK_MODULE_FAILED',
    message:
      /Matrix is not defined\..* safe to run there\. It has looked in vain for 'native-code': .*: npm i native-code@1\.2\.3$/,
  });
});

test('other packages that are to be installed are told as well, so that one restart is enough', async () => {
  const other = (name: string) => ({
    [`node_modules/${name}/package.json`]: `{ "name": "${name}", "version": "1.0.0", "main": "index.js", "gypfile": true }`,
    [`node_modules/${name}/index.js`]: '',
  });
  using project = newProject({
    ...nativePackage,
    ...other('more-native'),
    ...other('there'),
    'worker/node_modules/there/package.json': '{}',
    'flow.mjs': `import { fast } from 'native-code'; import 'more-native'; import 'there'; import { task } from 'heddle';
      task('say', () => fast);`,
  });
  using _ = startedIn(join(project.path, 'worker'));
  const bundled = await project.bundled();
  project.without('node_modules');

  await assert.rejects(bundled.run('say'), {
    code: 'EXTERNAL_MISSING',
    command: 'npm i native-code@1.2.3',
    message: /: npm i native-code@1\.2\.3 \(not here either, if they are needed: more-native@1\.0\.0\)$/,
  });
});

test('one that is a link in the project, as with pnpm, and is loaded by name, is that of the worker', async () => {
  using project = newProject({
    'packages/native-code/package.json': nativePackage['node_modules/native-code/package.json'],
    'packages/native-code/binding.gyp': '{}',
    'packages/native-code/index.js': '',
    'worker/node_modules/native-code/package.json': '{ "main": "index.js" }',
    'worker/node_modules/native-code/index.js': `exports.word = 'of the worker';`,
    'flow.mjs': `import { createRequire } from 'node:module'; import { task } from 'heddle';
      const load = createRequire(import.meta.url);
      task('say', () => load('native-code').word);`,
  });
  mkdirSync(join(project.path, 'node_modules'));
  symlinkSync('../packages/native-code', join(project.path, 'node_modules/native-code'));
  using _ = startedIn(join(project.path, 'worker'));
  const bundled = await project.bundled();
  project.without('node_modules');
  project.without('packages');

  assert.equal(await bundled.run('say'), 'of the worker');
});

test('a task that its bundle does not define is refused with the module as its author knows it', async () => {
  using project = newProject({ 'flow.mjs': `import { task } from 'heddle'; task('say', () => 1);` });
  const bundled = await project.bundled();

  await assert.rejects(bundled.run('shout'), {
    code: 'TASK_NOT_FOUND',
    message: /^a worker imported [^!:]*flow\.mjs, but no task 'shout' was defined while it loaded; /,
  });
});

test('so it does where a task loads the package, and who can do without goes on', async () => {
  using project = newProject({
    ...nativePackage,
    'flow.mjs': `import { task } from 'heddle';
      const optional = await import('native-code').catch((error) => error.code);
      task('say', async () => { await import('native-code'); });
      task('without', () => optional);`,
  });
  const bundled = await project.bundled();
  project.without('node_modules');

  assert.equal(await bundled.run('without'), 'ERR_MODULE_NOT_FOUND');
  await assert.rejects(bundled.run('say'), {
    code: 'ERR_MODULE_NOT_FOUND',
    message: /has no package 'native-code'.* npm i native-code@1\.2\.3$/s,
  });
});

test('tasks that a package makes are found in a bundle', async () => {
  using project = newProject({
    'flow.mjs': `import { task } from 'heddle'; import 'tasks'; task('say', () => 'flow');`,
    'node_modules/tasks/package.json':
      '{ "name": "tasks", "version": "1.0.0", "type": "module", "peerDependencies": { "heddle": "*" } }',
    'node_modules/tasks/index.js': `import { task } from 'heddle'; task('packed', () => 'packed');`,
  });
  const bundled = await project.bundled('node_modules/tasks/index.js');

  assert.equal(await bundled.run('packed', 'node_modules/tasks/index.js'), 'packed');
  assert.equal(await bundled.run('say'), 'flow');
});

test('of what a bundled package makes, its version is told where the package itself is not', async () => {
  using project = newProject({
    'flow.mjs': `import { Client } from 'some-client'; import { task } from 'heddle'; task('say', () => new Client());`,
    'node_modules/some-client/package.json': '{ "name": "some-client", "version": "4.5.6", "main": "index.js" }',
    'node_modules/some-client/index.js': `exports.Client = class Client { query = () => 1; };`,
  });
  const bundled = await project.bundled();
  project.without('node_modules');

  const { problems } = await inspectSerializable({ db: await bundled.run('say') });

  assert.deepEqual(
    problems.map(({ path, what }) => [path, what]),
    [['value.db', 'is a Client (some-client 4.5.6), which holds a function in .query']],
  );
});
