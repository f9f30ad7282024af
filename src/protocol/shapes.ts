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
import type { Check, Fields } from './checks.ts';
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

/** What each message of one direction must look like, by its type. */
export type Shapes<M extends Message> = { readonly [T in M['type']]: Check };

type Body<M extends Message, T extends M['type']> = Omit<Extract<M, { readonly type: T }>, 'type'>;

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

const hello = record<Body<Hello, 'hello'>>({
  role: oneOf<Hello['role']>({ worker: 1, client: 1 }),
  protocol: count,
  heddle: text,
  node: text,
  name: text,
  threads: atMost(maxThreads),
  has: optional(traits),
  within: optional(text),
});
const welcome = record<Body<Welcome, 'welcome'>>({ name: text, heartbeatTimeoutMs: duration });
const refused = record<Body<Refused, 'refused'>>({ code: text, message: text });

export const fromWorker: Shapes<FromWorker> = {
  hello,
  settled: record<Body<FromWorker, 'settled'>>({
    attempt: count,
    start: count,
    count,
    busyMs: duration,
    bytes,
    retried: optional(count),
    isLast: optional(flag),
    unable: optional(text),
  }),
  delayed: record<Body<FromWorker, 'delayed'>>({ attempt: count, index: count, delayMs: duration, note: bytes }),
  lost: record<Body<FromWorker, 'lost'>>({ attempt: count, indices: list(count), loss }),
  'timed-out': record<Body<FromWorker, 'timed-out'>>({ attempt: count, index: count }),
  returned: record<Body<FromWorker, 'returned'>>({ attempt: count, ranges: list(range) }),
  ended: record<Body<FromWorker, 'ended'>>({ attempt: count }),
  logs: record<Body<FromWorker, 'logs'>>({ attempt: optional(count), records: list(logRecord) }),
  importing: record<Body<FromWorker, 'importing'>>({ attempt: count, module: optional(text) }),
  opened: record<Body<FromWorker, 'opened'>>({ attempt: count, resource: text }),
  'resource-logs': record<Body<FromWorker, 'resource-logs'>>({ resource: text, records: list(logRecord) }),
  closed: record<Body<FromWorker, 'closed'>>({ resource: text }),
  draining: record({}),
  vitals: record<Body<FromWorker, 'vitals'>>({ memoryBytes: count, memoryLimitBytes: count, isPaused: flag }),
  'need-code': record<Body<FromWorker, 'need-code'>>({ array: count }),
  'need-bundle': record<Body<FromWorker, 'need-bundle'>>({ id: text }),
};

export const toWorker: Shapes<ToWorker> = {
  welcome,
  refused,
  define: record<Body<ToWorker, 'define'>>({ definition: record(arrayDefinition), whole: list(chunkInput) }),
  run: record<Body<ToWorker, 'run'>>({
    array: count,
    attempt: count,
    ranges: list(range),
    lanes: positive,
    inputs: list(chunkInput),
    notes: list(note),
    timedOut: list(count),
    behind: optional(count),
  }),
  recall: record<Body<ToWorker, 'recall'>>({ array: count, attempt: count }),
  cancel: record<Body<ToWorker, 'cancel'>>({ array: count, attempt: count, graceMs: duration }),
  hold: record<Body<ToWorker, 'hold'>>({ array: count, attempt: count }),
  'go-on': record<Body<ToWorker, 'go-on'>>({ array: count, attempt: count }),
  forget: record<Body<ToWorker, 'forget'>>({ array: count }),
  'close-resource': record<Body<ToWorker, 'close-resource'>>({ resource: text }),
  code: record<Body<ToWorker, 'code'>>({ array: count, id: optional(text), problem: optional(text) }),
  bundle: record<Body<ToWorker, 'bundle'>>({ id: text, bytes }),
  close: record<Body<ToWorker, 'close'>>({ reason: text }),
};

export const fromClient: Shapes<FromClient> = {
  hello,
  submit: record<Body<FromClient, 'submit'>>({ arrays: list(record(submission)) }),
  release: record<Body<FromClient, 'release'>>({ arrays: list(count) }),
  seal: record<Body<FromClient, 'seal'>>({ arrays: list(count) }),
  take: record<Body<FromClient, 'take'>>({ array: count, start: count, isWanted: flag }),
  cancel: record<Body<FromClient, 'cancel'>>({ graceMs: duration }),
  code: record<Body<FromClient, 'code'>>({
    array: count,
    bundle: optional(record({ id: text, bytes: optional(bytes) })),
    problem: optional(text),
  }),
};

export const toClient: Shapes<ToClient> = {
  welcome,
  refused,
  settled: record<Body<ToClient, 'settled'>>({
    array: count,
    start: count,
    count,
    bytes,
    byteLength: optional(count),
    ran: optional(record({ worker: text, busyMs: duration, retried: optional(count) })),
  }),
  block: record<Body<ToClient, 'block'>>({ array: count, start: count, count, bytes }),
  started: record<Body<ToClient, 'started'>>({ array: count, count }),
  logs: record<Body<ToClient, 'logs'>>({ array: optional(count), records: list(logRecord) }),
  workers: record<Body<ToClient, 'workers'>>({
    workers: count,
    threads: count,
    joined: optional(text),
    lost: optional(text),
  }),
  'need-code': record<Body<ToClient, 'need-code'>>({ array: count }),
  failed: record<Body<ToClient, 'failed'>>({ code: text, message: text }),
  idle: record({}),
};
