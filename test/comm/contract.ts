import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Comm } from '../../src/comm/comm.ts';
import type { FromWorker, ToWorker } from '../../src/protocol/messages.ts';
import { Ear } from './ear.ts';

export interface Ends extends AsyncDisposable {
  readonly worker: Comm<ToWorker, FromWorker>;
  readonly scheduler: Comm<FromWorker, ToWorker>;
}

/** What every comm must do, whatever it is made of. */
export function commContract(name: string, open: () => Promise<Ends>): void {
  const rule = (sentence: string, check: (ends: Ends) => Promise<void>) =>
    test(`${name}: ${sentence}`, { timeout: 30_000 }, async () => {
      await using ends = await open();
      await check(ends);
    });

  rule('ten thousand messages arrive once each, in order, both ways', async ({ worker, scheduler }) => {
    const atScheduler = Ear.at(scheduler);
    const atWorker = Ear.at(worker);

    for (let i = 0; i < 10_000; i += 1) {
      worker.send(ended(i));
      scheduler.send(forget(i));
      if (i % 1000 === 0) await new Promise(setImmediate);
    }
    await atScheduler.until((ear) => ear.messages.length >= 10_000);
    await atWorker.until((ear) => ear.messages.length >= 10_000);

    assert.deepEqual(atScheduler.messages, numbered(10_000, ended));
    assert.deepEqual(atWorker.messages, numbered(10_000, forget));
  });

  rule('what was sent before a close arrives, and then the reason [D155]', async ({ worker, scheduler }) => {
    const atScheduler = Ear.at(scheduler);
    const atWorker = Ear.at(worker);

    for (let i = 0; i < 10_000; i += 1) worker.send(ended(i));
    await worker.close('lunch');

    assert.deepEqual(await atScheduler.closed(), { by: 'other-end', reason: 'lunch' });
    assert.deepEqual(await atWorker.closed(), { by: 'this-end', reason: 'lunch' });
    assert.deepEqual(atScheduler.messages, numbered(10_000, ended));
  });

  rule('each end is told once that it is closed, however often and by whom', async ({ worker, scheduler }) => {
    const ears = [Ear.at(worker), Ear.at(scheduler)];

    await Promise.all([worker.close('a'), scheduler.close('b'), worker.close('c')]);
    await Promise.all(ears.map((ear) => ear.closed()));
    await Promise.all([worker.close('d'), scheduler.close('e')]);

    assert.deepEqual(
      ears.map((ear) => ear.goodbyes.length),
      [1, 1],
    );
  });

  rule('a send after close is silent, at both ends', async ({ worker, scheduler }) => {
    const atScheduler = Ear.at(scheduler);
    const atWorker = Ear.at(worker);

    const closing = worker.close();
    worker.send(ended(1));
    await closing;
    await atScheduler.closed();
    worker.send(ended(2));
    scheduler.send(forget(3));
    worker.ping();
    scheduler.ping();
    await new Promise(setImmediate);

    assert.deepEqual([atScheduler.messages, atWorker.messages], [[], []]);
    assert.deepEqual([worker.backlogBytes, scheduler.backlogBytes], [0, 0]);
  });

  rule('an end that closes hears no message any more', async ({ worker, scheduler }) => {
    const atWorker = Ear.at(worker, () => void worker.close('enough'));
    const atScheduler = Ear.at(scheduler);

    for (let i = 0; i < 100; i += 1) scheduler.send(forget(i));
    await atScheduler.closed();
    await atWorker.closed();

    assert.deepEqual(atWorker.messages, [forget(0)]);
  });

  rule('what comes before anybody listens is kept, the goodbye too [D154]', async ({ worker, scheduler }) => {
    worker.send(ended(1));
    worker.send(ended(2));
    await worker.close('gone');
    await new Promise(setImmediate);

    const ear = Ear.at(scheduler);
    assert.deepEqual(ear.messages, [], 'nothing is heard within the call of listen');

    assert.deepEqual(await ear.closed(), { by: 'other-end', reason: 'gone' });
    assert.deepEqual(ear.messages, [ended(1), ended(2)]);
  });

  rule('a ping is answered without anybody listening there', async ({ scheduler }) => {
    const atScheduler = Ear.at(scheduler);

    scheduler.ping();

    await atScheduler.until((ear) => ear.seen > 0);
    assert.deepEqual(atScheduler.messages, []);
  });

  rule('a message is a sign of life', async ({ worker, scheduler }) => {
    const atScheduler = Ear.at(scheduler, () => assert.ok(atScheduler.seen > 0));

    worker.send(ended(1));

    await atScheduler.until((ear) => ear.messages.length > 0);
  });

  rule(
    'a body of 20 MB arrives intact and in its place, and pings are answered [D090]',
    async ({ worker, scheduler }) => {
      const atScheduler = Ear.at(scheduler);
      const atWorker = Ear.at(worker);
      const bytes = new Uint8Array(20_000_000).map((_, i) => i * 31);

      worker.send(ended(1));
      worker.send({ type: 'settled', attempt: 1, start: 0, count: 1, busyMs: 0, bytes });
      worker.send(ended(1));
      worker.ping();
      await atWorker.until((ear) => ear.seen > 0);
      await atScheduler.until((ear) => ear.messages.length === 3);

      const arrived = atScheduler.messages[1];
      assert.ok(arrived?.type === 'settled' && Buffer.compare(arrived.bytes, bytes) === 0);
      assert.deepEqual([atScheduler.messages[0], atScheduler.messages[2]], [ended(1), ended(1)]);
    },
  );

  rule('the backlog falls to nothing, also by a close [D092]', async ({ worker, scheduler }) => {
    const atScheduler = Ear.at(scheduler);
    worker.send({ type: 'settled', attempt: 1, start: 0, count: 1, busyMs: 0, bytes: new Uint8Array(20_000_000) });

    await worker.backlogFallenTo(0);
    assert.equal(worker.backlogBytes, 0);
    await atScheduler.until((ear) => ear.messages.length === 1);

    worker.send({ type: 'settled', attempt: 1, start: 0, count: 1, busyMs: 0, bytes: new Uint8Array(20_000_000) });
    const fallen = worker.backlogFallenTo(0);
    await worker.close();
    await fallen;
  });
}

function numbered<T>(length: number, make: (i: number) => T): T[] {
  return Array.from({ length }, (_, i) => make(i));
}

function ended(attempt: number): FromWorker {
  return { type: 'ended', attempt };
}

function forget(array: number): ToWorker {
  return { type: 'forget', array };
}
