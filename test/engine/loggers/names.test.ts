import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isNamed } from '../../../src/engine/loggers/names.ts';

const cases: [name: string, list: string[], isMeant: boolean][] = [
  ['pg', ['pg'], true],
  ['pg', [], false],
  ['pg:pool', ['pg'], false],
  ['pg:pool', ['pg:*'], true],
  ['pg', ['pg:*'], false],
  ['app:db:pool', ['app:*:pool'], true],
  ['app:db:pool', ['*'], true],
  ['app.db', ['app?db'], false],
  ['appxdb', ['app.db'], false],
  ['app:noise', ['app:*', '-app:noise'], false],
  ['app:noise', ['-app:noise', 'app:*'], false],
  ['app:db', ['app:*', '-app:noise'], true],
  ['app:db', ['-app:noise'], false],
];

for (const [name, list, isMeant] of cases) {
  test(`[${list.join(', ')}] ${isMeant ? 'means' : 'does not mean'} ${name}`, () => {
    assert.equal(isNamed(name, list), isMeant);
  });
}
