import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { project } from './project.ts';

/** What a secret of this text is worth: a secret may be anything, so nothing but references changes it. */
function filledIn(text: string, env: Record<string, string> = {}): unknown {
  using given = project({ project: `[secrets]\nX = ${JSON.stringify(text)}`, env });
  return given.load().secrets['X'];
}

const texts: [text: string, value: string][] = [
  ['$WHO', 'ada'],
  ['${WHO}', 'ada'],
  ['to ${WHO}, from ${WHO}', 'to ada, from ada'],
  ['${logging.level} or more', 'info or more'],
  ['${tasks.defaults.retries} times', '0 times'],
  ['xxx$WHOxxx', 'xxx$WHOxxx'],
  ['to $WHO', 'to $WHO'],
  ['pa$$word', 'pa$$word'],
  ['$5', '$5'],
  ['$$WHO', '$WHO'],
  ['$$$WHO', '$$WHO'],
  ['$${WHO}', '${WHO}'],
  ['a $${ b', 'a ${ b'],
  ['$${${WHO}', '${ada'],
  ['$EMPTY', ''],
  ['$ODD', '${WHO} $WHO'],
  ['<${ODD}>', '<${WHO} $WHO>'],
];

for (const [text, value] of texts) {
  test(`${text} stands for ${value === '' ? 'an empty text' : value} [P286]`, () => {
    assert.equal(filledIn(text, { WHO: 'ada', EMPTY: '', ODD: '${WHO} $WHO' }), value);
  });
}

test('a reference alone keeps the type of what it refers to; inside a text it becomes text [P286]', () => {
  using given = project({
    project: [
      '[tasks.defaults]\nretries = "$RETRIES"\ntimeout = "${tasks.defaults.retries}"\nretryDelay = "${RETRIES}s"',
      '[logging]\nextraLoggers = ["pg", "$NAME"]\nlogStdout = "$IS_LOUD"',
      '[results]\ndirectory = "${results.directory}"',
    ].join('\n'),
    user: '[logging]\nlevel = "$LEVEL"',
    env: { RETRIES: '3', NAME: 'undici', IS_LOUD: 'TRUE', LEVEL: 'warn', HEDDLE__RESULTS__DIRECTORY: '~/${NAME}' },
  });

  const { tasks, logging, results } = given.load();

  assert.deepEqual(tasks.defaults, { retries: 3, timeout: 3, retryDelay: '3s' });
  const { level, extraLoggers, logStdout } = logging;
  assert.deepEqual([level, extraLoggers, logStdout], ['warn', ['pg', 'undici'], true]);
  assert.equal(results.directory, join(given.home, 'undici'));
});

test('references are followed through other settings, in lists and in tables', () => {
  using given = project({
    project:
      '[secrets]\nA = "<${secrets.B}>"\nB = "$WHO"\nLIST = ["$WHO", ["${secrets.A}"]]\nTABLE = { user = "${WHO}" }',
    env: { WHO: 'ada' },
  });

  assert.deepEqual(given.load().secrets, { A: '<ada>', B: 'ada', LIST: ['ada', ['<ada>']], TABLE: { user: 'ada' } });
});

test('a secret in the environment is taken as it is', () => {
  using given = project({ env: { HEDDLE__SECRETS__A: '$WHO', HEDDLE__SECRETS__B: 'a${WHO' } });

  assert.deepEqual(given.load().secrets, { A: '$WHO', B: 'a${WHO' });
});

const faults: [project: string, code: string, message: string][] = [
  [
    '[logging]\nlevel = "$LEVLE"',
    'UNKNOWN_CONFIG_REFERENCE',
    `PROJECT:2: 'logging.level' refers to 'LEVLE', an environment variable that is not set. Did you mean 'LEVEL'?`,
  ],
  [
    '[results]\ndirectory = "out/${CUSTOMER}"',
    'UNKNOWN_CONFIG_REFERENCE',
    `PROJECT:2: 'results.directory' refers to 'CUSTOMER', an environment variable that is not set. Write '$$' in place of '$' if a dollar sign is meant.`,
  ],
  [
    '[results]\ndirectory = "out/${loging.level}"',
    'UNKNOWN_CONFIG_REFERENCE',
    `PROJECT:2: 'results.directory' refers to 'loging.level', a setting that is not set. Did you mean 'logging.level'?`,
  ],
  [
    '[results]\ndirectory = "out/${tasks.defaults.timeout}"',
    'UNKNOWN_CONFIG_REFERENCE',
    `PROJECT:2: 'results.directory' refers to 'tasks.defaults.timeout', a setting that is not set.`,
  ],
  [
    '[results]\ndirectory = "$constructor"',
    'UNKNOWN_CONFIG_REFERENCE',
    `PROJECT:2: 'results.directory' refers to 'constructor', an environment variable that is not set. Write '$$' in place of '$' if a dollar sign is meant.`,
  ],
  [
    '[secrets]\nDB = "$ecret"',
    'UNKNOWN_CONFIG_REFERENCE',
    `PROJECT:2: 'secrets.DB' refers to an environment variable that is not set. Write '$$' in place of '$' if a dollar sign is meant.`,
  ],
  [
    '[results]\ndirectory = "out/${LEVEL"',
    'INVALID_CONFIG_REFERENCE',
    `PROJECT:2: 'results.directory' has a '\${' without a '}'. Write '$\${' for the text itself.`,
  ],
  [
    '[results]\ndirectory = "${logging.${LEVEL}}"',
    'INVALID_CONFIG_REFERENCE',
    `PROJECT:2: 'results.directory' has a '\${' without a '}'. Write '$\${' for the text itself.`,
  ],
  [
    '[secrets]\nA = "${secrets.B}"\nB = "-${secrets.C}"\nC = "${secrets.B}"',
    'INVALID_CONFIG_REFERENCE',
    `PROJECT:3: 'secrets.B' refers to itself: secrets.B → secrets.C → secrets.B`,
  ],
  [
    '[logging]\nlevel = "${LEVEL}"',
    'INVALID_CONFIG_VALUE',
    `PROJECT:2: 'logging.level' should be one of 'debug', 'info', 'warn', 'error'; got what '\${LEVEL}' stands for`,
  ],
];

for (const [text, code, message] of faults) {
  test(`a reference that leads nowhere is named with its place: ${message}`, () => {
    using given = project({ project: text, env: { LEVEL: 'chatty' } });

    assert.throws(given.load, {
      name: 'TypeError',
      code,
      message: message.replace('PROJECT', () => given.projectFile),
    });
  });
}

test('references that go on and on are given up', () => {
  const links = Array.from({ length: 30 }, (_, index) => `L${index} = "\${secrets.L${index + 1}}"`).join('\n');
  using given = project({ project: `[secrets]\n${links}\nL30 = "end"` });

  assert.throws(given.load, {
    code: 'INVALID_CONFIG_REFERENCE',
    message: `${given.projectFile}:13: 'secrets.L11' is more than 10 references away from a value`,
  });
});
