import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { bundleOf } from '../../../src/code/bundle/bundle.ts';
import { pack, type BundleFile } from '../../../src/code/bundle/bundle-archive.ts';
import { BundleStore } from '../../../src/code/bundle/bundle-store.ts';
import { startedIn } from './bundled-project.ts';

const run = promisify(execFile);

test('a bundle that was kept is found, also by another process', () => {
  using folder = newFolder();
  const { id, bytes } = packed('export const a = 1;');
  new BundleStore({ directory: folder.path, limitBytes: 1e9 }).add(id, bytes);

  const found = new BundleStore({ directory: folder.path, limitBytes: 1e9 }).find(id);

  assert.equal(readFileSync(fileURLToPath(found!), 'utf8'), 'export const a = 1;');
  assert.equal(existsSync(join(dirname(fileURLToPath(found!)), '../node_modules/heddle/package.json')), true);
});

test('bytes that are not those of the id are refused, and leave nothing behind', () => {
  using folder = newFolder();
  const store = new BundleStore({ directory: folder.path, limitBytes: 1e9 });
  const { id } = packed('export const a = 1;');
  const other = packed('export const a = 2;');

  assert.throws(() => store.add(id, other.bytes), { code: 'BUNDLE_CORRUPT', bundle: id });
  assert.throws(() => store.add(id, Buffer.from('no bundle at all')), { code: 'BUNDLE_CORRUPT' });
  assert.equal(store.find(id), undefined);
  assert.deepEqual(readdirSync(folder.path), []);
});

for (const path of ['../outside.mjs', '/etc/outside', 'a/../../b', 'C:\\outside', 'a//b', '.']) {
  test(`a bundle with a file at '${path}' is refused`, () => {
    using folder = newFolder();
    const { id, bytes } = pack([{ path, bytes: Buffer.from('x') }], { externals: {}, links: {} });
    const store = new BundleStore({ directory: folder.path, limitBytes: 1e9 });

    assert.throws(() => store.add(id, bytes), { code: 'BUNDLE_CORRUPT' });
  });
}

test('a bundle that was changed on the disk is not used, and can be kept again', () => {
  using folder = newFolder();
  const { id, bytes } = packed('export const a = 1;');
  const first = new BundleStore({ directory: folder.path, limitBytes: 1e9 });
  first.add(id, bytes);
  appendFileSync(fileURLToPath(first.find(id)!), 'evil();');
  const second = new BundleStore({ directory: folder.path, limitBytes: 1e9 });

  assert.equal(second.find(id), undefined);
  second.add(id, bytes);
  assert.equal(readFileSync(fileURLToPath(second.find(id)!), 'utf8'), 'export const a = 1;');
});

test('a bundle that somebody removed is not found, and can be kept again', () => {
  using folder = newFolder();
  const { id, bytes } = packed('export const a = 1;');
  const store = new BundleStore({ directory: folder.path, limitBytes: 1e9 });
  store.add(id, bytes);
  rmSync(dirname(fileURLToPath(store.find(id)!)), { recursive: true });

  assert.equal(store.find(id), undefined);
  store.add(id, bytes);
  assert.ok(store.find(id) !== undefined);
});

test('a bundle that could not be written whole leaves nothing behind', () => {
  using folder = newFolder();
  const store = storeIn(folder);
  const { id, bytes } = packed('export const a = 1;', {}, [{ path: 'x'.repeat(300), bytes: Buffer.from('x') }]);

  assert.throws(() => store.add(id, bytes), { code: 'ENAMETOOLONG' });

  assert.deepEqual(
    readdirSync(folder.path).flatMap((name) => readdirSync(join(folder.path, name))),
    ['node_modules'],
  );
});

test('when the bundles take too much room, those that this worker does not use go', () => {
  using folder = newFolder();
  const old = packed('export const old = 1;');
  const current = packed('export const current = 1;');
  new BundleStore({ directory: folder.path, limitBytes: 1e9 }).add(old.id, old.bytes);
  const store = new BundleStore({ directory: folder.path, limitBytes: 1 });

  store.add(current.id, current.bytes);

  assert.ok(store.find(current.id) !== undefined);
  assert.equal(store.find(old.id), undefined);
});

test('a bundle that one worker has used since stays, and one that none has goes', () => {
  using folder = newFolder();
  const [used, unused, third] = ['used', 'unused', 'third'].map((name) => packed(`export const ${name} = 1;`));
  const kept = new BundleStore({ directory: folder.path, limitBytes: 1e9 });
  for (const [time, { id, bytes }] of [used!, unused!].entries()) {
    kept.add(id, bytes);
    utimesSync(dirname(fileURLToPath(kept.find(id)!)), time, time);
  }
  const sizes = [used!, third!].map(({ bytes }) => bytes.byteLength);

  new BundleStore({ directory: folder.path, limitBytes: 1e9 }).find(used!.id);
  const limitBytes = sizes[0]! + sizes[1]! + unused!.bytes.byteLength / 2;
  new BundleStore({ directory: folder.path, limitBytes }).add(third!.id, third!.bytes);

  const found = [used!, unused!, third!].map(({ id }) => {
    return new BundleStore({ directory: folder.path, limitBytes: 1e9 }).find(id) !== undefined;
  });
  assert.deepEqual(found, [true, false, true]);
});

test('half a bundle that a killed worker left is removed like a bundle, and one that is being written is not', () => {
  using folder = newFolder();
  const { id, bytes } = packed('export const a = 1;');
  const store = new BundleStore({ directory: folder.path, limitBytes: 1 });
  store.add(id, bytes);
  const home = dirname(dirname(fileURLToPath(store.find(id)!)));
  for (const [name, age] of Object.entries({ 'new.tmp': 0, 'old.tmp': 86_400 })) {
    mkdirSync(join(home, name));
    writeFileSync(join(home, name, '__heddle_bundle.mjs'), 'export const');
    const then = Date.now() / 1_000 - age;
    utimesSync(join(home, name), then, then);
  }

  store.add(id, bytes);

  assert.deepEqual(readdirSync(home).sort(), [id, 'new.tmp', 'node_modules'].sort());
});

const packages = {
  'one whose exports leave out its package.json': { exports: './index.mjs' },
  'one without exports': { main: 'index.mjs' },
};

for (const [which, facts] of Object.entries(packages)) {
  test(`a package that is not sent is that of the folder the worker is started in: ${which}`, async () => {
    using code = newFolder();
    using folder = newFolder();
    using _ = startedIn(folder.path);
    install('node_modules/outside', 'installed', facts);

    assert.equal(await wordIn(storeIn(code)), 'installed');
  });
}

test('it may be in a folder above, or be a link, as with workspaces and pnpm', async () => {
  using code = newFolder();
  using above = newFolder();
  using _ = startedIn(join(above.path, 'worker'));
  install('../node_modules/outside', 'above');
  install('../packages/outside', 'linked');

  assert.equal(await wordIn(storeIn(code)), 'above');
  mkdirSync('node_modules');
  symlinkSync('../../packages/outside', 'node_modules/outside');
  assert.equal(await wordIn(storeIn(code)), 'linked');
});

test('a package that is installed after the bundle came is found, by the same worker and by the next one', async () => {
  using code = newFolder();
  using folder = newFolder();
  using _ = startedIn(folder.path);
  const [first, second] = [storeIn(code), storeIn(code)];
  assert.equal(await wordIn(first), 'ERR_MODULE_NOT_FOUND');
  assert.equal(await wordIn(second), 'ERR_MODULE_NOT_FOUND');

  install('node_modules/outside', 'installed');

  assert.equal(await wordIn(first), 'installed');
  assert.equal(await wordIn(second), 'installed');
  assert.equal(await wordIn(storeIn(code)), 'installed');
});

test('a package that has moved since is found where it is now', async () => {
  using code = newFolder();
  using above = newFolder();
  using _ = startedIn(join(above.path, 'worker'));
  install('../node_modules/outside', 'old');
  assert.equal(await wordIn(storeIn(code)), 'old');
  rmSync('../node_modules', { recursive: true });
  install('node_modules/outside', 'new');

  assert.equal(await wordIn(storeIn(code)), 'new');
});

test('workers of several folders share their bundles, and each has the packages of its own folder', async () => {
  using code = newFolder();
  using one = newFolder();
  using other = newFolder();
  const shared = packed('export const a = 1;');
  install(join(one.path, 'node_modules/outside'), 'of one');
  install(join(other.path, 'node_modules/outside'), 'of the other');
  storeIn(code).add(shared.id, shared.bytes);

  const words: unknown[] = [];
  for (const { path } of [one, other, one]) {
    using _ = startedIn(path);
    const store = storeIn(code);
    assert.ok(store.find(shared.id) !== undefined);
    words.push(await wordIn(store));
  }

  assert.deepEqual(words, ['of one', 'of the other', 'of one']);
});

test('a package that the bundle itself has stays that of the bundle', async () => {
  using code = newFolder();
  using folder = newFolder();
  using _ = startedIn(folder.path);
  install('node_modules/outside', 'installed');
  const own = [
    { path: 'node_modules/outside/package.json', bytes: Buffer.from('{ "main": "own.mjs" }') },
    { path: 'node_modules/outside/own.mjs', bytes: Buffer.from(`export const word = 'own';`) },
  ];

  const { id, bytes } = packed(`export { word } from 'outside';`, { outside: '1.0.0' }, own);

  assert.equal(await wordIn(storeIn(code), { id, bytes }), 'own');
});

test('a module that was changed since it was loaded is not bundled', async () => {
  using folder = newFolder();
  const file = join(folder.path, 'flow.mjs');
  writeFileSync(file, 'export const a = 1;');
  const module = pathToFileURL(file).href;

  const made = bundleOf({ module, path: 'flow.mjs', fingerprint: 'of-another' });

  await assert.rejects(made, {
    code: 'BUNDLE_FAILED',
    message: /was changed after the flow's process had loaded it; start/,
  });
});

const outside = packed(`export { word } from 'outside';`, { outside: '1.0.0' });

/** What 'outside' says, or why not, to a new thread of the worker that imports the bundle, sent if it is not here. */
async function wordIn(store: BundleStore, { id, bytes } = outside): Promise<string> {
  if (store.find(id) === undefined) store.add(id, bytes);
  const code = `import(${JSON.stringify(store.find(id))}).then(({ word }) => word, ({ code }) => code).then(console.log)`;
  return (await run(process.execPath, ['--eval', code])).stdout.trim();
}

function packed(code: string, externals = {}, files: readonly BundleFile[] = []) {
  return pack([{ path: '__heddle_bundle.mjs', bytes: Buffer.from(code) }, ...files], { externals, links: {} });
}

function storeIn({ path }: { path: string }): BundleStore {
  return new BundleStore({ directory: path, limitBytes: 1e9 });
}

function install(folder: string, word: string, facts: object = { main: 'index.mjs' }): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'outside', version: '1.0.0', ...facts }));
  writeFileSync(join(folder, 'index.mjs'), `export const word = '${word}';`);
}

function newFolder() {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'heddle-bundles-')));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}
