import assert from 'node:assert/strict';
import proc, { env, env as surroundings } from 'node:process';
import { after, test } from 'node:test';
import { runInThisContext } from 'node:vm';
import { environmentReadBy } from '../../src/code/environment.ts';
import { apiUrl } from './fixtures/settings.ts';

const names = ['A', 'B', 'C', 'a-b'];
for (const name of names) process.env[name] = 'only here';
after(() => names.forEach((name) => delete process.env[name]));

const variables = process.env;
const readsC = () => process.env.C;
const setsC = () => (process.env.C ??= 'later');
const calls = () => readsC();
const filename = 'file:///srv/node_modules/client/index.js';
const ofPackage = runInThisContext('() => process.env.A', { filename }) as () => unknown;
interface Process {
  readonly env: { readonly A: string };
}

class Client {
  readonly url = process.env.C;
}

const readers: readonly (readonly [expected: string, code: (...given: never[]) => unknown])[] = [
  ['A', () => process.env.A],
  ['A', () => process.env?.['A']],
  ['A', () => process.env[`A`]],
  ['A', () => globalThis.process.env.A],
  ['A', () => proc.env.A],
  ['A B', () => [env.A, surroundings.B]],
  ['A', () => variables.A],
  ['A B', () => Object.values(((variable = process.env.A, { B } = process.env) => ({ variable, B }))())],
  ['a-b', () => process.env['a-b']],
  [
    'A B C',
    () => {
      const { A, B: other = 'none', ...rest } = process.env;
      return [A, other, rest, process.env.C];
    },
  ],
  [
    'B',
    () => {
      const {
        env: { B },
      } = process;
      return B;
    },
  ],
  ['C', calls],
  ['B C', () => apiUrl()],
  ['A', () => (process.env.A += 'more')],
  ['A', async () => [1].map((process) => process).concat(Number(process.env.A))],
];

test('variables of the environment that a function reads by their names are told', async () => {
  for (const [expected, code] of readers) {
    assert.deepEqual((await environmentReadBy([code])).toSorted(), expected.split(' '), String(code));
  }
});

const others: readonly ((...given: never[]) => unknown)[] = [
  () => process.env.NOT_SET_ANYWHERE,
  () => 'process.env.A', // as process.env.A is
  (name: string) => process.env[name],
  (process: Process) => process.env.A,
  ({ process }: { process: Process }) => process.env.A,
  (env: Process['env']) => env.A,
  ({ env = { A: '' } }) => env.A,
  () => [{ env: { A: '' } }].map((process) => process.env.A),
  () => {
    const process = { env: { A: '' } };
    return process.env.A;
  },
  () => {
    try {
      return 1;
    } catch (process) {
      return (process as Process).env.A;
    }
  },
  () => 'as readsC does', // readsC()
  (x: { readsC: string }) => x.readsC,
  (readsC: string) => readsC,
  () => Client.name,
  () => ofPackage(),
];

test('what only looks so, and what only a function or a class reads that is not called, is not', async () => {
  for (const code of others) assert.deepEqual(await environmentReadBy([code]), [], String(code));
});

const writers: readonly (() => unknown)[] = [
  () => (process.env.A = 'here'),
  () => [(process.env.A ||= 'here'), process.env.A],
  () => delete process.env.A,
  () => {
    [process.env.A, process.env.B] = ['here', 'too'];
  },
  () => {
    for (process.env.A of ['here']);
  },
  () => [setsC(), process.env.C],
];

test('nor is what a function sets, or one that it calls', async () => {
  for (const code of writers) assert.deepEqual(await environmentReadBy([code]), [], String(code));
});
