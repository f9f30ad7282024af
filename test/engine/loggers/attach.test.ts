import assert from 'node:assert/strict';
import { test } from 'node:test';
import debug from 'debug';
import { attachLogger } from 'heddle';

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
