import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { findSecret, textsOfSecret } from '../../src/config/find-secret.ts';
import { project } from './project.ts';

const noFiles = { secrets: {}, files: [] };

test('the context wins over the environment, and the environment over the files [P298]', () => {
  using given = project({ user: '[secrets]\nDB = "user"', project: '[secrets]\nDB = "project"' });
  const config = given.load();
  const ofHeddle = { HEDDLE__SECRETS__DB: 'ours', DB: 'plain' };

  assert.equal(findSecret('DB', { context: { DB: 'context' }, env: ofHeddle, config }), 'context');
  assert.equal(findSecret('DB', { env: ofHeddle, config }), 'ours');
  assert.equal(findSecret('DB', { env: { DB: 'plain' }, config }), 'plain');
  assert.equal(findSecret('DB', { env: { DB: '' }, config }), 'project');
  assert.equal(findSecret('DB', { env: {}, config }), 'project');
});

test('lists and objects in JSON are parsed to plain ones; everything else stays text [P298]', () => {
  const text = (value: string) => findSecret('X', { env: { X: value }, config: noFiles });

  assert.deepEqual(text('{"user": "ada", "ports": [1, 2]}'), { user: 'ada', ports: [1, 2] });
  assert.deepEqual(text(' ["a"]'), ['a']);
  for (const kept of ['0042', '12345678901234567890', 'true', 'null', '"quoted"', '[not json', '{"a": }']) {
    assert.equal(text(kept), kept);
  }
  assert.deepEqual(findSecret('X', { context: { X: '{"a": 1}' }, env: {}, config: noFiles }), { a: 1 });
});

test('what the context holds may be of any type, and may be false', () => {
  const key = new Uint8Array([1, 2]);

  assert.equal(findSecret('X', { context: { X: key }, env: {}, config: noFiles }), key);
  assert.equal(findSecret('X', { context: { X: null }, env: { X: 'env' }, config: noFiles }), null);
  assert.equal(findSecret('X', { context: { X: false }, env: { X: 'env' }, config: noFiles }), false);
});

test('a secret that is nowhere is an error that says where it was looked for, and shows no other [P297] [S18]', () => {
  using given = project({ project: '[secrets]\nDB_PASSWORD = "hunter2"' });
  const places = {
    context: { API_TOKEN: 'hunter2', DB_PASWORD: undefined },
    env: { DB_PASWORD: '', PASSWORD_FILE: 'hunter2', HEDDLE__SECRETS__X: 'hunter2' },
    config: given.load(),
  };

  assert.throws(
    () => findSecret('DB_PASWORD', places),
    (error: Error & { code?: string; secret?: string }) => {
      assert.equal(error.name, 'HeddleError');
      assert.equal(error.code, 'SECRET_NOT_FOUND');
      assert.equal(error.secret, 'DB_PASWORD');
      assert.equal(
        error.message,
        `secret 'DB_PASWORD' was not found where it was asked for. Did you mean 'DB_PASSWORD'? Give it to the run, which \
takes it along: flow.run({ secrets: { DB_PASWORD: … } }); or set the environment variable DB_PASWORD there, or write \
DB_PASWORD = "…" under [secrets] in ${given.userFile} there. Looked in:
- the secrets that the run was given, which are: API_TOKEN
- the environment variable HEDDLE__SECRETS__DB_PASWORD, which is not set
- the environment variable DB_PASWORD, which is empty
- [secrets] in ${given.projectFile}, which does not name it
- ${given.userFile}, which does not exist`,
      );
      assert.doesNotMatch(inspect(error, { depth: 9, showHidden: true }), /hunter2/);
      return true;
    },
  );
});

test('a project without a file is said to be one', () => {
  using given = project({ user: '' });

  const message = (error: Error) =>
    error.message.includes(`heddle.toml, which does not exist, nor does one in a folder above\n`) &&
    error.message.endsWith(`- [secrets] in ${given.userFile}, which does not name it`);

  assert.throws(() => findSecret('DB', { env: {}, config: given.load() }), message);
});

test('a name that no variable can have is to be written in the file, in quotes', () => {
  using given = project({});

  assert.throws(() => findSecret('my key', { env: {}, config: given.load() }), {
    code: 'SECRET_NOT_FOUND',
    message: /\{ secrets: \{ "my key": … \} \}\); or write "my key" = "…" under \[secrets\] in /,
  });
});

test('names that every object has are no secrets for that', () => {
  for (const name of ['constructor', 'toString', '__proto__']) {
    assert.throws(() => findSecret(name, { context: {}, env: {}, config: noFiles }), { code: 'SECRET_NOT_FOUND' });
  }
});

test('a secret needs a name', () => {
  const message = 'the name of a secret should be a text that is not empty; got ';
  const places = { env: {}, config: noFiles };

  assert.throws(() => findSecret('', places), { code: 'INVALID_NAME', message: `${message}''` });
  assert.throws(() => findSecret(undefined as never, places), { code: 'INVALID_NAME', message: `${message}undefined` });
});

test('all texts in a secret are to be hidden, however deep they are', () => {
  const cyclic: { user: string; self?: unknown } = { user: 'ada' };
  cyclic.self = cyclic;

  assert.deepEqual(textsOfSecret('hunter2'), ['hunter2']);
  assert.deepEqual(textsOfSecret({ user: 'ada', keys: ['one', { pin: 1234 }], isOn: true, none: null }).sort(), [
    '1234',
    'ada',
    'one',
  ]);
  assert.deepEqual(textsOfSecret(new Map([['a', new Set(['hunter2'])]])), ['hunter2']);
  assert.deepEqual(textsOfSecret(cyclic), ['ada']);
  assert.deepEqual(textsOfSecret(new Uint8Array(3)), []);
});
