// The other files of this folder are the tests: they say what must compile, and with `@ts-expect-error` what must not,
// which is an error where there is none. `npm run check` compiles them too.

// The other files of this folder are the tests: they say what must compile, and with `@ts-expect-error` what must not,
// which is an error where there is none. `npm run check` compiles them too.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

const root = join(import.meta.dirname, '..', '..');

test('what should compile does, and what should not does not', async () => {
  assert.equal(await errorsIn(import.meta.dirname), '');
});

test('the compiler says in one line what of a task cannot travel, and what to do', async () => {
  const errors = await errorsOf(refused);

  const told = [...errors.matchAll(/^\S+\((\d+),|worker': ("[^"]+"); \}'\.$/gm)].map(([, line, text]) => line ?? text);
  const toldTwice = '"input.db.pool.query is a function: send data, or register its class with registerType()"';
  const promise = '"result.rows[].owner is a Promise: await it"';
  const input = '"input.query is a function: send data, or register its class with registerType()"';
  const state = '"result is the state of a run: return what is needed of it, such as its output"';
  assert.deepEqual(told, ['3', toldTwice, toldTwice, '4', promise, promise, '6', input, '8', state, state]);
});

test('the compiler says what a call takes, and which cases a switch can have', async () => {
  const errors = await errorsOf(wrong);

  const told = [...errors.matchAll(/is not assignable to (?:parameter of )?type '(.*)'\.$/gm)].map(([, type]) => type);
  const cases = `{ readonly 'the condition is never this case, only': "blue" | "red"; }`;
  assert.deepEqual(told, ['ValueOrNode<number>', 'ListOrUnmapped<number>', `(() => Node<number>) & ${cases}`, cases]);
});

const wrong = `import { Flow, switchCase, task } from 'heddle';
const add = task('add', (a: number, b: number) => a + b);
const color = task('color', (): 'red' | 'blue' => 'red');
export const called = new Flow('called', () => add(1, 'x'));
export const mapped = new Flow('mapped', () => add.map([1, 2], 10));
export const chosen = new Flow('chosen', () => switchCase(color(), { green: () => add(1, 2) }));
`;

const refused = `import { Flow, task } from 'heddle';
interface Client { query(text: string): Promise<unknown[]>; host: string }
export const load = task('load', (x: { db: { pool: Client } }) => x.db.pool.host);
export const rows = task('rows', async (id: number) => ({ rows: [{ id, owner: Promise.resolve(1) }] }));
const ask = task('ask', (client: Client) => client.host);
export const asked = () => ask({ host: 'a', query: async () => [] } as Client);
const inner = new Flow('inner', () => ask({ host: 'a' } as never));
export const outer = task('outer', async () => await inner.run());
`;

async function errorsOf(text: string): Promise<string> {
  const folder = mkdtempSync(join(import.meta.dirname, '.refused-'));
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ extends: '../tsconfig.json', files: ['refused.ts'] }));
  writeFileSync(join(folder, 'refused.ts'), text);
  try {
    return await errorsIn(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function errorsIn(folder: string): Promise<string> {
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const compile = promisify(execFile)(process.execPath, [compiler, '-p', folder], { cwd: root });
  return await compile.then(
    () => '',
    ({ stdout }: { stdout: string }) => stdout,
  );
}
