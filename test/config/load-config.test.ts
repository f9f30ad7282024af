import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { project, type Given } from './project.ts';

test('without files and variables every setting is what the table says', () => {
  using given = project({});

  assert.deepEqual(given.load(), {
    logging: { level: 'info', format: 'text', extraLoggers: [], logStdout: false, progressInterval: '10s' },
    tasks: { defaults: { retries: 0, retryDelay: undefined, timeout: undefined }, variableWrites: 'warn' },
    values: { check: 'warn', limit: 1_024 },
    code: { directory: join(given.home, '.heddle', 'code') },
    results: { directory: join(given.home, '.heddle', 'results') },
    flows: { checkpointing: false },
  });
});

test('the project wins over the user, and the environment over both', () => {
  using given = project({
    user: '[logging]\nlevel = "debug"\nformat = "json"\nlogStdout = true',
    project: '[logging]\nlevel = "warn"\nformat = "text"',
    env: { HEDDLE__LOGGING__LEVEL: 'error' },
  });

  const { level, format, logStdout } = given.load().logging;

  assert.deepEqual([level, format, logStdout], ['error', 'text', true]);
});

test('the defaults of tasks come from a file; false takes back what another file has set, or the table', () => {
  using given = project({
    user: '[tasks.defaults]\nretries = 3\nretryDelay = "10s"\ntimeout = 500',
    project: '[logging]\nprogressInterval = false\n[tasks.defaults]\ntimeout = false',
  });

  assert.deepEqual(given.load().tasks.defaults, { retries: 3, retryDelay: '10s', timeout: undefined });
  assert.equal(given.load().logging.progressInterval, undefined);
});

test('the nearest heddle.toml is the project', () => {
  using given = project({ project: '[logging]\nlevel = "warn"' });
  const nearer = join(dirname(given.directory), 'heddle.toml');
  writeFileSync(nearer, '[logging]\nlevel = "error"');

  const config = given.load();

  assert.equal(config.logging.level, 'error');
  assert.deepEqual(config.files, [
    { kind: 'user', path: given.userFile, isFound: false },
    { kind: 'project', path: nearer, isFound: true },
  ]);
});

test('a path starts from the folder of the file that holds it, from home after ~, else from the current folder', () => {
  using relative = project({ project: '[results]\ndirectory = "out/results"' });
  using atHome = project({ project: '[results]\ndirectory = "~/results"' });
  using inVariable = project({ env: { HEDDLE__RESULTS__DIRECTORY: 'results' } });

  assert.equal(relative.load().results.directory, join(dirname(relative.projectFile), 'out', 'results'));
  assert.equal(atHome.load().results.directory, join(atHome.home, 'results'));
  assert.equal(inVariable.load().results.directory, join(inVariable.directory, 'results'));
});

test('a configuration cannot be changed', () => {
  using given = project({ project: `[logging]\nextraLoggers = ["pg"]\n[secrets]\nDB = '{"hosts": ["a"]}'` });
  const config = given.load();

  for (const part of [config, config.logging, config.logging.extraLoggers, config.tasks.defaults, config.secrets]) {
    assert.ok(Object.isFrozen(part));
  }
  assert.ok(Object.isFrozen((config.secrets['DB'] as { hosts: unknown }).hosts));
  assert.throws(() => ((config.logging as { level: string }).level = 'debug'), TypeError);
});

test('whoever prints, copies or sends a configuration does not print, copy or send secrets', () => {
  using given = project({ project: '[secrets]\nDB = "hunter2"' });
  const config = given.load();

  assert.equal(config.secrets['DB'], 'hunter2');
  for (const shown of [
    inspect(config),
    JSON.stringify(config),
    inspect({ ...config }),
    inspect(structuredClone(config)),
  ])
    assert.doesNotMatch(shown, /hunter2/);
});

test('a secret is a text, list or table, and of the same type wherever it is kept', () => {
  using given = project({
    project: `[secrets]\nPIN = 1234\nSINCE = 2024-05-01\nKEYS = '["a", "b"]'\n[secrets.DB]\nuser = "ada"\nport = 5432`,
    env: { HEDDLE__SECRETS__CODE: '0042', HEDDLE__SECRETS__ACCOUNT: '{"id": 7}' },
  });

  assert.deepEqual(given.load().secrets, {
    PIN: '1234',
    SINCE: '2024-05-01',
    KEYS: ['a', 'b'],
    DB: { user: 'ada', port: 5432 },
    CODE: '0042',
    ACCOUNT: { id: 7 },
  });
});

interface Fault extends Given {
  readonly code: string;
  /** `USER`, `PROJECT` stand for the files. */
  readonly message: string;
  readonly line?: number;
}

const faults: Fault[] = [
  {
    project: '\n[logging]\nlevle = "debug"',
    code: 'UNKNOWN_CONFIG_KEY',
    message: `PROJECT:3: section 'logging' has no key 'levle'. Did you mean 'level'?`,
    line: 3,
  },
  {
    user: '# mine\n[loging]\nlevel = "debug"',
    code: 'UNKNOWN_CONFIG_KEY',
    message: `USER:2: there is no section 'loging'. Did you mean 'logging'?`,
    line: 2,
  },
  {
    project: 'tasks = { defaults = { color = "red" } }',
    code: 'UNKNOWN_CONFIG_KEY',
    message: `PROJECT:1: section 'tasks.defaults' has no key 'color'. There are: retries, retryDelay, timeout.`,
    line: 1,
  },
  {
    project: '[server]\nport = 4200',
    code: 'UNKNOWN_CONFIG_KEY',
    message: `PROJECT:1: there is no section 'server'. There are: logging, tasks, values, code, results, flows, secrets.`,
    line: 1,
  },
  {
    project: '[logging]\nlevel = "INFO"',
    code: 'INVALID_CONFIG_VALUE',
    message: `PROJECT:2: 'logging.level' should be one of 'debug', 'info', 'warn', 'error'; got 'INFO'. Did you mean 'info'?`,
    line: 2,
  },
  {
    project: '[tasks.defaults]\nretries = "3"',
    code: 'INVALID_CONFIG_VALUE',
    message: `PROJECT:2: 'tasks.defaults.retries' should be a whole number, 0 or more; got '3'`,
    line: 2,
  },
  {
    project: 'tasks.defaults.timeout = "soon"',
    code: 'INVALID_CONFIG_VALUE',
    message: `PROJECT:1: 'tasks.defaults.timeout' should be a number of milliseconds, a text like '250ms', '10s', '5m', or false for none; got 'soon'`,
    line: 1,
  },
  {
    project: '[logging]\nextraLoggers = [\n  "pg",\n  7,\n]',
    code: 'INVALID_CONFIG_VALUE',
    message: `PROJECT:2: 'logging.extraLoggers' should be a list of names, such as ["sql", "app:*"]; got an array of 2`,
    line: 2,
  },
  {
    project: 'logging = "debug"',
    code: 'INVALID_CONFIG_VALUE',
    message: `PROJECT:1: 'logging' should be a section with keys of its own; got a text`,
    line: 1,
  },
  {
    env: { HEDDLE__LOGGING__LEVLE: 'debug' },
    code: 'UNKNOWN_CONFIG_KEY',
    message: `environment variable HEDDLE__LOGGING__LEVLE: section 'logging' has no key 'levle'. Did you mean 'level'?`,
  },
  {
    env: { HEDDLE__TASKS__DEFAULTS__RETRIES: 'often' },
    code: 'INVALID_CONFIG_VALUE',
    message: `environment variable HEDDLE__TASKS__DEFAULTS__RETRIES: 'tasks.defaults.retries' should be a whole number, 0 or more; got 'often'`,
  },
  {
    env: { HEDDLE__LOGGING: 'debug' },
    code: 'UNKNOWN_CONFIG_KEY',
    message: `environment variable HEDDLE__LOGGING: it does not name one setting, as HEDDLE__LOGGING__LEVEL does`,
  },
  {
    env: { HEDDLE__LOGGING__LEVEL__ROOT: 'debug' },
    code: 'UNKNOWN_CONFIG_KEY',
    message: `environment variable HEDDLE__LOGGING__LEVEL__ROOT: it does not name one setting, as HEDDLE__LOGGING__LEVEL does`,
  },
  {
    project: '[logging]\nlevel = "warn"\nlevel = "info"',
    code: 'INVALID_CONFIG_FILE',
    message: `PROJECT:3:1: not valid TOML: trying to redefine an already defined table or value`,
    line: 3,
  },
];

for (const { code, message, line, ...files } of faults) {
  test(`a fault is named with its place: ${message}`, () => {
    using given = project(files);
    const text = message.replace('USER', () => given.userFile).replace('PROJECT', () => given.projectFile);

    assert.throws(given.load, (error: Error & { code?: string; line?: number }) => {
      assert.deepEqual([error.name, error.code, error.message, error.line], ['TypeError', code, text, line]);
      return true;
    });
  });
}

test('a name that every object has is a key like any other: unknown, or the name of a secret [P287]', () => {
  for (const name of ['keys', 'constructor', 'toString', '__proto__']) {
    using inFile = project({ project: `[logging]\n${name} = "x"` });
    using inVariable = project({ env: { [`HEDDLE__LOGGING__${name}`]: 'x' } });
    using asSecret = project({ project: `[secrets]\n${name} = "hunter2"` });

    assert.throws(inFile.load, { code: 'UNKNOWN_CONFIG_KEY' });
    assert.throws(inVariable.load, { code: 'UNKNOWN_CONFIG_KEY' });
    assert.deepEqual(Object.entries(asSecret.load().secrets), [[name, 'hunter2']]);
  }
});

test('a fault in a file that holds secrets is told without them', () => {
  const faulty = [
    '[secrets]\nDB = "hunter2\n',
    '[secrets]\nDB = hunter2',
    '[secrets]\nDB = "hunter2" "hunter2"',
    'secrets = "hunter2"',
    '[secret]\nDB = "hunter2"',
    '[secrets]\nDB = "$hunter2"',
    '[secrets]\nDB = "a${hunter2}b"',
    '[secrets]\nDB = "a${hunter2"',
    '[secrets]\nDB = "${hunter2.x}"',
    '[secrets]\nDB = "hunter2"\n[results]\ndirectory = true\n[logging]\nlevel = "${secrets.DB}"',
    '[secrets]\nDB = "hunter2"\n[logging]\nlevel = "x${secrets.DB}"',
  ];

  for (const text of faulty) {
    using given = project({ project: text });
    assert.throws(given.load, (error: Error) => {
      assert.doesNotMatch(inspect(error, { depth: 9, showHidden: true }), /hunter2/);
      return true;
    });
  }
});

test('a file that cannot be read is an error that names it', () => {
  using folder = project({});
  mkdirSync(folder.projectFile);
  assert.throws(folder.load, { code: 'INVALID_CONFIG_FILE', file: folder.projectFile, message: /cannot be read/ });

  using binary = project({});
  writeFileSync(binary.projectFile, Buffer.from([0x61, 0xff, 0xfe]));
  assert.throws(binary.load, { code: 'INVALID_CONFIG_FILE', file: binary.projectFile, message: /cannot be read/ });
});

test('a file from an editor that marks its encoding and ends lines its own way is read', () => {
  using given = project({ project: '\uFEFF[logging]\r\nlevel = "warn"\r\n' });

  assert.equal(given.load().logging.level, 'warn');
});
