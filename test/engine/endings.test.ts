import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { endingOf } from '../../src/engine/task-run/endings.ts';
import type { RunPlan } from '../../src/engine/plan.ts';
import { hideSecret } from '../../src/engine/secrets.ts';
import { SKIP } from '../../src/flow/signals.ts';
import { State } from '../../src/flow/state.ts';
import { failed, stackOf } from '../../src/engine/failures.ts';

const mostCharacters = 8_100;
const mark = /^(.+) \[and (\d+) more characters, which the state of the task run has\] (.+)$/s;

test('what the log has of a long error is its beginning and its end, and how much there is between them', () => {
  const error = new RangeError(`no such rows: ${'7 '.repeat(25_000)}`);

  const told = stackOf(failed(error));

  assert.ok(told.length < mostCharacters, `it has ${told.length} characters`);
  const [, first = '', missing, last = ''] = mark.exec(told) ?? [];
  assert.match(first, /^RangeError: no such rows: 7 7 /);
  assert.match(last, /7 7 \n {4}at .*endings\.test\.ts:\d+:\d+/);
  assert.ok(first.length + Number(missing) + last.length > error.message.length);
});

test('a long message without an error is cut as well, and a short one is not', () => {
  const told = stackOf(new State('Failed', '7'.repeat(532_000)));

  assert.equal(mark.exec(told)?.[2], '524000');
  assert.equal(stackOf(new State('Failed', '7'.repeat(8_000))), '7'.repeat(8_000));
});

test('a cause that is undefined, as of an error that was thrown on in any case, is not told', () => {
  const error = new RangeError('no rows', { cause: undefined });

  assert.doesNotMatch(stackOf(failed(error)), /caused by/);
});

test('no part of a secret is left where a long error is cut', () => {
  hideSecret('sesame-open-the-door');

  const told = stackOf(new State('Failed', `${'7'.repeat(5_990)}sesame-open-the-door${'7'.repeat(9_000)}`));

  assert.doesNotMatch(told, /sesame|door/);
  assert.match(told, /7\*\*\*7+ \[and \d+ more/);
});

test('whoever throws a class, as one may in Python, is told to make an error of it', () => {
  for (const [thrown, name] of [
    [SKIP, 'SKIP'],
    [RangeError, 'RangeError'],
  ] as const) {
    const { message } = endingOf(thrown, { name: 'load' } as RunPlan).state;

    assert.match(message, /^HeddleError: task 'load' threw (?:the class|a function).*, not an Error: /);
    assert.ok(message.endsWith(`. Write throw new ${name}(…): the class itself is no Error.`), message);
  }
});

test('a file that is looked for by a relative path in another folder than the flow is told with both', () => {
  const error = thrownBy(() => readFileSync('no-such-rows.csv'));

  const told = endingOf(error, { name: 'load', folder: '/srv/flows' } as RunPlan).state.error;

  assert.deepEqual(
    { ...(told as object), name: told?.name, message: told?.message },
    {
      name: 'HeddleError',
      code: 'NOT_IN_WORKER_FOLDER',
      task: 'load',
      path: 'no-such-rows.csv',
      here: process.cwd(),
      message:
        `task 'load' looked for 'no-such-rows.csv' in the folder of the worker that it runs on, ${process.cwd()}, and not ` +
        `in that of the flow, /srv/flows. Give it an absolute path that this machine has too, or one beside the module of ` +
        `the task: join(import.meta.dirname, 'the-file'), which is sent along with its code.`,
    },
  );
  assert.equal(told?.cause, error);
  assert.match(told?.stack ?? '', /endings\.test\.ts/);
});

const others: readonly (readonly [what: string, folder: string | undefined, error: Error])[] = [
  ['in the folder of the flow', process.cwd(), thrownBy(() => readFileSync('no-such-rows.csv'))],
  ['in the process of the flow', undefined, thrownBy(() => readFileSync('no-such-rows.csv'))],
  ['that has an absolute path', '/srv/flows', thrownBy(() => readFileSync('/no-such-rows.csv'))],
  ['that is a command', '/srv/flows', spawnSync('no-such-command').error!],
  ['that is a folder', '/srv/flows', thrownBy(() => readFileSync('src'))],
];
for (const [what, folder, error] of others) {
  test(`what is missing ${what} is told as Node does`, () => {
    assert.equal(endingOf(error, { name: 'load', ...(folder && { folder }) } as RunPlan).state.error, error);
  });
}

test('an error on a worker whose folder was removed is told as it is', (t) => {
  const back = process.cwd();
  t.after(() => process.chdir(back));
  const folder = mkdtempSync(join(tmpdir(), 'heddle-gone-'));
  process.chdir(folder);
  rmdirSync(folder);

  for (const error of [new Error('no rows'), thrownBy(() => readFileSync('no-such-rows.csv'))]) {
    assert.equal(endingOf(error, { name: 'load', folder: '/srv/flows' } as RunPlan).state.error, error);
  }
});

test('an error whose stack is no text can be told in other words', () => {
  const error = Object.assign(
    thrownBy(() => readFileSync('no-such-rows.csv')),
    { stack: 7 },
  );

  const told = endingOf(error, { name: 'load', folder: '/srv/flows' } as RunPlan).state.error;

  assert.equal(told?.cause, error);
  assert.match(told?.stack ?? '', /^HeddleError: task 'load' looked for/);
});

function thrownBy(body: () => unknown): Error {
  try {
    body();
  } catch (error) {
    return error as Error;
  }
  throw new Error('it throws nothing');
}
