import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Scheduler } from '../../src/scheduler/scheduler.ts';
import { connect, payload, settled, submission } from './peers.ts';

test('a client is asked once for the code of a module, however many workers need it', async () => {
  await using scheduler = new Scheduler();
  const [ada, bob] = ['ada', 'bob'].map((name) => connect(scheduler, { role: 'worker', threads: 1, name }));
  const client = connect(scheduler, { role: 'client' });
  await client.next('welcome');
  const code = { module: 'file:///flow.ts', path: 'flow.ts', fingerprint: 'x' };
  client.send({ type: 'submit', arrays: [submission({ array: 7, length: 2, code })] });
  const { array } = await ada!.next('run');
  await bob!.next('run');

  ada!.send({ type: 'need-code', array });
  bob!.send({ type: 'need-code', array });
  const asked = await client.next('need-code');
  client.send({ type: 'code', array: asked.array, bundle: { id: 'b1', bytes: payload } });
  const told = [await ada!.next('code'), await bob!.next('code')];
  ada!.send({ type: 'need-bundle', id: 'b1' });

  assert.equal(asked.array, 7);
  assert.deepEqual(
    told.map(({ id }) => id),
    ['b1', 'b1'],
  );
  assert.deepEqual((await ada!.next('bundle')).bytes, payload);
  assert.equal(client.has('need-code'), false);
});

test('what is defined once the bundle of its module is known names that, so that nobody has to ask again', async () => {
  await using scheduler = new Scheduler();
  const worker = connect(scheduler, { role: 'worker', threads: 3 });
  const client = connect(scheduler, { role: 'client' });
  await client.next('welcome');
  const code = { module: 'file:///flow.ts', path: 'flow.ts', fingerprint: 'x' };
  const submit = (array: number, module: string) =>
    client.send({ type: 'submit', arrays: [submission({ array, length: 1, code: { ...code, module } })] });
  const named = async () => (await worker.next('define')).definition.code?.bundle;

  submit(1, code.module);
  const before = await named();
  worker.send({ type: 'need-code', array: (await worker.next('run')).array });
  await client.next('need-code');
  client.send({ type: 'code', array: 1, bundle: { id: 'b1', bytes: payload } });
  await worker.next('code');
  submit(2, code.module);
  const after = await named();
  submit(3, 'file:///other.ts');

  assert.deepEqual([before, after, await named()], [undefined, 'b1', undefined]);
});

test('code that a client was asked for is good for others of its module when its array is released', async () => {
  await using scheduler = new Scheduler();
  const worker = connect(scheduler, { role: 'worker', threads: 2 });
  const client = connect(scheduler, { role: 'client' });
  const code = { module: 'file:///flow.ts', path: 'flow.ts', fingerprint: 'x' };
  client.send({ type: 'submit', arrays: [submission({ array: 1, length: 1, code })] });
  worker.send({ type: 'need-code', array: (await worker.next('run')).array });
  await client.next('need-code');
  client.send({ type: 'release', arrays: [1] });
  client.send({ type: 'submit', arrays: [submission({ array: 2, length: 1, code })] });
  const { array } = await worker.next('run');
  worker.send({ type: 'need-code', array });

  client.send({ type: 'code', array: 1, bundle: { id: 'b1', bytes: payload } });

  const codes = [await worker.next('code'), await worker.next('code')];
  assert.deepEqual(codes.at(-1), { type: 'code', array, id: 'b1' });
});

test('code that nobody asked for changes nothing, and that of the first answer stays', async () => {
  await using scheduler = new Scheduler();
  const worker = connect(scheduler, { role: 'worker', threads: 1, name: 'ada' });
  const client = connect(scheduler, { role: 'client' });
  await client.next('welcome');
  const code = { module: 'file:///flow.ts', path: 'flow.ts', fingerprint: 'x' };
  const answer = (id: string) => client.send({ type: 'code', array: 7, bundle: { id, bytes: payload } });
  client.send({ type: 'submit', arrays: [submission({ array: 7, length: 1, code })] });
  const { array } = await worker.next('run');

  answer('unasked');
  worker.send({ type: 'need-code', array });
  await client.next('need-code');
  answer('first');
  answer('second');

  assert.equal((await worker.next('code')).id, 'first');
  worker.send({ type: 'need-code', array });
  assert.equal((await worker.next('code')).id, 'first');
});

test('a client that leaves while another is asked for code is no trouble for that one', async () => {
  await using scheduler = new Scheduler();
  const worker = connect(scheduler, { role: 'worker', threads: 1, name: 'ada' });
  const [client, other] = [connect(scheduler, { role: 'client' }), connect(scheduler, { role: 'client' })];
  await Promise.all([client.next('welcome'), other.next('welcome')]);
  const code = { module: 'file:///flow.ts', path: 'flow.ts', fingerprint: 'x' };
  client.send({ type: 'submit', arrays: [submission({ array: 7, length: 1, code })] });
  worker.send({ type: 'need-code', array: (await worker.next('run')).array });
  await client.next('need-code');

  await other.close();
  client.send({ type: 'code', array: 7, bundle: { id: 'b1', bytes: payload } });

  assert.equal((await worker.next('code')).id, 'b1');
});

test('each module has a bundle of its own, and those that need others beside it are another module', async () => {
  await using scheduler = new Scheduler();
  const worker = connect(scheduler, { role: 'worker', threads: 3, name: 'ada' });
  const client = connect(scheduler, { role: 'client' });
  await client.next('welcome');
  const facts = { path: 'flow.ts', fingerprint: 'x' };
  const codes = [
    { module: 'file:///flow.ts', ...facts },
    { module: 'file:///other.ts', ...facts },
    { module: 'file:///flow.ts', also: ['file:///other.ts'], ...facts },
  ];
  const arrays = codes.map((code, position) => submission({ array: position + 1, length: 1, code }));
  client.send({ type: 'submit', arrays });
  for (let asked = 0; asked < codes.length; asked += 1) {
    worker.send({ type: 'need-code', array: (await worker.next('run')).array });
  }

  const asked = [await client.next('need-code'), await client.next('need-code'), await client.next('need-code')];

  assert.deepEqual(new Set(asked.map(({ array }) => array)), new Set([1, 2, 3]));
});

test('the code of a client is kept for as long as the client is there', async () => {
  await using scheduler = new Scheduler();
  const worker = connect(scheduler, { role: 'worker', threads: 3 });
  const clients = ['first', 'second'].map((name) => connect(scheduler, { role: 'client', name }));
  for (const [position, client] of clients.entries()) {
    await client.next('welcome');
    const code = { module: `file:///${position}.ts`, path: `${position}.ts`, fingerprint: 'x' };
    client.send({ type: 'submit', arrays: [submission({ array: 1, length: 1, code })] });
    worker.send({ type: 'need-code', array: (await worker.next('run')).array });
    await client.next('need-code');
    client.send({ type: 'code', array: 1, bundle: { id: `b${position}`, bytes: payload } });
    await worker.next('code');
  }

  await clients[0]!.close();
  // The answers come in order: had there been one for the first, it would be here before the second.
  worker.send({ type: 'need-bundle', id: 'b0' }, { type: 'need-bundle', id: 'b1' });

  assert.equal((await worker.next('bundle')).id, 'b1');
});

test('a worker that waits for the bundle of a client that is gone forgets it, and gets that of the next', async () => {
  await using scheduler = new Scheduler();
  const worker = connect(scheduler, { role: 'worker', threads: 1 });
  const bundleOf = async (client: ReturnType<typeof connect>) => {
    await client.next('welcome');
    const code = { module: 'file:///flow.ts', path: 'flow.ts', fingerprint: 'x' };
    client.send({ type: 'submit', arrays: [submission({ array: 1, length: 1, code })] });
    const run = await worker.next('run');
    worker.send({ type: 'need-code', array: run.array });
    await client.next('need-code');
    client.send({ type: 'code', array: 1, bundle: { id: 'b', bytes: payload } });
    await worker.next('code');
    return run;
  };
  const first = connect(scheduler, { role: 'client', name: 'first' });
  const left = await bundleOf(first);
  await first.close();
  worker.send({ type: 'need-bundle', id: 'b' });
  assert.equal((await worker.next('cancel')).attempt, left.attempt);
  worker.send({ type: 'ended', attempt: left.attempt });
  assert.equal((await worker.next('forget')).array, left.array);
  assert.equal(worker.has('bundle'), false);

  const second = connect(scheduler, { role: 'client', name: 'second' });
  const { attempt, ranges } = await bundleOf(second);
  worker.send({ type: 'need-bundle', id: 'b' });
  assert.deepEqual((await worker.next('bundle')).bytes, payload);
  worker.send(settled(attempt, ranges[0]!.start), { type: 'ended', attempt });

  assert.equal((await second.next('settled')).array, 1);
});
