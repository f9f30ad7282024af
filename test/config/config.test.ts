import assert from 'node:assert/strict';
import { test } from 'node:test';
import { config } from '../../src/config/config.ts';

test('the configuration of the process is read once', () => {
  assert.equal(config(), config());
});
