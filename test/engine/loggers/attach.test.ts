import assert from 'node:assert/strict';
import { test } from 'node:test';
import debug from 'debug';
import { attachLogger, Flow, task, type WriteLine } from 'heddle';
import { recording } from '../fixtures.ts';

const attach = attachLogger as (...args: unknown[]) => void;

const mistakes: [what: string, args: unknown[], error: { code: string; message: RegExp }][] = [
  [
    'a logger of a library that nobody knows',
    [{ info: () => {} }],
    { code: 'UNKNOWN_LOGGER', message: /got an object\. For any other, hand its lines on: attachLogger\('name', / },
  ],
  ['nothing', [undefined], { code: 'UNKNOWN_LOGGER', message: /got undefined/ }],
  [
    'a name alone',
    ['pg'],
    { code: 'INVALID_OPTION', message: /attachLogger\('pg', …\) needs .*have loggers by name.*logging\.extraLoggers/ },
  ],
  ['debug without namespaces', [debug], { code: 'INVALID_OPTION', message: /\{ names: \['app:\*'\] \}/ }],
  ['debug with no namespace', [debug, { names: [] }], { code: 'INVALID_OPTION', message: /a list of namespaces/ }],
  [
    'an option that it does not have',
    [debug, { name: 'x' }],
    { code: 'UNKNOWN_OPTION', message: /attachLogger\(debug\) has no option 'name'\. Did you mean 'names'\?/ },
  ],
];

for (const [what, args, error] of mistakes) {
  test(`attachLogger refuses ${what}, and says what to do`, () => {
    assert.throws(() => attach(...args), error);
  });
}

test('who hands on a line outside of a task run is told that nobody took it', () => {
  let taken: boolean | undefined;

  attachLogger('queue', (write) => (taken = write('info', 'idle')));

  assert.equal(taken, false);
});

test('what a handler of a flow writes through an attached logger is in the log of the run', async () => {
  const { records, onLog } = recording();
  let say: WriteLine | undefined;
  attachLogger('queue', (write) => (say = write));
  const flow = new Flow('told', { onFailure: () => void say!('warn', 'gone') }, () => failing());

  await flow.run({ onLog });

  const told = records.filter(({ logger }) => logger === 'queue');
  assert.deepEqual(
    told.map(({ level, message, flow: name }) => [level, message, name]),
    [['warn', 'gone', 'told']],
  );
});

const failing = task('failing', () => {
  throw new RangeError('no luck');
});
