// The life of one thread, event by event, without a thread or a clock.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Loss } from '../../src/lib/chunk.ts';
import {
  broke,
  chunk,
  closedAll,
  closing,
  endThread,
  ended,
  exit3,
  exited,
  gone,
  opened,
  openedReport,
  over,
  post,
  settled,
  settledReport,
  start,
  started,
  thread,
} from './thread-fixtures.ts';

test('a thread is started for the first chunk, and kept for the next one', () => {
  const { on } = thread();

  assert.deepEqual(on(chunk(1)), [start]);
  assert.deepEqual(on(started), [post]);
  assert.deepEqual(on(ended(1)), [over()]);
  assert.deepEqual(on(chunk(2)), [post]);
});

test('a thread that was started ahead is not started again', () => {
  const { on } = thread();

  assert.deepEqual(on({ type: 'start-asked' }), [start]);
  assert.deepEqual(on({ type: 'start-asked' }, chunk(1), started), [post]);
});

test('when no thread can be started, however often, the first index of the chunk is charged, and the next tries anew', () => {
  const { on } = thread();
  const loss: Loss = { kind: 'not-started', message: 'EAGAIN' };
  const failed = (isTriedAgain: boolean) => ({ type: 'thread-failed', message: 'EAGAIN', isTriedAgain }) as const;
  on(chunk(1, { start: 5, end: 9 }));

  assert.deepEqual(on(failed(true)), [start]);
  assert.deepEqual(on(failed(false)), [over({ indices: [5], loss })]);
  assert.deepEqual(on(chunk(2)), [start]);
  assert.deepEqual(thread().on({ type: 'start-asked' }, failed(false)), [start]);
});

test('reports are passed on while their chunk has the thread, and no others', () => {
  const { on } = thread();
  on(chunk(1), started);

  assert.deepEqual(on(settled(1, 0, 2)), [{ type: 'report', report: settledReport(0, 2) }]);
  assert.deepEqual(on(settled(2, 0, 2)), []);
  assert.deepEqual(on(ended(2)), []);
  assert.deepEqual(on(ended(1)), [over()]);
  assert.deepEqual(on(settled(1, 2, 2)), []);
});

test('a chunk that is given while the thread dies gets a fresh one', () => {
  const { on } = thread();
  on({ type: 'start-asked' }, started, exited(-1));

  assert.deepEqual(on(chunk(1)), []);
  assert.deepEqual(on(gone), [start]);
  assert.deepEqual(on(started), [post]);
});

test('a chunk that had ended when its thread died is not charged, but the next one waits for a fresh thread', () => {
  const { on } = thread();

  assert.deepEqual(on(chunk(1), started, broke(exit3)).slice(2), [endThread]);
  assert.deepEqual(on(ended(1), exited(9)), []);
  assert.deepEqual(on(gone), [over()]);
  assert.deepEqual(on(chunk(2)), [start]);
});

test('a thread that breaks while it has nothing to do is ended, and the next chunk waits for a fresh one', () => {
  const { on } = thread();
  on({ type: 'start-asked' }, started);

  assert.deepEqual(on(broke(exit3)), [endThread]);
  assert.deepEqual(on(chunk(1), exited(-1)), []);
  assert.deepEqual(on(gone), [start]);
});

test('a chunk is told to stop, and its thread is ended when the grace is over', () => {
  const { on, life, wait } = thread();
  on(chunk(1), started);

  assert.deepEqual(on({ type: 'cancel-asked', graceMs: 500 }), [{ type: 'order-cancel' }]);
  assert.equal(life.nextDue, 500);
  assert.deepEqual(wait(499, 3), []);
  assert.deepEqual(wait(1, 3), [endThread]);
  assert.deepEqual(on(exited(3)), []);
  assert.equal(life.nextDue, Infinity);
  assert.deepEqual(on(gone), [over({ indices: [3], loss: { kind: 'cancelled' } })]);
});

test('a thread that does not end within two seconds is abandoned, and another takes its place', () => {
  const { on, life, wait } = thread();
  on(chunk(1), started, settled(1, 0, 3), { type: 'cancel-asked', graceMs: 0 });
  assert.deepEqual(wait(0, 3), [endThread]);
  assert.equal(life.nextDue, 2_000);

  const loss: Loss = { kind: 'cancelled' };
  assert.deepEqual(wait(2_000, 3), [{ type: 'abandon-thread' }, over({ indices: [3], loss })]);

  assert.deepEqual(on(chunk(2)), [start]);
  assert.deepEqual(on(started), [post]);
});

test('a thread that ends in time is not abandoned', () => {
  const { on, wait } = thread();
  on(chunk(1), started, { type: 'cancel-asked', graceMs: 0 });
  wait(0);

  on(exited(0));

  assert.deepEqual(wait(5_000), []);
});

test('a thread that is needed no more is ended, and waited for no longer than others', () => {
  const { life, on, wait } = thread();
  assert.deepEqual(on({ type: 'close-asked' }), [], 'there is none');
  on({ type: 'start-asked' }, started);

  assert.deepEqual(on({ type: 'close-asked' }), [endThread]);
  assert.equal(life.nextDue, 2_000);
  assert.deepEqual(wait(2_000), [{ type: 'abandon-thread' }]);
});

test('a thread that is to be ended takes with it what it runs, for the reason that was given', () => {
  const { on } = thread();
  const loss = { kind: 'worker-memory', memoryBytes: 2_000, memoryLimitBytes: 1_000 } as const;
  assert.deepEqual(on({ type: 'end-asked', loss }), [], 'nothing runs');
  on(chunk(1), started);

  assert.deepEqual(on({ type: 'end-asked', loss }), [endThread]);
  assert.deepEqual(on({ type: 'end-asked', loss }), []);
  assert.deepEqual(on(exited(3)), []);
  assert.deepEqual(on(gone), [over({ indices: [3], loss })]);
});

test('a thread that is ending already is not ended again, and the first reason counts', () => {
  const { on } = thread();
  on(chunk(1, { end: 1 }), started, { type: 'end-asked', loss: exit3 });

  assert.deepEqual(on({ type: 'end-asked', loss: { kind: 'cancelled' } }), []);
  assert.deepEqual(on(broke({ kind: 'exit', exitCode: 1 }), exited(0), gone), [over({ indices: [0], loss: exit3 })]);
});

test('the shorter of two graces counts', () => {
  const { on, life } = thread();
  on(chunk(1), started, { type: 'cancel-asked', graceMs: 500 }, { type: 'cancel-asked', graceMs: 900 });
  assert.equal(life.nextDue, 500);

  on({ type: 'cancel-asked', graceMs: 100 });
  assert.equal(life.nextDue, 100);
});

test('a chunk that ends within its grace leaves the thread as it is', () => {
  const { on, life, wait } = thread();
  on(chunk(1), started, { type: 'cancel-asked', graceMs: 500 });

  assert.deepEqual(on(ended(1)), [over()]);
  assert.equal(life.nextDue, Infinity);
  assert.deepEqual(wait(1_000), []);
  assert.deepEqual(on({ type: 'cancel-asked', graceMs: 0 }), [], 'nothing is there to be cancelled');
  assert.deepEqual(on(chunk(2)), [post]);
});

test('a chunk that was through just before its thread was ended keeps its results', () => {
  const { on, wait } = thread();
  on(chunk(1), started, { type: 'cancel-asked', graceMs: 0 });
  wait(0, 9);

  assert.deepEqual(on(settled(1, 0, 10), ended(1)).slice(1), [], 'the next one must not meet that thread');
  assert.deepEqual(on(exited(9)), []);
  assert.deepEqual(on(gone), [over()]);
});

test('a chunk that has no thread yet is over as soon as it is cancelled', () => {
  const { on } = thread();
  on(chunk(1));

  assert.deepEqual(on({ type: 'cancel-asked', graceMs: 60_000 }), [over()]);
  assert.deepEqual(on(started), []);
  assert.deepEqual(on(chunk(2)), [post]);
});

test('a function that overruns has its thread ended, and is charged', () => {
  const { on, life, wait } = thread();
  on(chunk(1, { timeoutMs: 150 }), started);
  wait(0, 3);
  assert.equal(life.nextDue, 100);

  assert.deepEqual([wait(100, 3), wait(100, 3), wait(100, 3), wait(100, 3)], [[], [], [], []]);
  assert.deepEqual(wait(1, 3), [endThread]);
  on(exited(3));
  assert.deepEqual(on(gone), [over({ indices: [3], loss: { kind: 'timeout' } })]);
});

test('each start of an index has its time anew, and so has a thread that runs none', () => {
  const { on, wait } = thread();
  on(chunk(1, { timeoutMs: 50 }), started);
  const look = (ms: number, running: number, starts: number) => wait(ms, running, starts);

  assert.deepEqual(look(0, -1, 0), []);
  assert.deepEqual(look(10_000, -1, 0), [], 'it still imports its module');
  assert.deepEqual(look(200, 0, 1), []);
  assert.deepEqual(look(200, 1, 2), []);
  assert.deepEqual([look(51, 1, 2), look(200, 1, 2)], [[], []]);
  assert.deepEqual(look(1, 1, 2), [endThread]);
});

test('what overruns is ended 200 ms after that is seen: the process may have been stopped until then', () => {
  const { on, wait } = thread();
  on(chunk(1, { timeoutMs: 150 }), started);
  wait(0, 3, 1);

  assert.deepEqual([wait(5_000, 3, 1), wait(100, 3, 2)], [[], []], 'its event loop turns again');
  assert.deepEqual([wait(5_000, 3, 2), wait(200, 3, 2)], [[], []]);
  assert.deepEqual(wait(1, 3, 2), [endThread]);
});

test('a thread is looked at as often as its timeout, if that is short', () => {
  const { on, life, wait } = thread();
  on(chunk(1, { timeoutMs: 20 }), started);
  assert.equal(life.nextDue, 0);

  wait(0, 0);
  assert.equal(life.nextDue, 20);
  assert.deepEqual([wait(21, 0), wait(200, 0)], [[], []]);
  assert.deepEqual(wait(1, 0), [endThread]);
});

test('a thread that is ended for its timeout between two indices charges nobody', () => {
  const { on, wait } = thread();
  on(chunk(1, { timeoutMs: 20 }), started);
  wait(0, 4);
  wait(50, 4);
  wait(250, 4);

  on(settled(1, 0, 5), exited(4));
  assert.deepEqual(on(gone), [over()]);
});

test('nor does it charge an index that began while it was being ended, be it the last', () => {
  for (const next of [4, 9]) {
    const { on, wait } = thread();
    on(chunk(1, { timeoutMs: 20 }), started);
    wait(0, next - 1);
    wait(50, next - 1);
    wait(250, next - 1);

    on(settled(1, 0, next - 1), exited(next));
    assert.deepEqual(on(gone), [over()]);
  }
});

test('a chunk without a timeout runs as long as it likes', () => {
  const { on, life, wait } = thread();
  on(chunk(1), started);

  assert.equal(life.nextDue, Infinity);
  assert.deepEqual(wait(1e9, 0), []);
  assert.equal(life.nextDue, Infinity);
});

test('a resource is closed when its turn comes: behind the chunk that runs, before the next one', () => {
  const { on } = thread();
  on(chunk(1), started, opened(1, 'db'));

  assert.deepEqual(on(closing('db')), []);
  assert.deepEqual(on(ended(1)), [over(), { type: 'post-closing', resource: 'db' }]);
  assert.deepEqual(on(chunk(2)), []);
  assert.deepEqual(on({ type: 'closing-ended', resource: 'db' }), [closedAll('db'), post]);
});

test('a recalled chunk begins nothing more, and a death is charged to what it had begun', () => {
  const { on } = thread();
  on(chunk(1), started);

  assert.deepEqual(on({ type: 'recall-asked' }), [{ type: 'take-tail' }]);
  assert.deepEqual(on({ type: 'tail-taken', tail: [{ start: 3, end: 10 }] }), [
    { type: 'report', report: { type: 'returned', ranges: [{ start: 3, end: 10 }] } },
  ]);
  assert.deepEqual(on(settled(1, 0, 2), exited(-1), gone).at(-1), over({ indices: [2], loss: exit3 }));
});

test('with all that was begun reported, and the rest taken, a thread that dies has lost nothing', () => {
  const { on } = thread();
  on(chunk(1), started, { type: 'recall-asked' }, { type: 'tail-taken', tail: [{ start: 3, end: 10 }] });

  assert.deepEqual(on(settled(1, 0, 3), exited(-1), gone).at(-1), over());
});

test('a chunk that has no thread yet says that it gives nothing back, and a closing says nothing', () => {
  const { on } = thread();
  const nothing = { type: 'report', report: { type: 'returned', ranges: [] } };

  assert.deepEqual(on({ type: 'recall-asked' }, chunk(1), { type: 'recall-asked' }), [start, nothing]);
  on(started, opened(1, 'db'), closing('db'), ended(1));
  assert.deepEqual(on({ type: 'recall-asked' }), []);
});

test('closings take turns as they were asked for', () => {
  const { on } = thread();
  on(chunk(1), started, opened(1, 'a'), opened(1, 'b'), ended(1));

  assert.deepEqual(on(closing('b'), closing('a')), [{ type: 'post-closing', resource: 'b' }]);
  assert.deepEqual(on({ type: 'closing-ended', resource: 'a' }), []);
  assert.deepEqual(on({ type: 'closing-ended', resource: 'b' }), [
    closedAll('b'),
    { type: 'post-closing', resource: 'a' },
  ]);
});

test('a resource that is not open is closed at once, also while a chunk runs', () => {
  const { on } = thread();
  on(chunk(1), started);

  assert.deepEqual(on(closing('db')), [closedAll('db')]);
});

test('a resource that was closed is closed at once when that is asked again', () => {
  const { on } = thread();
  on(chunk(1), started, opened(1, 'db'), ended(1), closing('db'));
  on({ type: 'closing-ended', resource: 'db' });

  assert.deepEqual(on(closing('db')), [closedAll('db')]);
});

test('a resource that was open on a thread that died is reported as lost, once', () => {
  const { on } = thread();
  on(chunk(1), started, opened(1, 'db'), exited(0), gone);

  assert.deepEqual(on(closing('db')), [{ type: 'closing-over', resource: 'db', lost: openedReport('db') }]);
  assert.deepEqual(on(closing('db')), [closedAll('db')]);
});

test('a resource that was lost with one thread and opened on the next is closed there, and reported as lost', () => {
  const { on } = thread();
  on(chunk(1), started, opened(1, 'db'), exited(0), gone);
  on(chunk(2), started, opened(2, 'db'), ended(2));

  assert.deepEqual(on(closing('db')), [{ type: 'post-closing', resource: 'db' }]);
  assert.deepEqual(on({ type: 'closing-ended', resource: 'db' }), [
    { type: 'closing-over', resource: 'db', lost: openedReport('db') },
  ]);
});

test('a closing that waits for a thread which dies meanwhile is over, with nothing posted', () => {
  const { on } = thread();
  on(chunk(1), started, opened(1, 'db'), closing('db'), broke(exit3));

  assert.deepEqual(on(exited(0), gone), [
    over({ indices: [0], loss: exit3 }),
    { type: 'closing-over', resource: 'db', lost: openedReport('db') },
  ]);
});

test('a cleanup that takes a second longer than it may has its thread ended', () => {
  const { on, life, wait } = thread();
  on(chunk(1), started, opened(1, 'db'), ended(1), closing('db'), chunk(2));
  assert.equal(life.nextDue, 1_100);

  assert.deepEqual(wait(1_099), []);
  assert.deepEqual(wait(1), [endThread]);
  assert.deepEqual(on(exited(-1)), []);
  assert.deepEqual(on(gone), [{ type: 'closing-over', resource: 'db', lost: openedReport('db') }, start]);
  assert.deepEqual(on(started), [post]);
});

test('a chunk that waits for a closing is over as soon as it is cancelled, and the closing goes on', () => {
  const { on } = thread();
  on(chunk(1), started, opened(1, 'db'), ended(1), closing('db'), chunk(2));

  assert.deepEqual(on({ type: 'cancel-asked', graceMs: 0 }), [over()]);
  assert.deepEqual(on({ type: 'closing-ended', resource: 'db' }), [closedAll('db')]);
});
