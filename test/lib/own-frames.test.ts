import assert from 'node:assert/strict';
import { test } from 'node:test';
import { context, Flow, Parameter, task } from 'heddle';

const plus = task('plus', (x: number, y: number) => x + y);
const flow = new Flow('sum', () => plus(new Parameter<number>('x'), 1));

test('the stack of a misuse begins with the line of the caller, however deep in Heddle it is found', async () => {
  const misuses: Record<string, () => unknown> = {
    option: () => task('none', { retrys: 1 } as never, () => 1),
    name: () => task('', () => 1),
    call: () => plus(1, 2),
    builder: () => new Flow('none', () => plus.map(1 as never, 2 as never)),
    run: () => flow.run({ nope: 1 } as never),
    'missing parameter': () => flow.run(),
  };

  for (const [what, misuse] of Object.entries(misuses)) {
    const error = (await Promise.resolve()
      .then(misuse)
      .catch((thrown: unknown) => thrown)) as Error;
    const [message, first] = error.stack!.split(/\n(?= +at )/);

    assert.equal(message, `TypeError: ${error.message}`, what);
    assert.match(first!, /own-frames\.test\.ts/, what);
  }
});

test('an error that a task logs has the lines of the author, with what else there is of it', async () => {
  const parse = task('parse', () => {
    try {
      JSON.parse('{');
    } catch (cause) {
      context.logger.warn('no table:', new Error('unread', { cause }));
      context.logger.info('twice:', Object.assign(new Error('coded'), { code: 7 }), Object.assign(new Error('last')));
    }
    context.logger.info('where:\n    at home');
  });
  const lines: string[] = [];

  await new Flow('parsing', () => parse()).run({ onLog: ({ message }) => lines.push(message) });

  const own = String.raw`    at parse\.<anonymous> \(\S*own-frames\.test\.ts:\d+:\d+\)`;
  const ofLine = (beginning: string) => lines.find((line) => line.startsWith(beginning))!;
  assert.match(
    ofLine('no table'),
    new RegExp(
      String.raw`^no table: Error: unread\n${own} \{\n  \[cause\]: SyntaxError: .*\n.* JSON\.parse .*\n +${own}\n\}$`,
    ),
  );
  assert.match(
    ofLine('twice'),
    new RegExp(String.raw`^twice: Error: coded\n${own} \{\n  code: 7\n\} Error: last\n${own}$`),
  );
  assert.equal(ofLine('where'), 'where:\n    at home');
});

test('of an error that a worker with a Heddle of its own sent, the log shows no line of that or of Node', async () => {
  const load = task('load', () => {
    const cause = new Error("Cannot find package 'sharp'");
    const frames = ['node:internal/modules/esm/loader:7:2', 'file:///srv/node_modules/heddle/src/chunks/a.js:44:45'];
    cause.stack = [`Error: ${cause.message}`, ...frames.map((place) => `    at resolve (${place})`)].join('\n');
    throw new Error('no table', { cause });
  });
  const lines: string[] = [];

  await new Flow('loading', () => load()).run({ onLog: ({ message }) => lines.push(message) });

  const told = lines.find((line) => line.startsWith('Error: no table'))!;
  assert.match(told, /\ncaused by Error: Cannot find package 'sharp'$/);
});
