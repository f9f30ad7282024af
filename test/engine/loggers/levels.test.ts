import assert from 'node:assert/strict';
import { test } from 'node:test';
import winston from 'winston';
import pino from 'pino';
import { levelOf } from '../../../src/engine/loggers/levels.ts';

const levels: [whose: string, names: readonly (string | number)[], ours: string][] = [
  ['the numbers of pino', Object.values(pino.levels.values), 'debug debug info warn error error'],
  ['the names of npm', Object.keys(winston.config.npm.levels), 'error warn info debug debug debug debug'],
  ['the names of syslog', Object.keys(winston.config.syslog.levels), 'error error error error warn info info debug'],
  ['names that nobody knows', ['constructor', 'audit'], 'info info'],
  ['what is no number', [Number.NaN, undefined as never], 'info info'],
];

for (const [whose, names, ours] of levels) {
  test(`${whose} come to levels of the log`, () => {
    assert.equal(names.map((name) => levelOf(name)).join(' '), ours);
  });
}
