import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Flow, task } from 'heddle';
import { inprocPair } from '../../src/comm/inproc.ts';
import { connect, listen } from '../../src/comm/ws.ts';
import { codeAddressOf } from '../../src/code/registry.ts';
import { openSession } from '../../src/executors/scheduler-session.ts';
import type { LogRecord } from '../../src/lib/log-record.ts';
import { blockKinds, noDefinition } from '../../src/lib/chunk.ts';
import { decodeFromPeer, decodeToClient } from '../../src/protocol/codec.ts';
import type { FromClient, FromPeer, ToClient, ToPeer } from '../../src/protocol/messages.ts';
import { double, inc } from '../fixtures/tasks.ts';

const bounded = { timeout: 30_000 };

test('a flow run that is over goes without sending what has waited', bounded, async () => {
  const heard: string[] = [];
  const left = Promise.withResolvers<string>();
  await using listener = await listen<FromPeer, ToPeer>({
    port: 0,
    token,
    decode: decodeFromPeer,
    onConnection: (comm) =>
      comm.listen({
        message: ({ type }) => {
          heard.push(type);
          if (type === 'hello') comm.send({ type: 'welcome', name: 'ada', heartbeatTimeoutMs: 15_000 });
        },
        seen: () => {},
        closed: ({ reason }) => left.resolve(reason),
      }),
  });
  const comm = await connect<ToClient, FromClient>({ url: listener.url, token, decode: decodeToClient });
  const lost: Error[] = [];
  const session = await openSession(comm, { ...nobody, lost: (error) => lost.push(error) }, options);

  const inputs = { start: 0, count: 1, bytes: new Uint8Array(60_000_000) };
  session.submit({ ...request, given: [inputs] }, unheard);
  await session[Symbol.asyncDispose]();

  assert.equal(await left.promise, 'the flow run is over');
  assert.deepEqual(heard, ['hello']);
  assert.deepEqual(lost, []);
});

test(
  'a flow run that hears nothing of its scheduler says so, and what to look at, before it gives up',
  bounded,
  async () => {
    const [scheduler, comm] = inprocPair<FromClient, ToClient>();
    scheduler.listen({ message: () => {}, seen: () => {}, closed: () => {} });
    scheduler.send({ type: 'welcome', name: 'ada', heartbeatTimeoutMs: 60 });
    const told: string[] = [];
    const lost = Promise.withResolvers<Error>();
    const log = (records: readonly LogRecord[]) =>
      told.push(...records.map(({ level, message }) => `${level} ${message}`));

    await using _ = await openSession(comm, { log, workers: () => {}, lost: lost.resolve }, options);

    const error = await lost.promise;
    assert.match(error.message, /was lost: the scheduler showed no sign of life for \d+ ms\. /);
    assert.match(
      told[0]!,
      /^warn nothing was heard of the scheduler \(.+\) for \d+ ms; after 360 ms this run gives it up\. See whether that process runs, and whether the network between is up$/,
    );
  },
);

test('the code of several tasks that come in one bundle is sent once', bounded, async () => {
  await using scheduler = await sessionHere();
  const [first, second] = [inc, double].map(({ reference }) => {
    return scheduler.session.submit({ ...request, code: codeAddressOf(reference, [])! }, unheard);
  }) as [number, number];

  scheduler.say({ type: 'need-code', array: first }, { type: 'need-code', array: second });
  const sent = [await scheduler.next('code'), await scheduler.next('code')];

  assert.deepEqual(
    sent.map(({ array, bundle }) => [array, bundle?.bytes !== undefined]),
    [
      [first, true],
      [second, false],
    ],
  );
  assert.equal(sent[0]!.bundle?.id, sent[1]!.bundle?.id);
});

test('large blocks are taken as far as there is room for them, and one larger than that alone', bounded, async () => {
  await using scheduler = await sessionHere();
  const settled: number[] = [];
  const listener = { ...unheard, settled: ({ start }: { readonly start: number }) => void settled.push(start) };
  const array = scheduler.session.submit({ ...request, length: 4 }, listener);
  const sizes = [20, 8, 8, 8].map((megabytes) => megabytes * 2 ** 20);
  const heads = sizes.map((byteLength, start) => ({ type: 'settled', array, ...blockAt(start), byteLength }) as const);
  const asked = async (count: number) => {
    const starts = [];
    for (let left = count; left > 0; left -= 1) starts.push((await scheduler.next('take')).start);
    return [starts, scheduler.has('take')];
  };

  scheduler.say(...heads);
  assert.deepEqual(await asked(1), [[0], false]);
  scheduler.say({ type: 'block', array, ...blockAt(0) });
  assert.deepEqual(await asked(2), [[1, 2], false]);
  scheduler.say({ type: 'block', array, ...blockAt(0) }, { type: 'block', array, ...blockAt(2) });
  assert.deepEqual(await asked(1), [[3], false]);
  assert.deepEqual([settled, scheduler.lost], [[0, 2], []], 'a block that nobody has asked for changes nothing');
});

test('a flow run that a task starts says inside of which run that is', bounded, async () => {
  const within = async () => {
    await using scheduler = await sessionHere();
    return (await scheduler.next('hello')).within;
  };
  const start = task('start', within);

  const state = await new Flow('outer', () => start()).run({ flowRunName: 'outer-1', onLog: () => {} });

  assert.equal(state.output, 'outer-1');
  assert.equal(await within(), undefined);
});

/** A session, and the other end of its comm, which says what it is told to and gives what it hears by type. */
async function sessionHere() {
  const [ours, theirs] = inprocPair<ToClient, FromClient>();
  const heard: FromClient[] = [];
  let arrived = Promise.withResolvers<void>();
  theirs.listen({
    message: (message) => {
      heard.push(message);
      if (message.type === 'hello') theirs.send({ type: 'welcome', name: 'ada', heartbeatTimeoutMs: 15_000 });
      arrived.resolve();
      arrived = Promise.withResolvers();
    },
    seen: () => {},
    closed: () => {},
  });
  const lost: Error[] = [];
  const session = await openSession(ours, { ...nobody, lost: (error) => lost.push(error) }, options);
  return {
    session,
    lost,
    has: (type: FromClient['type']) => heard.some((message) => message.type === type),
    say: (...messages: ToClient[]) => messages.forEach((message) => theirs.send(message)),
    async next<Type extends FromClient['type']>(type: Type): Promise<Extract<FromClient, { type: Type }>> {
      for (;;) {
        const position = heard.findIndex((message) => message.type === type);
        if (position !== -1) return heard.splice(position, 1)[0] as Extract<FromClient, { type: Type }>;
        await arrived.promise;
      }
    },
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  };
}

function blockAt(start: number) {
  return { start, count: 1, bytes: Uint8Array.of(blockKinds.succeeded) };
}

const nobody = { log: () => {}, workers: () => {}, lost: () => {} };
const unheard = { started: () => {}, wants: () => true, settled: () => {} };
const token = 'sessions';
const options = { name: 'ada', importsModules: true, takesCaptures: false, sharesMemory: false, owned: [] };
const request = {
  name: 'task',
  length: 1,
  definition: noDefinition,
  elementwise: [],
  whole: [],
  timeoutMs: undefined,
};
