import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inprocPair } from '../../src/comm/inproc.ts';
import { connect, listen } from '../../src/comm/ws.ts';
import { openSession } from '../../src/executors/scheduler-session.ts';
import { noDefinition } from '../../src/lib/chunk.ts';
import type { LogRecord } from '../../src/lib/log-record.ts';
import { decodeFromPeer, decodeToClient } from '../../src/protocol/codec.ts';
import type { FromClient, FromPeer, ToClient, ToPeer } from '../../src/protocol/messages.ts';

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
  const session = await openSession(comm, { log: () => {}, workers: () => {}, lost: () => {} }, options);

  const inputs = { start: 0, count: 1, bytes: new Uint8Array(60_000_000) };
  session.submit({ ...request, given: [inputs] }, { started: () => {}, wants: () => true, settled: () => {} });
  await session[Symbol.asyncDispose]();

  assert.equal(await left.promise, 'the flow run is over');
  assert.deepEqual(heard, ['hello']);
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
