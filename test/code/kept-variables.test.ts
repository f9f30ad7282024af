import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { setSourceMapsSupport } from 'node:module';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { lookAt, lookOf } from '../../src/code/kept-variables.ts';
import { lineOf } from './fixtures.ts';
import { keepsNothing, Largest, reads, tally } from './fixtures/keeps.ts';

const folder = mkdtempSync('test/code/.kept-');
after(() => rmSync(folder, { recursive: true, force: true }));

test('each variable is told with the place of its first write in the file, types and all', async () => {
  await lookAt([tally]);

  assert.deepEqual(lookOf(tally)?.kept, [
    { target: 'count', at: `test/code/fixtures/keeps.ts:${lineOf('keeps.ts', 'count')}:3` },
    { target: 'stats.runs', at: `test/code/fixtures/keeps.ts:${lineOf('keeps.ts', 'stats')}:3` },
  ]);
});

test('a class is looked through like a function', async () => {
  await lookAt([Largest]);

  assert.deepEqual(lookOf(Largest)?.kept, [
    { target: 'largest', at: `test/code/fixtures/keeps.ts:${lineOf('keeps.ts', 'largest')}:47` },
  ]);
});

test('a function that keeps nothing is known to', async () => {
  await lookAt([keepsNothing]);

  assert.deepEqual(lookOf(keepsNothing), { kept: [] });
});

test('a glance is enough for a function that assigns nothing at all, and for one that has no text', () => {
  assert.deepEqual(lookOf(reads), { kept: [] });
  assert.deepEqual(lookOf(tally.bind(undefined)), { kept: [] });
  assert.deepEqual(lookOf(Math.max), { kept: [] });
  assert.deepEqual(lookOf(new Proxy(tally, {})), { kept: [] });
});

test('a glance is not enough where something could be written, in whatever way', () => {
  const codes = [
    'x => y = x',
    'x => y += x',
    'x => y <<= x',
    'x => y >>= x',
    'x => y >>>= x',
    'x => y--',
    'x => ++y',
    'xs => { for (y of xs); }',
    'x => y.push(x)',
    'x => y?.unshift(x)',
    'x => y.set(x, y.get(x) + 1)',
  ];

  // oxlint-disable-next-line typescript/no-implied-eval -- functions that were not looked at yet
  const known = codes.filter((code) => lookOf(new Function(`return ${code}`)() as () => void) !== undefined);

  assert.deepEqual(known, []);
});

test('a function that was compiled is told where it was written', async () => {
  const map = { version: 3, sources: ['written.ts'], names: [], mappings: 'AASA' };
  const address = `data:application/json;base64,${Buffer.from(JSON.stringify(map)).toString('base64')}`;
  const file = join(folder, 'compiled.js');
  writeFileSync(file, `let n = 0; export const f = () => { n += 1; };\n//# sourceMappingURL=${address}\n`);
  setSourceMapsSupport(true);
  const { f } = (await import(pathToFileURL(file).href)) as { f: () => void };

  await lookAt([f]);
  setSourceMapsSupport(false);

  assert.deepEqual(lookOf(f)?.kept, [{ target: 'n', at: `${folder}/written.ts:10:1` }]);
});

test('a function that is in no file is told by the line of its text', async () => {
  // oxlint-disable-next-line typescript/no-implied-eval -- that is how a function gets into no file
  const fromText = new Function('x', 'globalThis.sum = x +\n  globalThis.sum;') as () => void;

  await lookAt([fromText]);

  assert.deepEqual(lookOf(fromText)?.kept, [{ target: 'globalThis.sum', at: 'line 3 of its source' }]);
});

test('a function that only its engine can read is said to be unread, and why', async () => {
  // oxlint-disable-next-line typescript/no-implied-eval -- nobody writes this by hand
  const deep = new Function('x', `y = ${'('.repeat(1_500)}x${')'.repeat(1_500)}`) as () => void;

  await lookAt([deep, tally]);

  assert.deepEqual(lookOf(deep)?.kept, []);
  assert.match(lookOf(deep)?.unread ?? '', /^SyntaxError: /);
  assert.equal(lookOf(tally)?.kept.length, 2);
});
