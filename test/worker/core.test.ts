// What a worker does, event by event, without a scheduler, a thread or a clock.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WorkerCore, type WorkerEvent } from '../../src/worker/core.ts';
import {
  arrived,
  bundled,
  cancel,
  closed,
  define,
  dismissed,
  draining,
  ended,
  forget,
  found,
  named,
  opened,
  over,
  recall,
  reported,
  run,
  runs,
  sent,
  told,
  whole,
  worker,
} from './core-fixtures.ts';

test('a chunk is run, its reports are passed on in order, and its end is told last', () => {
  const on = worker();
  const logs = { type: 'logs', records: [] } as const;
  const settled = { type: 'settled', start: 0, count: 5, busyMs: 1, bytes: Buffer.from('five') } as const;
  on(define(1));

  assert.deepEqual(on(run(1, { attempt: 7 })), [runs(run(1, { attempt: 7 }))]);
  assert.deepEqual(
    on(reported(7, logs), reported(7, settled), over(7)),
    sent({ attempt: 7, ...logs }, { attempt: 7, ...settled }, ended(7)),
  );
});

test('with the last outcome of a chunk, its end is told', () => {
  const on = worker();
  const logs = { type: 'logs', records: [] } as const;
  const settled = { type: 'settled', start: 0, count: 5, busyMs: 1, bytes: Buffer.from('five') } as const;
  on(define(1), run(1), run(1, { attempt: 2, behind: 1 }));

  assert.deepEqual(on({ type: 'chunk-over', attempt: 1, last: [logs, settled] }), [
    ...sent({ attempt: 1, ...logs }, { attempt: 1, ...settled, isLast: true }),
    runs(run(1, { attempt: 2, behind: 1 })),
  ]);
});

test('the end of a chunk that was cut short is told behind its loss', () => {
  const on = worker();
  const loss = { kind: 'exit', exitCode: 3 } as const;
  const settled = { type: 'settled', start: 0, count: 4, busyMs: 1, bytes: Buffer.from('four') } as const;
  on(define(1), run(1));

  assert.deepEqual(
    on({ type: 'chunk-over', attempt: 1, last: [settled], loss: { indices: [4], loss } }),
    sent({ attempt: 1, ...settled }, { type: 'lost', attempt: 1, indices: [4], loss }, ended(1)),
  );
});

test('an index that took its thread with it is told before the end of its chunk', () => {
  const on = worker();
  const loss = { kind: 'exit', exitCode: 3 } as const;
  on(define(1), run(1));

  assert.deepEqual(
    on(over(1, { indices: [4], loss })),
    sent({ type: 'lost', attempt: 1, indices: [4], loss }, ended(1)),
  );
});

test('an index whose time was up is no loss', () => {
  const on = worker();
  on(define(1), run(1));

  const commands = on(over(1, { indices: [4], loss: { kind: 'timeout' } }));

  assert.deepEqual(commands, sent({ type: 'timed-out', attempt: 1, index: 4 }, ended(1)));
});

test('an index whose time was up before, and whose thread is ended for its time again, is lost', () => {
  const on = worker();
  on(define(1), run(1, { timedOut: [4] }));
  const loss = { kind: 'timeout' } as const;

  const commands = on(over(1, { indices: [4], loss }));

  assert.deepEqual(commands, sent({ type: 'lost', attempt: 1, indices: [4], loss }, ended(1)));
});

test('so are all that overlapped when their time was up: one of them kept the others from ending', () => {
  const on = worker();
  on(define(1), run(1));
  const loss = { kind: 'timeout' } as const;

  const commands = on(over(1, { indices: [4, 5], loss }));

  assert.deepEqual(commands, sent({ type: 'lost', attempt: 1, indices: [4, 5], loss }, ended(1)));
});

test('of a chunk that was cancelled nothing is told but its end', () => {
  const on = worker();
  on(define(1), run(1));

  assert.deepEqual(on(cancel(1, 500)), [{ type: 'cancel-chunk', attempt: 1, graceMs: 500 }]);
  assert.deepEqual(on(over(1, { indices: [4], loss: { kind: 'cancelled' } })), sent(ended(1)));
});

test('a chunk is told to stop once, with the grace that came first', () => {
  const on = worker();
  on(define(1), run(1), cancel(1, 500));

  assert.deepEqual(on(cancel(1, 0), { type: 'leave-asked' }), sent(draining));
  assert.deepEqual(on(cancel(99, 0)), [], 'and one that is not here is not told at all');
});

test('a chunk of an array that was never defined here, and one too many, is what no scheduler may send', () => {
  const on = worker({ threads: 1 });

  assert.throws(() => on(run(5)), { code: 'PROTOCOL_VIOLATION', message: /attempt 1 is of array 5, never defined/ });
  on(define(1), run(1));
  assert.throws(() => on(run(1, { attempt: 2 })), { code: 'PROTOCOL_VIOLATION', message: /attempt 2 is one too many/ });
  assert.deepEqual(on(over(1)), sent(ended(1)), 'what was run before is run on');
  on(forget(1));
  assert.throws(() => on(run(1, { attempt: 3 })), { code: 'PROTOCOL_VIOLATION' });
});

test('chunks wait for the code of their array, which is asked for once, and asked for no more after that', () => {
  const on = worker({ threads: 3, keepsCode: true });
  const [first, second, third] = [1, 2, 3].map((attempt) => run(1, { attempt }));
  on(define(1, { isSent: true }));

  assert.deepEqual(on(first!, second!), sent({ type: 'need-code', array: 1 }));
  assert.deepEqual(on(found(1)), [runs(first!, bundled), runs(second!, bundled)]);
  assert.deepEqual(on(third!), [runs(third!, bundled)]);
  assert.deepEqual(on(found(1), found(9)), [], 'an answer that nobody waits for changes nothing');
});

test('chunks wait for all that their array needs whole, whenever that comes, and chunks of others do not', () => {
  const on = worker({ threads: 2 });
  on(define(3, { whole: [1, 2] }), define(4));
  assert.deepEqual(on(whole(1), run(3, { attempt: 1 })), []);
  assert.deepEqual(on(run(4, { attempt: 2 })), [runs(run(4, { attempt: 2 }))]);

  assert.deepEqual(on(whole(2)), [runs(run(3, { attempt: 1 }))]);
  assert.deepEqual(on(over(1), define(5, { whole: [1] }), run(5, { attempt: 3 })), [
    ...sent(ended(1)),
    runs(run(5, { attempt: 3 })),
  ]);
});

test('a chunk runs once when both its code and what it needs whole have come', () => {
  const on = worker({ keepsCode: true });

  assert.deepEqual(
    on(define(3, { isSent: true, whole: [1] }), run(3), found(3)),
    sent({ type: 'need-code', array: 3 }),
  );
  assert.deepEqual(on(whole(1)), [runs(run(3), bundled)]);
});

test('a chunk that waits for what it needs whole ends at once when it is cancelled, or its array forgotten', () => {
  const on = worker({ threads: 2 });
  on(define(3, { whole: [1] }), run(3, { attempt: 1 }), run(3, { attempt: 2 }));

  assert.deepEqual(on(cancel(1, 100)), sent(ended(1)));
  assert.deepEqual(on(forget(3)), sent(ended(2)));
  assert.deepEqual(on(whole(1)), []);
});

test('what an array came to is kept no longer than the array', () => {
  const on = worker();
  on(whole(1), forget(1), define(3, { whole: [1] }));

  assert.deepEqual(on(run(3)), []);
});

test('a worker that keeps no code, and an array whose code is nowhere, run at once', () => {
  const withoutPlace = worker({ keepsCode: false });
  const withPlace = worker({ keepsCode: true });

  assert.deepEqual(withoutPlace(define(1, { isSent: true }), run(1)), [runs(run(1))]);
  assert.deepEqual(withPlace(define(1), run(1)), [runs(run(1))]);
});

test('one bundle is asked for once, and serves all arrays that wait for it', () => {
  const on = worker({ threads: 2, keepsCode: true });
  const [first, second] = [run(1, { attempt: 1 }), run(2, { attempt: 2 })];
  on(define(1, { isSent: true }), define(2, { isSent: true }), first, second);

  assert.deepEqual(on(named(1), named(2)), sent({ type: 'need-bundle', id: 'b' }));
  assert.deepEqual(on(arrived()), [runs(first, bundled), runs(second, bundled)]);
  assert.deepEqual(on(arrived()), []);
  on(define(3, { isSent: true }));
  assert.deepEqual(on(named(3)), sent({ type: 'need-bundle', id: 'b' }), 'it is gone from the disk since');
});

test('a bundle is asked for anew when those who asked for it are forgotten', () => {
  const on = worker({ threads: 2, keepsCode: true });
  on(define(1, { isSent: true }), define(2, { isSent: true }), define(3, { isSent: true }));
  on(named(1), named(2));

  assert.deepEqual(on(forget(1)), sent({ type: 'need-bundle', id: 'b' }), 'array 2 waits for it still');
  assert.deepEqual(on(named(3)), []);
  on(forget(2), forget(3));
  on(define(4, { isSent: true }));
  assert.deepEqual(on(named(4)), sent({ type: 'need-bundle', id: 'b' }));
});

test('a chunk that comes after the word that cancels it ends at once, and another one runs', () => {
  const on = worker();
  on(define(1), cancel(1, 500));

  assert.deepEqual(on(run(1, { attempt: 1 })), sent(ended(1)));
  assert.deepEqual(on(run(1, { attempt: 2 })), [runs(run(1, { attempt: 2 }))]);
});

test('what was cancelled early is kept in mind only until its array is forgotten', () => {
  const on = worker();
  on(define(1), cancel(1, 500), forget(2));
  assert.deepEqual(on(run(1, { attempt: 1 })), sent(ended(1)));

  on(cancel(2, 500), forget(1), define(1));
  assert.deepEqual(on(run(1, { attempt: 2 })), [runs(run(1, { attempt: 2 }))]);
});

test('a chunk that waits for its code ends at once when it is cancelled, or its array forgotten', () => {
  const on = worker({ threads: 2, keepsCode: true });
  on(define(1, { isSent: true }), run(1, { attempt: 1 }), run(1, { attempt: 2 }));

  assert.deepEqual(on(cancel(1, 60_000)), sent(ended(1)));
  assert.deepEqual(on(forget(1)), sent(ended(2)));
  assert.deepEqual(on(found(1)), []);
});

test('a chunk that was cancelled before its code came is not run when it comes', () => {
  const on = worker({ threads: 2, keepsCode: true });
  const second = run(1, { attempt: 2 });
  on(define(1, { isSent: true }), run(1, { attempt: 1 }), second, cancel(1, 0));

  assert.deepEqual(on(found(1)), [runs(second, bundled)]);
});

test('a chunk whose code has come is recalled, and told to stop, like any other that runs', () => {
  const on = worker({ keepsCode: true });
  on(define(1, { isSent: true }), run(1), found(1));

  assert.deepEqual(on(recall(1)), [{ type: 'recall-chunk', attempt: 1 }]);
  assert.deepEqual(on(cancel(1, 50)), [{ type: 'cancel-chunk', attempt: 1, graceMs: 50 }]);
  assert.deepEqual(on(forget(1)), []);
});

test('whatever is forgotten, chunks of it that run are left to their end', () => {
  const on = worker();
  on(define(1), run(1));

  assert.deepEqual(on(forget(1)), []);
  assert.deepEqual(on(over(1)), sent(ended(1)));
});

test('a resource is closed when the scheduler says so, and it is told when that is done', () => {
  const on = worker();
  const record = { time: 0, level: 'warn', message: 'sticks' } as const;
  on(define(1), run(1));

  assert.deepEqual(on(opened(1, 'db')), sent({ type: 'opened', attempt: 1, resource: 'db' }));
  assert.deepEqual(on(told({ type: 'close-resource', resource: 'db' })), [{ type: 'close-resource', resource: 'db' }]);
  assert.deepEqual(
    on({ type: 'resource-reported', resource: 'db', record }, { type: 'resource-closed', resource: 'db' }),
    sent({ type: 'resource-logs', resource: 'db', records: [record] }, { type: 'closed', resource: 'db' }),
  );
});

test('what runs is stopped when the connection is lost: at once, unless something is open that could be closed', () => {
  const cut: WorkerEvent = { type: 'disconnected', reason: 'cut' };
  const [plain, careful] = [worker(), worker()];
  plain(define(1), run(1));
  careful(define(1), run(1), opened(1, 'db'));

  assert.deepEqual(plain(cut), [{ type: 'cancel-chunk', attempt: 1, graceMs: 0 }, dismissed('cut')]);
  assert.deepEqual(careful(cut), [{ type: 'cancel-chunk', attempt: 1, graceMs: 1_000 }, dismissed('cut')]);
});

test('a worker that drains runs what was on its way, and is drained when that is done and goodbye was said', () => {
  const on = worker({ threads: 2 });
  on(define(1), run(1, { attempt: 1 }));

  assert.deepEqual(on({ type: 'drain-asked' }), sent(draining));
  assert.deepEqual(on(run(1, { attempt: 2 })), [runs(run(1, { attempt: 2 }))]);
  assert.deepEqual(on(told({ type: 'close', reason: 'as asked' })), [dismissed('as asked')]);
  assert.deepEqual(on(over(1)), sent(ended(1)));
  assert.deepEqual(on(over(2)), [...sent(ended(2)), { type: 'tell-drained' }]);
});

test('a worker that drains and has nothing to do waits for goodbye, which can be the end of the connection', () => {
  const on = worker();

  assert.deepEqual(on({ type: 'drain-asked' }), sent(draining));
  assert.deepEqual(on({ type: 'disconnected', reason: 'cut' }), [dismissed('cut'), { type: 'tell-drained' }]);
});

test('a worker whose time to drain is over stops what runs, and is drained without a goodbye', () => {
  const on = worker();
  on(define(1), run(1), { type: 'drain-asked' });

  assert.deepEqual(on({ type: 'time-ran-out' }), [{ type: 'cancel-chunk', attempt: 1, graceMs: 0 }]);
  assert.deepEqual(on(over(1)), [...sent(ended(1)), { type: 'tell-drained' }]);
});

test('what was given long to end by itself ends at once when nobody waits for it any more', () => {
  const on = worker();
  on(define(1), run(1), cancel(1, 3_600_000));

  assert.deepEqual(on({ type: 'disconnected', reason: 'cut' }), [
    { type: 'cancel-chunk', attempt: 1, graceMs: 0 },
    dismissed('cut'),
  ]);
});

test('a worker leaves when nothing runs and all is closed that was open, and takes no chunk meanwhile', () => {
  const on = worker({ threads: 2 });
  on(define(1), run(1), opened(1, 'db'), opened(1, 'file'), told({ type: 'close-resource', resource: 'file' }));

  assert.deepEqual(on({ type: 'leave-asked' }), [
    ...sent(draining),
    { type: 'cancel-chunk', attempt: 1, graceMs: 1_000 },
  ]);
  assert.deepEqual(on(run(1, { attempt: 2 })), []);
  assert.deepEqual(on(over(1)), [...sent(ended(1)), { type: 'close-resource', resource: 'db' }]);
  assert.deepEqual(on(closed('file')), sent({ type: 'closed', resource: 'file' }));
  assert.deepEqual(on(closed('db')), [...sent({ type: 'closed', resource: 'db' }), { type: 'leave' }]);
});

test('a worker with nothing to do leaves at once, and only once', () => {
  const on = worker();

  assert.deepEqual(on({ type: 'leave-asked' }), [...sent(draining), { type: 'leave' }]);
  assert.deepEqual(on({ type: 'disconnected', reason: 'gone' }), [dismissed('gone')]);
});

test('a scheduler that refuses after all has sent us away', () => {
  const on = worker();

  assert.deepEqual(on(told({ type: 'refused', code: 'WRONG_TOKEN', message: 'no' })), [dismissed('no')]);
  assert.deepEqual(on(told({ type: 'welcome', name: 'ada', heartbeatTimeoutMs: 1 })), []);
});

test('a worker is busy while something holds one of its threads', () => {
  const core = new WorkerCore({ threads: 1, keepsCode: false });
  core.handle(define(1));
  assert.equal(core.isBusy, false);

  core.handle(run(1));
  assert.equal(core.isBusy, true);
  core.handle(over(1));
  assert.equal(core.isBusy, false);
});
