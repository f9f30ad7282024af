import type { Block, ChunkInput, CodeAddress, Definition, Loss, Note } from '../lib/chunk.ts';
import type { LogRecord } from '../lib/log-record.ts';
import type { Amount, TagLimit, Traits } from '../lib/placing.ts';
import type { Range } from '../lib/range.ts';
import {
  amount,
  atMost,
  bytes,
  count,
  duration,
  flag,
  integer,
  list,
  oneOf,
  optional,
  positive,
  record,
  text,
  time,
} from './checks.ts';
import type { Fields } from './checks.ts';
import type {
  ArrayDefinition,
  FromClient,
  FromWorker,
  Hello,
  Message,
  Refused,
  Submission,
  ToClient,
  ToWorker,
  Welcome,
} from './messages.ts';

/** What the fields of each message of one direction must look like, by its type. */
export type Shapes<M extends Message> = {
  readonly [T in M['type']]: Fields<Omit<Extract<M, { readonly type: T }>, 'type'>>;
};

const block = record<Block>({ start: count, count, bytes });
const chunkInput = record<ChunkInput>({ array: count, blocks: list(block) });
const range = record<Range>({ start: count, end: count });
const note = record<Note>({ index: count, bytes });
const loss = record<Loss>({
  kind: oneOf<Loss['kind']>({
    'not-started': 1,
    exit: 1,
    'out-of-memory': 1,
    'worker-memory': 1,
    error: 1,
    'worker-left': 1,
    timeout: 1,
    cancelled: 1,
  }),
  exitCode: optional(integer),
  memoryLimitMb: optional(duration),
  memoryBytes: optional(count),
  memoryLimitBytes: optional(count),
  message: optional(text),
  stack: optional(text),
  leftBy: optional(text),
});
const logRecord = record<LogRecord>({
  time,
  level: oneOf<LogRecord['level']>({ debug: 1, info: 1, warn: 1, error: 1 }),
  message: text,
  task: optional(text),
  mapIndex: optional(count),
  taskRun: optional(text),
  logger: optional(text),
  once: optional(text),
  worker: optional(text),
  flowRun: optional(text),
  flow: optional(text),
  renamedTo: optional(text),
});

const traits = record<Traits>({ resources: list(record<Amount>({ name: text, amount })), labels: list(text) });

const arrayDefinition: Fields<ArrayDefinition> = {
  array: count,
  name: text,
  length: count,
  definition: record<Definition>({ parts: list(text), values: optional(bytes) }),
  elementwise: list(count),
  whole: list(count),
  timeoutMs: optional(duration),
  code: optional(
    record<CodeAddress>({
      module: text,
      path: text,
      fingerprint: text,
      also: optional(list(text)),
      bundle: optional(text),
    }),
  ),
};
const submission: Fields<Submission> = {
  ...arrayDefinition,
  given: optional(list(block)),
  priority: time,
  concurrency: optional(positive),
  needs: optional(traits),
  limits: optional(list(record<TagLimit>({ tag: text, most: positive }))),
  allowedFailures: optional(count),
  crashesWhenLost: optional(flag),
  resource: optional(text),
};

/** Whoever has more is lying, and work is handed out to every one of them. */
const maxThreads = 65_536;

const hello: Fields<Omit<Hello, 'type'>> = {
  role: oneOf<Hello['role']>({ worker: 1, client: 1 }),
  protocol: count,
  heddle: text,
  node: text,
  name: text,
  threads: atMost(maxThreads),
  time: optional(count),
  has: optional(traits),
  within: optional(text),
};
const welcome: Fields<Omit<Welcome, 'type'>> = { name: text, heartbeatTimeoutMs: duration };
const refused: Fields<Omit<Refused, 'type'>> = { code: text, message: text };

export const fromWorker: Shapes<FromWorker> = {
  hello,
  settled: {
    attempt: count,
    start: count,
    count,
    busyMs: duration,
    bytes,
    retried: optional(count),
    isLast: optional(flag),
    unable: optional(text),
  },
  delayed: { attempt: count, index: count, delayMs: duration, note: bytes },
  lost: { attempt: count, indices: list(count), loss },
  'timed-out': { attempt: count, index: count },
  returned: { attempt: count, ranges: list(range) },
  ended: { attempt: count },
  logs: { attempt: optional(count), records: list(logRecord) },
  importing: { attempt: count, module: optional(text) },
  opened: { attempt: count, resource: text },
  'resource-logs': { resource: text, records: list(logRecord) },
  closed: { resource: text },
  draining: {},
  vitals: { memoryBytes: count, memoryLimitBytes: count, isPaused: flag },
  'need-code': { array: count },
  'need-bundle': { id: text },
};

export const toWorker: Shapes<ToWorker> = {
  welcome,
  refused,
  define: { definition: record(arrayDefinition) },
  whole: { array: count, blocks: list(block) },
  run: {
    array: count,
    attempt: count,
    ranges: list(range),
    lanes: positive,
    inputs: list(chunkInput),
    notes: list(note),
    timedOut: list(count),
    behind: optional(count),
  },
  recall: { array: count, attempt: count },
  cancel: { array: count, attempt: count, graceMs: duration },
  hold: { array: count, attempt: count },
  'go-on': { array: count, attempt: count },
  forget: { array: count },
  'close-resource': { resource: text },
  code: { array: count, id: optional(text), problem: optional(text) },
  bundle: { id: text, bytes },
  close: { reason: text },
};

export const fromClient: Shapes<FromClient> = {
  hello,
  submit: { arrays: list(record(submission)) },
  release: { arrays: list(count) },
  seal: { arrays: list(count) },
  take: { array: count, start: count, isWanted: flag },
  cancel: { graceMs: duration },
  code: { array: count, bundle: optional(record({ id: text, bytes: optional(bytes) })), problem: optional(text) },
};

export const toClient: Shapes<ToClient> = {
  welcome,
  refused,
  settled: {
    array: count,
    start: count,
    count,
    bytes,
    byteLength: optional(count),
    ran: optional(record({ worker: text, busyMs: duration, retried: optional(count) })),
  },
  block: { array: count, start: count, count, bytes },
  started: { array: count, count },
  logs: { array: optional(count), records: list(logRecord) },
  workers: { workers: count, threads: count, joined: optional(text), lost: optional(text) },
  'need-code': { array: count },
  failed: { code: text, message: text },
  idle: {},
};
