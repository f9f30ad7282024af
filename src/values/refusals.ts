// What is said of what cannot travel.

export type RefusedKind = keyof typeof refusals;

/** Why a kind of thing stays where it is, and what to do instead: the likeliest first, at most three. */
export const refusals = {
  function: {
    why: 'functions are code, not data',
    remedy: ['send the data that the function needs', 'or import the function inside the task that calls it'],
  },
  own: { why: 'it is a part of Heddle, which is only of use where the flow is made and run', remedy: [] },
  symbol: { why: 'a symbol has no identity outside its process', remedy: ['use a string'] },
  promise: {
    why: 'a Promise is a wait, not a value',
    remedy: ['await it before you return or pass it on', 'for several: await Promise.all(promises)'],
  },
  iterator: {
    why: 'an iterator is paused code',
    remedy: ['collect it first: [...iterator] or await Array.fromAsync(iterator)'],
  },
  weak: {
    why: 'what is held weakly cannot be listed, and so not copied',
    remedy: ['use a Map, a Set or the object itself'],
  },
  proxy: {
    why: 'a Proxy runs code on every access, so it is not looked into',
    remedy: [
      'send the plain object behind it',
      'if it is a client: give it to tasks as a resource (docs/resources.md)',
    ],
  },
  context: {
    why: 'it answers for the task run that asks it, and for no other',
    remedy: [
      'send what you need of it, such as context.parameters or context.mapIndex',
      `or ask it in the other task: import { context } from 'heddle' where it is needed`,
    ],
  },
  namespace: {
    why: 'a module holds functions',
    remedy: ['import the module inside the task, or send the values you need'],
  },
  arguments: { why: 'the arguments object is not an array', remedy: ['use [...arguments] or rest parameters'] },
  connection: {
    why: 'a live connection belongs to the process that opened it',
    remedy: [
      'give it to tasks as a resource, which each thread opens for itself: resourceManager() (docs/resources.md)',
      'or open it inside the task that uses it, and return the rows that it read',
    ],
  },
  stream: {
    why: 'a stream is tied to its file, socket or producer',
    remedy: ['read it to the end and send the bytes or rows', 'or write it to storage and send the path'],
  },
  sink: {
    why: 'what is written to it ends where it was opened',
    remedy: [
      'return what is to be written, and write it where the flow was started',
      'or send the path, and open it inside the task that uses it',
    ],
  },
  output: {
    why: 'it is that of this process, and each worker has its own',
    remedy: ['use context.logger inside the task: its lines reach the log of the run from every worker'],
  },
  lines: {
    why: 'it reads from a stream that belongs to its process',
    remedy: [
      'read the lines first: for await (const line of value) lines.push(line)',
      'or send the path of the file, and read it inside the task that uses it',
    ],
  },
  server: {
    why: 'a server listens in the process that opened it',
    remedy: [
      'send its address, such as http://host:port, and let the task call it there',
      'if tasks need one of their own: make it a resource (docs/resources.md)',
    ],
  },
  watcher: {
    why: 'it watches for the process that opened it',
    remedy: [
      'leave it out, and send the paths of the files that changed',
      'or start a run of the flow when it reports something: flow.run({ parameters })',
    ],
  },
  program: {
    why: 'a running program belongs to the process that started it',
    remedy: [
      'start it inside the task, wait there for its end, and return what it printed',
      'for one that many task runs use: make it a resource (docs/resources.md)',
    ],
  },
  thread: {
    why: 'a thread belongs to the process that started it',
    remedy: [
      'leave it out: on a LocalCluster each task runs on a thread already (docs/running.md)',
      'for one that many task runs use: make it a resource (docs/resources.md)',
    ],
  },
  port: {
    why: 'it is an end of a channel between threads of one process',
    remedy: ['return what you would post: results reach the flow, and the tasks behind, by themselves'],
  },
  lock: {
    why: 'it holds back only what runs in its own process, and workers are others',
    remedy: [
      `say how many runs may be at work at once, over all workers: tags: ['api'] for the task, and limits: ` +
        '{ api: 1 } for the flow (docs/tasks.md)',
      'if it only guards what one thread does: make it inside the module of the task',
    ],
  },
  key: {
    why: 'a key is kept by the platform, where a copy does not reach',
    remedy: [
      'read it inside the task: context.secrets (docs/configuration.md)',
      `or export it: key.export({ format: 'jwk' }) or await crypto.subtle.exportKey('jwk', key), and import that there`,
    ],
  },
  wasm: {
    why: 'its content is kept by the platform, where a copy does not reach',
    remedy: [
      'send the bytes or the path of the module, and compile it inside the task that uses it',
      'of a memory, send a copy of what is in it: new Uint8Array(memory.buffer).slice()',
    ],
  },
  store: {
    why: 'what it holds is known to its own process only',
    remedy: ['send what it holds: value.getStore()'],
  },
  global: {
    why: 'it belongs to its process, and each worker has its own',
    remedy: ['use it by its name inside the task', 'or send the data that you need from it'],
  },
  file: {
    why: 'an open file belongs to the process that opened it',
    remedy: ['send its path, and open it inside the task that uses it', 'or read it first and send the bytes'],
  },
  logger: {
    why: 'a logger writes where it was made',
    remedy: ['use context.logger inside the task: its lines reach the log of the run from every worker'],
  },
  signal: { why: 'a signal only works inside its process', remedy: ['use context.signal inside the task'] },
  timer: { why: 'a timer belongs to its event loop', remedy: ['clear it, and leave it out'] },
  emitter: {
    why: 'it holds its listeners, which are functions',
    remedy: [
      'send the data that you need from it',
      'to follow what tasks do, use state handlers (docs/handlers.md) or context.logger',
    ],
  },
  platform: {
    why: 'its content is kept by the platform, where a copy does not reach',
    remedy: ['send the plain data it was made from, and make it again inside the task that uses it'],
  },
  url: {
    why: 'its content is kept by the platform, where a copy does not reach',
    remedy: ['send value.href, and rebuild it with new URL(href)'],
  },
  headers: {
    why: 'its content is kept by the platform, where a copy does not reach',
    remedy: ['send [...value], and rebuild it from the list'],
  },
  response: {
    why: 'its content is kept by the platform, where a copy does not reach',
    remedy: ['read it first: await value.text(), await value.json() or await value.bytes()'],
  },
  memory: {
    why: 'shared memory cannot leave its process, nor be noted on disk, as a run with a flowRunId notes its values',
    remedy: [
      'send a copy: new Uint8Array(memory).slice().buffer',
      'or run the flow on threads of its own process, with LocalCluster, without a flowRunId or flows.checkpointing',
    ],
  },
  detached: {
    why: 'its memory was transferred away, so there is nothing left to copy',
    remedy: ['send it before it is transferred, or transfer a copy'],
  },
  environment: {
    why: 'it reads the variables of its own process each time it is asked',
    remedy: [
      'send the variables that you need: process.env.NAME, or all of them: { ...process.env }',
      'for keys and passwords: context.secrets inside the task (docs/configuration.md)',
    ],
  },
  getter: {
    why: 'reading this property runs code, which failed',
    remedy: ['fix the getter, or leave the property out'],
  },
  codec: {
    why: 'what a type is registered with must give the data to rebuild it from',
    remedy: ['mend the encode() that is given to registerType()', 'or send plain data'],
  },
  depth: {
    why: 'the copier recurses, and its stack has an end',
    remedy: [
      'flatten it: a long linked list is better as an array',
      'or leave out a getter that makes a new object each time it is read',
    ],
  },
  unknown: { why: 'the copier refused it', remedy: ['send plain data'] },
} as const satisfies Record<string, { why: string; remedy: readonly string[] }>;
