import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger, type Logger } from '../../src/engine/logger.ts';
import type { LogRecord } from '../../src/lib/log-record.ts';

const levels = ['debug', 'info', 'warn', 'error'] as const;

test('each level writes a record of its own, with the time and whose it is', () => {
  const source = { task: 'load', mapIndex: 3, flow: 'nightly', flowRun: 'run-a1' };
  const { logger, records } = logging(source);
  const before = Date.now();

  for (const level of levels) logger[level]('read', level);

  assert.deepEqual(
    records,
    levels.map((level, index) => ({ time: records[index]!.time, level, message: `read ${level}`, ...source })),
  );
  for (const { time } of records) assert.ok(time >= before && time <= Date.now());
});

const messages: [message: unknown[], text: string][] = [
  [[], ''],
  [['read', 12, 'rows'], 'read 12 rows'],
  [['%d of %s', 3, 'ten', 'left'], '3 of ten left'],
  [['100% sure'], '100% sure'],
  [[{ a: { b: { c: 1 } } }], '{ a: { b: { c: 1 } } }'],
  [['rows', new Map([['a', 1]])], `rows Map(1) { 'a' => 1 }`],
  [[undefined, null, 5n, -0], 'undefined null 5n -0'],
];

for (const [message, text] of messages) {
  test(`arguments are put together as console.log does: ${text === '' ? 'nothing' : text}`, () => {
    const { logger, records } = logging();

    logger.info(...message);

    assert.equal(records[0]!.message, text);
  });
}

test('a logger is frozen, and works when taken apart', () => {
  const { logger, records } = logging();

  ['read'].forEach(logger.info);

  assert.ok(Object.isFrozen(logger));
  assert.match(records[0]!.message, /^read 0 \[/);
});

function logging(source = {}): { logger: Logger; records: LogRecord[] } {
  const records: LogRecord[] = [];
  return { logger: createLogger(source, (record) => records.push(record)), records };
}
