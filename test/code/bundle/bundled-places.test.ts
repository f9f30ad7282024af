// What code looks for beside itself, or by names that it computes, is in a bundle where it is outside of it; or it is
// told what to do. Each test writes a project and bundles its flow.mjs; then the project is gone, as for a remote worker.

import assert from 'node:assert/strict';
import { cpSync, globSync, readFileSync, realpathSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { notInBundle } from '../../../src/code/bundle/not-in-bundle.ts';
import { addModule, newProject, type Bundled } from './bundled-project.ts';

type Files = Readonly<Record<string, string | Uint8Array>>;

/** A dependency in CommonJS that does all that one may do with its own place. */
const dependency: Files = {
  'node_modules/dep/package.json': '{ "name": "dep", "version": "1.0.0", "dependencies": { "inner": "1" } }',
  'node_modules/dep/index.js': `const { readFileSync } = require('fs');
    exports.name = require('path').basename(__filename);
    exports.data = () => readFileSync(__dirname + '/data.txt', 'utf8');
    exports.by = (name) => require('./' + name);
    exports.resolve = () => readFileSync(require.resolve('./lazy.js'), 'utf8');
    exports.inner = require('inner');`,
  'node_modules/dep/lazy.js': `module.exports = 'lazy';`,
  'node_modules/dep/data.txt': 'data',
  'node_modules/inner/package.json': '{ "name": "inner", "version": "1.0.0" }',
  'node_modules/inner/index.js': `exports.inner = true;`,
};

test('a dependency finds its files, by whatever means, and what it depends on is the same for all', async () => {
  const bundled = await shipped({
    ...dependency,
    'flow.mjs': `import { task } from 'heddle'; import dep from 'dep'; import inner from 'inner';
      task('say', () => [dep.name, dep.data(), dep.by('lazy'), dep.resolve(), dep.inner === inner]);`,
  });

  assert.deepEqual(await bundled.run('say'), ['index.js', 'data', 'lazy', `module.exports = 'lazy';`, true]);
});

test('so it does by another name of require(), as moment does for its locales', async () => {
  const bundled = await shipped({
    'flow.mjs': `import { task } from 'heddle'; import dep from 'dep'; task('say', () => dep('de'));`,
    'node_modules/dep/package.json': '{ "name": "dep", "version": "1.0.0", "main": "index.js" }',
    'node_modules/dep/index.js': `module.exports = (name) => {
        try { const load = require; return load('./locale/' + name); } catch { return 'en'; }
      };`,
    'node_modules/dep/locale/de.js': `module.exports = 'de';`,
  });

  assert.equal(await bundled.run('say'), 'de');
});

test('one that only asks what a build tool has for it comes with no more than is imported of it', async () => {
  using project = newProject({
    'flow.mjs': `import { task } from 'heddle'; import { mode } from 'dep'; task('mode', () => mode);`,
    'node_modules/dep/package.json': '{ "name": "dep", "version": "1.0.0", "type": "module", "main": "index.js" }',
    'node_modules/dep/index.js': `if (import.meta.hot) import.meta.hot.accept();
      export const mode = import.meta.env?.MODE ?? import.meta?.env?.OTHER ?? 'none';`,
    'node_modules/dep/large.js': '',
  });
  const bundled = await project.bundled();

  assert.equal(await bundled.run('mode'), 'none');
  assert.deepEqual(globSync('code/**/dep/*', { cwd: project.path }), []);
});

test('so it does where packages are links, as pnpm lays them out', async () => {
  const pnpm = 'node_modules/.pnpm';
  const bundled = await shipped(
    Object.fromEntries([
      ...Object.entries(dependency).map(([path, text]) => [
        path.replace(/^node_modules\/(\w+)/, `${pnpm}/$1@1/node_modules/$1`),
        text,
      ]),
      ['flow.mjs', `import { task } from 'heddle'; import dep from 'dep'; task('say', () => [dep.data(), dep.inner]);`],
    ]),
    (path) => {
      symlinkSync(join(path, pnpm, 'dep@1/node_modules/dep'), join(path, 'node_modules/dep'));
      symlinkSync(join(path, pnpm, 'inner@1/node_modules/inner'), join(path, pnpm, 'dep@1/node_modules/inner'));
    },
  );

  assert.deepEqual(await bundled.run('say'), ['data', { inner: true }]);
});

test('what createRequire() and import.meta.resolve() find is there, with what it imports', async () => {
  const bundled = await shipped({
    ...dependency,
    'flow.mjs': `import { readFileSync } from 'node:fs'; import { createRequire } from 'node:module';
      import { task } from 'heddle';
      const require = createRequire(import.meta.url);
      task('required', () => [require('dep').data(), require('./data.json').a, require('./own.cjs').word]);
      task('resolved', async () => {
        const { default: dep } = await import(import.meta.resolve('dep'));
        return [dep.data(), readFileSync(new URL(import.meta.resolve("./note.txt")), 'utf8')];
      });`,
    'data.json': '{ "a": 1 }',
    'note.txt': 'note',
    'own.cjs': `exports.word = require('./word.cjs');`,
    'word.cjs': `module.exports = 'word';`,
  });

  assert.deepEqual(await bundled.run('required'), ['data', 1, 'word']);
  assert.deepEqual(await bundled.run('resolved'), ['data', 'note']);
  assert.deepEqual(bundled.warnings, []);
});

test('files and folders that a module names from its own come along, in CommonJS as well', async () => {
  const bundled = await shipped({
    'flow.mjs': `import { readdirSync, readFileSync } from 'node:fs'; import { join } from 'node:path';
      import { task } from 'heddle'; import { own } from './common.cjs';
      task('say', () => [
        readFileSync(join(import.meta.dirname, 'texts', 'a.txt'), 'utf8'),
        readFileSync(\`\${import.meta.dirname}/b.txt\`, 'utf8'),
        readdirSync(new URL('./folder', import.meta.url)),
        own(),
      ]);`,
    'texts/a.txt': 'a',
    'b.txt': 'b',
    'folder/c.txt': 'c',
    'folder/d.txt': 'd',
    'common.cjs': `const { readFileSync } = require('node:fs');
      exports.own = () => readFileSync(__dirname + '/e.txt', 'utf8') + require('node:path').basename(__filename);`,
    'e.txt': 'e',
  });

  assert.deepEqual(await bundled.run('say'), ['a', 'b', ['c.txt', 'd.txt'], 'ecommon.cjs']);
});

test('a CommonJS module knows its own place, and that others have loaded it', async () => {
  const bundled = await shipped({
    'flow.mjs': `import { task } from 'heddle'; import { about } from './deep/common.cjs'; task('about', () => about());`,
    'deep/common.cjs': `const { join, relative } = require('node:path');
      if (!module.parent || require.main === module) throw new Error('not a program');
      exports.about = () => [
        ...[module.filename, module.id, module.path].map((path) => relative(join(__dirname, '..'), path)),
        module.paths.includes(join(__dirname, '../node_modules')), module.loaded, module.require('./lazy.cjs').word,
      ];
      require.resolve('./lazy.cjs');`,
    'deep/lazy.cjs': `exports.word = 'lazy';`,
  });

  const path = join('deep', 'common.cjs');
  assert.deepEqual(await bundled.run('about'), [path, path, 'deep', true, true, 'lazy']);
});

test('what else is called `module`, or says the word, makes no CommonJS of a module', async () => {
  const bundled = await shipped({
    'flow.mjs': `import { task } from 'heddle'; import './own.ts'; import './awaiting.ts'; import './text.ts';
      task('say', () => globalThis.said);`,
    'own.ts': `globalThis.said = [];`,
    'awaiting.ts': `const module = await import('./word.ts'); said.push(module.word);`,
    'text.ts': `const { word } = await import('./word.ts'); said.push(word + ' of a module.');`,
    'word.ts': `export const word = 'word';`,
  });

  assert.deepEqual(await bundled.run('say'), ['word', 'word of a module.']);
});

test('a module that imports nothing may have a require() of its own', async () => {
  const bundled = await shipped({
    'flow.mjs': `import { task } from 'heddle'; import './own.ts'; task('say', () => globalThis.said);`,
    'own.ts': `const require = process.getBuiltinModule('node:module').createRequire(import.meta.url);
      globalThis.said = ['node:os', 'node:path'].map((name) => typeof require(name));`,
  });

  assert.deepEqual(await bundled.run('say'), ['object', 'object']);
});

test('a thread of its own is started from a module that it names, with what that imports', async () => {
  const bundled = await shipped({
    ...dependency,
    'flow.mjs': `import { once } from 'node:events'; import { Worker } from 'node:worker_threads';
      import { task } from 'heddle';
      task('say', async () => (await once(new Worker(new URL('./thread.mjs', import.meta.url)), 'message'))[0]);`,
    'thread.mjs': `import { parentPort } from 'node:worker_threads'; import dep from 'dep'; import { a } from './a.mjs';
      parentPort.postMessage([a, dep.data()]);`,
    'a.mjs': `export const a = 1;`,
  });

  assert.deepEqual(await bundled.run('say'), [1, 'data']);
});

test('a transport of pino runs in its thread', async () => {
  const bundled = await shipped(
    {
      'flow.mjs': `import { once } from 'node:events'; import pino from 'pino'; import { task } from 'heddle';
        task('say', async () => {
          const transport = pino.transport({ target: 'pino/file', options: { destination: '/dev/null' } });
          await once(transport, 'ready');
          transport.end();
          await once(transport, 'close');
          return 'closed';
        });`,
    },
    (path) => installed('pino', join(path, 'node_modules')),
  );

  assert.equal(await bundled.run('say'), 'closed');
});

test('WebAssembly is imported as a module', async () => {
  const bundled = await shipped({
    'flow.mjs': `import { task } from 'heddle'; import * as own from './add.wasm'; task('say', () => own.add(2, 3));`,
    'add.wasm': addModule,
  });

  assert.equal(await bundled.run('say'), 5);
});

test('an import by a name that is computed is told beforehand, and leads from the own folder to what is there', async () => {
  const bundled = await shipped({
    'flow.mjs': `import { task } from 'heddle';
      const name = (file) => './lib/' + file;
      import.meta.resolve("./lib/known.mjs");
      task('known', async () => (await import(name('known.mjs'))).default);
      task('of-node', async () => (await import(['node:path'].join())).sep);
      task('unknown', () => import(name('unknown.mjs')));`,
    'lib/known.mjs': `export default 'known';`,
    'lib/unknown.mjs': '',
  });

  assert.equal(await bundled.run('known'), 'known');
  assert.equal(await bundled.run('of-node'), '/');
  const told = notInBundle(await errorOf(bundled, 'unknown'));
  assert.equal(told?.code, 'NOT_IN_BUNDLE');
  assert.match(
    told.message,
    /^'\.\/lib\/unknown\.mjs' is not in the bundle .*, and flow\.mjs:6:29 imports it by a name that is computed\. .*: import\.meta\.resolve\("\.\/lib\/unknown\.mjs"\) brings it along.* --code module\.$/,
  );
  assert.deepEqual(
    bundled.warnings.map((warning) => warning.slice(0, warning.indexOf(' imports a module by a name'))),
    ['flow.mjs:4:40', 'flow.mjs:5:42', 'flow.mjs:6:29'],
  );
});

test('so it is of what is required, from where the module itself is', async () => {
  const bundled = await shipped({
    'flow.mjs': `import { task } from 'heddle'; import { createRequire } from 'node:module';
      import common from './deep/common.cjs';
      const require = createRequire(import.meta.url);
      const name = (file) => './deep/' + file;
      task('made', () => require(name('unknown.cjs')));
      for (const each of Object.keys(common)) task(each, common[each]);`,
    'deep/common.cjs': `const { join } = require('node:path');
      const name = (file) => './' + file;
      require.resolve('./known.cjs');
      exports.known = () => require(name('known.cjs'));
      exports.unknown = () => require(name('unknown.cjs'));
      exports.joined = () => require(join(__dirname, name('unknown.cjs')));
      exports.folder = () => require('./plugins/' + ['one.cjs'].join());
      exports.awaited = async () => require(await name('known.cjs'));`,
    'deep/known.cjs': `module.exports = 'known';`,
    'deep/unknown.cjs': '',
    'deep/plugins/one.cjs': `module.exports = 'one';`,
  });
  const toldOf = async (task: string) => notInBundle(await errorOf(bundled, task))?.message ?? '';

  assert.deepEqual(await Promise.all(['known', 'folder', 'awaited'].map((task) => bundled.run(task))), [
    'known',
    'one',
    'known',
  ]);
  const unknown = / is not in the bundle .*, and deep\/common\.cjs:\d:\d+ .* require\.resolve\("\.\/unknown\.cjs"\)/;
  assert.match(await toldOf('unknown'), unknown);
  assert.match(await toldOf('joined'), unknown);
  assert.match(await toldOf('made'), /, and flow\.mjs:5:\d+ .*import\.meta\.resolve\("\.\/deep\/unknown\.cjs"\)/);
  assert.deepEqual(
    bundled.warnings.map((warning) => warning.replace(/:(\d+):.* as in (.*)\("\..*$/, ':$1 $2')).toSorted(),
    [...[4, 5, 6, 8].map((line) => `deep/common.cjs:${line} require.resolve`), 'flow.mjs:5 import.meta.resolve'],
  );
});

test('a name may be waited for, and be made by what imports', async () => {
  const bundled = await shipped({
    'flow.mjs': `import { task } from 'heddle';
      const name = async () => import.meta.resolve("./name.mjs");
      task('say', async () => (await import(await import(await name()).then(({ other }) => other))).word);`,
    'name.mjs': `export const other = import.meta.resolve("./word.mjs");`,
    'word.mjs': `export const word = 'word';`,
  });

  assert.equal(await bundled.run('say'), 'word');
});

test('of a module in a folder that came along, and imports what did not, that is told', async () => {
  const bundled = await shipped({
    'flow.mjs': `import { task } from 'heddle'; import { load } from './deep/load.mjs';
      task('one', () => load('one.mjs'));`,
    'deep/load.mjs': `const folder = new URL('./plugins/', import.meta.url);
      export const load = (name) => import(new URL(name, folder).href);`,
    'deep/plugins/one.mjs': `export { word } from '../lib/word.mjs';`,
    'deep/lib/word.mjs': `export const word = 'word';`,
  });

  const told = notInBundle(await errorOf(bundled, 'one'));
  assert.match(
    told?.message ?? '',
    /^'\.\/lib\/word\.mjs', which '\.\/plugins\/one\.mjs' imports, is not in .*, and deep\/load\.mjs:2:\d+ imports that by a name/,
  );
  assert.match(
    told!.message,
    /: import\.meta\.resolve\("\.\/plugins\/one\.mjs"\) brings it along, with all that it imports,/,
  );
});

test('a file and a package that nobody named are told with what to do, and where they were asked for', async () => {
  const bundled = await shipped({
    ...dependency,
    'flow.mjs': `import { readFileSync } from 'node:fs'; import { createRequire } from 'node:module';
      import { task } from 'heddle';
      const [file, name] = ['data.csv', 'dep'];
      task('file', () => readFileSync(new URL(file, import.meta.url)));
      task('package', () => createRequire(import.meta.url)(name));`,
    'data.csv': 'a,b',
  });

  const file = notInBundle(await errorOf(bundled, 'file'));
  assert.equal(file?.code, 'NOT_IN_BUNDLE');
  assert.match(
    file.message,
    /^'data\.csv' is not in the bundle .*: new URL\('\.\/the-file', import\.meta\.url\) brings/,
  );
  assert.match(file.stack!, /flow\.mjs:4:26/);
  const dep = notInBundle(await errorOf(bundled, 'package'));
  assert.match(dep?.message ?? '', /^'dep' is not in the bundle .*: import\.meta\.resolve\("dep"\) brings it along/);
});

test('who says in other words that a package is not there is told with what to do', async () => {
  const bundled = await shipped({
    'flow.mjs': `import { task } from 'heddle'; import { load } from 'logger';
      task('quoted', () => load('pretty', 'unable to determine target for "pretty"'));
      task('installed', () => load('native/fast', 'Please install native package manually'));
      task('other', () => load('pretty', 'of no "pretty" colour'));
      task('odd', () => load('c++', 'cannot find "c++"'));`,
    'node_modules/logger/package.json':
      '{ "name": "logger", "version": "1.0.0", "main": "index.js", "peerDependencies": { "native": "1" } }',
    'node_modules/logger/index.js': `exports.load = (name, otherwise) => {
        try { return require(name); } catch { throw new Error(otherwise); }
      };`,
    'node_modules/native/package.json': '{ "name": "native", "version": "1.0.0", "gypfile": true }',
    'node_modules/pretty/package.json': '{ "name": "pretty", "version": "1.0.0", "main": "index.js" }',
    'node_modules/pretty/index.js': '',
  });

  const pretty = await errorOf(bundled, 'quoted');
  const told = notInBundle(pretty);
  assert.deepEqual([told?.code, told?.cause], ['NOT_IN_BUNDLE', pretty]);
  assert.match(told!.message, /^'pretty' is not in the bundle .*: import\.meta\.resolve\("pretty"\) brings it along/);
  const native = notInBundle(await errorOf(bundled, 'installed'));
  assert.equal(native?.code, 'EXTERNAL_MISSING');
  assert.match(native.message, /^this worker has no package 'native'.* npm i native@1\.0\.0$/);
  assert.equal(notInBundle(await errorOf(bundled, 'other')), undefined);
  assert.match(notInBundle(await errorOf(bundled, 'odd'))?.message ?? '', /^'c\+\+' is not in the bundle /);
});

/** The bundle of a project that is not there any more. */
async function shipped(files: Files, prepare: (path: string) => void = () => {}): Promise<Bundled> {
  const project = newProject(files);
  after(() => project[Symbol.dispose]());
  prepare(realpathSync(project.path));
  const bundled = await project.bundled();
  project.withoutAll();
  return bundled;
}

async function errorOf(bundled: Bundled, task: string): Promise<unknown> {
  return await bundled.run(task).then(
    () => assert.fail('it did not fail'),
    (error: unknown) => error,
  );
}

/** Copies an installed package, and those that it depends on, to another folder. */
function installed(name: string, folder: string): void {
  const open = new Set([name]);
  for (const each of open) {
    const from = join(import.meta.dirname, '../../../node_modules', each);
    cpSync(from, join(folder, each), { recursive: true });
    const { dependencies = {} } = JSON.parse(readFileSync(join(from, 'package.json'), 'utf8')) as PackageJson;
    for (const other of Object.keys(dependencies)) open.add(other);
  }
}

interface PackageJson {
  readonly dependencies?: Readonly<Record<string, string>>;
}
