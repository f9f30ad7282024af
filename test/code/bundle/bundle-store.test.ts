import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { bundleOf } from '../../../src/code/bundle/bundle.ts';
import { pack } from '../../../src/code/bundle/bundle-archive.ts';
import { BundleStore } from '../../../src/code/bundle/bundle-store.ts';

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

test('a module that was changed since it was loaded is not bundled', async () => {
  using folder = newFolder();
  const file = join(folder.path, 'flow.mjs');
  writeFileSync(file, 'export const a = 1;');
  const module = pathToFileURL(file).href;

  const made = bundleOf({ module, path: 'flow.mjs', fingerprint: 'of-another' });

  await assert.rejects(made, { code: 'BUNDLE_FAILED', message: /was changed after this process had loaded it; start/ });
});

function packed(code: string) {
  return pack([{ path: 'bundle.mjs', bytes: Buffer.from(code) }], { externals: {}, links: {} });
}

function newFolder() {
  const path = mkdtempSync(join(tmpdir(), 'heddle-bundles-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}
