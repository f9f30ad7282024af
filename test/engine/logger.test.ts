import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger, formatRecord, type Logger } from '../../src/engine/logger.ts';
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

const time = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const record: LogRecord = { time, level: 'info', message: 'read 12 rows', flow: 'nightly', flowRun: 'run-a1' };

const lines: [what: string, record: LogRecord, line: string][] = [
  ['the flow itself', record, '2026-01-02T03:04:05.678Z INFO  nightly/run-a1 | read 12 rows'],
  ['a task', { ...record, task: 'load' }, '2026-01-02T03:04:05.678Z INFO  nightly/run-a1 load | read 12 rows'],
  [
    'a child of a mapped task, on a worker',
    { ...record, level: 'error', task: 'load', mapIndex: 0, worker: 'ant-1' },
    '2026-01-02T03:04:05.678Z ERROR nightly/run-a1 load[0] @ant-1 | read 12 rows',
  ],
  [
    'the logger of a library',
    { ...record, task: 'load', worker: 'ant-1', logger: 'app:db' },
    '2026-01-02T03:04:05.678Z INFO  nightly/run-a1 load @ant-1 (app:db) | read 12 rows',
  ],
  [
    'a task run that has a name',
    { ...record, task: 'load', mapIndex: 3, taskRun: 'load a.csv', worker: 'ant-1' },
    "2026-01-02T03:04:05.678Z INFO  nightly/run-a1 load[3] 'load a.csv' @ant-1 | read 12 rows",
  ],
  [
    'a run that is called like its flow',
    { ...record, level: 'debug', flowRun: 'nightly' },
    '2026-01-02T03:04:05.678Z DEBUG nightly | read 12 rows',
  ],
  [
    'who knows no flow',
    { time, level: 'warn', message: 'a worker left', worker: 'ant-1' },
    '2026-01-02T03:04:05.678Z WARN  heddle @ant-1 | a worker left',
  ],
];

for (const [who, record, line] of lines) {
  test(`a line of ${who} says when, how grave, whose, where and what`, () => {
    assert.equal(formatRecord(record), line);
  });
}

function logging(source = {}): { logger: Logger; records: LogRecord[] } {
  const records: LogRecord[] = [];
  return { logger: createLogger(source, (record) => records.push(record)), records };
}
