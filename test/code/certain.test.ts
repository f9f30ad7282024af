import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { runInThisContext } from 'node:vm';
import { task, type Task } from 'heddle';
import { certain } from '../../src/code/certain.ts';
import { load } from '../../src/code/load.ts';
import { atTopLevel, insideArrow } from './fixtures/guesses.ts';
import { fixture, referenceTo } from './fixtures.ts';

test('a definition after a top-level await belongs to its module', async () => {
  assert.ok(atTopLevel.doubt);
  assert.equal((await certain(atTopLevel)).module, fixture('guesses.ts'));
});

test('a definition after an await inside of a function belongs to none', async () => {
  const reference = await (async () => await insideArrow())();

  const { module, name, definedAt } = await certain(reference);
  assert.deepEqual([module, name, definedAt], [undefined, 'inside-arrow', reference.definedAt]);
});

test('a definition in a module that Vite has rewritten is not said to be inside of a function', async () => {
  // As Vite's module runner evaluates a module: the body is an async function, and has its name.
  const text = 'async (task, __vite_ssr_import__) => { await __vite_ssr_import__; return task("of-vite", () => 1); }';
  const body = runInThisContext(`(${text})`, { filename: join(process.cwd(), 'LICENSE') }) as (
    make: typeof task,
    imported: Promise<void>,
  ) => Promise<Task<[], number>>;
  const { reference } = await body(task, Promise.resolve());

  const settled = await certain(reference);
  assert.equal(settled.made, 'in a module that Vite has rewritten, as Vitest does');
  await assert.rejects(load(settled), {
    code: 'TASK_NOT_ADDRESSABLE',
    message: /^task 'of-vite' was made in a module that Vite has rewritten, .*LocalExecutor.*viteModuleRunner: false/,
  });
});

test('places are found behind whatever the engine counts as the end of a line', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-lines-'));
  const path = join(folder, 'lines.mjs');
  writeFileSync(
    path,
    "export const text = 'a\u2028b\u2029';\r// c\r\nexport let made;\nif (text && !import.meta.main) { made = make('guarded'); }\n",
  );
  Object.assign(globalThis, { make: (name: string) => task(name, () => 1) });
  try {
    const { made } = (await import(pathToFileURL(path).href)) as { made: Task<[], number> };

    assert.equal((await certain(made.reference)).made, 'behind if (text && !import.meta.main)');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('what is beyond doubt stays as it is', async () => {
  const reference = referenceTo('x', 'tasks.ts');

  assert.equal(await certain(reference), reference);
});
