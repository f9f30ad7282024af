// Messages of every kind, for tests that want many.

import fc from 'fast-check';
import type { Loss } from '../../src/lib/chunk.ts';
import type { LogLevel, LogRecord } from '../../src/lib/log-record.ts';
import type { Traits } from '../../src/lib/placing.ts';
import type { FromClient, FromWorker, ToClient, ToWorker } from '../../src/protocol/messages.ts';

const number = fc.oneof(fc.nat(200), fc.maxSafeNat());
const positive = fc.integer({ min: 1 });
const crashesWhenLost = fc.constant(true as const);
const ms = fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
const text = fc.string({ unit: 'grapheme', maxLength: 80 });
const bytes = fc.uint8Array({ maxLength: 300 });
const numbers = fc.array(number, { maxLength: 3 });
const ranges = fc.array(record({ start: number, end: number }), { maxLength: 3 });
const blocks = fc.array(record({ start: number, count: number, bytes }), { maxLength: 2 });
const inputs = fc.array(record({ array: number, blocks }), { maxLength: 2 });

/** Plain objects with these fields, of which some may be absent. */
function record<T extends object>(fields: { [K in keyof T]-?: fc.Arbitrary<T[K]> }, mayMiss: (keyof T)[] = []) {
  const requiredKeys = (Object.keys(fields) as (keyof T)[]).filter((key) => !mayMiss.includes(key));
  return fc.record(fields, { requiredKeys, noNullPrototype: true }) as unknown as fc.Arbitrary<T>;
}

function type<T extends string>(name: T): fc.Arbitrary<T> {
  return fc.constant(name);
}

function hello() {
  const role = fc.constantFrom('worker' as const, 'client' as const);
  const facts = { role, protocol: number, heddle: text, node: text, name: text, threads: fc.nat(65_536) };
  return record({ type: type('hello'), ...facts, has: traits() }, ['has']);
}

function answers() {
  return [
    record({ type: type('welcome'), name: text, heartbeatTimeoutMs: fc.nat() }),
    record({ type: type('refused'), code: text, message: text }),
  ] as const;
}

function traits(): fc.Arbitrary<Traits> {
  const amounts = fc.array(record({ name: text, amount: fc.integer({ min: 1 }) }), { maxLength: 2 });
  return record({ resources: amounts, labels: fc.array(text, { maxLength: 2 }) });
}

function loss(): fc.Arbitrary<Loss> {
  const kind = fc.constantFrom<Loss['kind'][]>(
    'not-started',
    'exit',
    'out-of-memory',
    'error',
    'worker-left',
    'timeout',
    'cancelled',
  );
  const memory = { memoryLimitMb: ms, memoryBytes: number, memoryLimitBytes: number };
  const fields = { kind, exitCode: fc.integer(), ...memory, message: text, stack: text, leftBy: text };
  const mayMiss: (keyof Loss)[] = [
    'exitCode',
    'memoryLimitMb',
    'memoryBytes',
    'memoryLimitBytes',
    'message',
    'stack',
    'leftBy',
  ];
  return record<Loss>(fields, mayMiss);
}

function records(): fc.Arbitrary<LogRecord[]> {
  const level = fc.constantFrom<LogLevel[]>('debug', 'info', 'warn', 'error');
  const fields = {
    time: fc.double({ min: 0, max: 8.64e15, noNaN: true }).map((value) => value + 0),
    level,
    message: text,
    task: text,
    mapIndex: number,
    taskRun: text,
    worker: text,
    logger: text,
    flowRun: text,
    flow: text,
    renamedTo: text,
    once: text,
  };
  const optional = ['task', 'mapIndex', 'taskRun', 'logger', 'worker', 'flowRun', 'flow', 'renamedTo', 'once'] as const;
  return fc.array(record<LogRecord>(fields, [...optional]), { maxLength: 2 });
}

export function fromWorker(): fc.Arbitrary<FromWorker> {
  const attempt = number;
  return fc.oneof(
    hello(),
    record({ type: type('settled'), attempt, start: number, count: number, busyMs: ms, bytes, retried: number }, [
      'retried',
    ]),
    record({ type: type('delayed'), attempt, index: number, delayMs: ms, note: bytes }),
    record({ type: type('lost'), attempt, indices: numbers, loss: loss() }),
    record({ type: type('timed-out'), attempt, index: number }),
    record({ type: type('returned'), attempt, ranges }),
    record({ type: type('ended'), attempt }),
    record({ type: type('logs'), attempt, records: records() }, ['attempt']),
    record({ type: type('importing'), attempt, module: text }, ['module']),
    record({ type: type('opened'), attempt, resource: text }),
    record({ type: type('resource-logs'), resource: text, records: records() }),
    record({ type: type('closed'), resource: text }),
    record({ type: type('draining') }),
  );
}

const definition = record({ parts: fc.array(text, { maxLength: 3 }), values: bytes }, ['values']);
const array = { array: number, name: text, length: number, definition, elementwise: numbers, whole: numbers };

export function toWorker(): fc.Arbitrary<ToWorker> {
  const notes = fc.array(record({ index: number, bytes }), { maxLength: 2 });
  const run = {
    array: number,
    attempt: number,
    ranges,
    lanes: positive,
    inputs,
    notes,
    timedOut: numbers,
    behind: number,
  };
  return fc.oneof(
    ...answers(),
    record({ type: type('define'), definition: record({ ...array, timeoutMs: ms }, ['timeoutMs']) }),
    record({ type: type('whole'), array: number, blocks }),
    record({ type: type('run'), ...run }, ['behind']),
    record({ type: type('cancel'), array: number, attempt: number, graceMs: ms }),
    record({ type: type('recall'), array: number, attempt: number }),
    record({ type: type('forget'), array: number }),
    record({ type: type('close-resource'), resource: text }),
    record({ type: type('hold'), array: number, attempt: number }),
    record({ type: type('go-on'), array: number, attempt: number }),
    record({ type: type('close'), reason: text }),
  );
}

export function fromClient(): fc.Arbitrary<FromClient> {
  const limits = fc.array(record({ tag: text, most: positive }), { maxLength: 2 });
  const placing = { concurrency: positive, needs: traits(), limits, allowedFailures: number, crashesWhenLost };
  const optional = { timeoutMs: ms, given: blocks, resource: text, ...placing };
  const names = Object.keys(optional) as (keyof typeof optional)[];
  const submission = record({ ...array, ...optional, priority: fc.integer() }, names);
  return fc.oneof(
    hello(),
    record({ type: type('submit'), arrays: fc.array(submission, { maxLength: 2 }) }),
    record({ type: type('release'), arrays: numbers }),
    record({ type: type('seal'), arrays: numbers }),
    record({ type: type('take'), array: number, start: number, isWanted: fc.boolean() }),
    record({ type: type('cancel'), graceMs: ms }),
  );
}

export function toClient(): fc.Arbitrary<ToClient> {
  const ran = record({ worker: text, busyMs: ms, retried: number }, ['retried']);
  return fc.oneof(
    ...answers(),
    record({ type: type('settled'), array: number, start: number, count: number, bytes, byteLength: number, ran }, [
      'byteLength',
      'ran',
    ]),
    record({ type: type('block'), array: number, start: number, count: number, bytes }),
    record({ type: type('failed'), code: text, message: text }),
    record({ type: type('started'), array: number, count: number }),
    record({ type: type('logs'), array: number, records: records() }),
    record({ type: type('workers'), workers: number, threads: number, joined: text, lost: text }, ['joined', 'lost']),
    record({ type: type('idle') }),
  );
}
