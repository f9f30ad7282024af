import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatRecord } from '../../src/engine/logger.ts';
import type { LogRecord } from '../../src/lib/log-record.ts';

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
