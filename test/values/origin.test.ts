import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { nameWithOrigin } from '../../src/values/origin.ts';

const folder = mkdtempSync('test/.origin-');
after(() => rmSync(folder, { recursive: true, force: true }));

test('of however many classes, the package that each comes from is told', async () => {
  const home = `${folder}/node_modules/looms`;
  mkdirSync(home, { recursive: true });
  writeFileSync(`${home}/package.json`, '{ "name": "looms", "version": "1.2.3", "type": "module" }');
  writeFileSync(`${home}/index.js`, 'export const looms = Array.from({ length: 200 }, () => class Loom {});\n');
  const { looms } = (await import(pathToFileURL(`${home}/index.js`).href)) as { looms: (new () => object)[] };

  const names = looms.map((Loom) => nameWithOrigin(new Loom()));

  assert.deepEqual([...new Set(names)], ['a Loom (looms 1.2.3)']);
});
