// Who is to work for a cluster, event by event, without a worker or a clock.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatDuration } from '../../src/lib/duration.ts';
import { Roster, type RosterCommand, type RosterEvent } from '../../src/executors/roster.ts';

test('a cluster that is scaled up starts workers at the free places, and is told when all have joined', () => {
  const { on, scale } = roster();

  assert.deepEqual(scale(2), [launch(0, 'w1'), launch(1, 'w2')]);
  assert.deepEqual(on(launched('w1'), joined('w1'), launched('w2')), []);
  assert.deepEqual(on(joined('w2')), [scaled(1)]);
  assert.deepEqual(scale(3), [launch(2, 'w3')]);
});

test('a worker can have joined before it is known to be launched, and strangers join as well', () => {
  const { on, scale } = roster();
  scale(1);

  assert.deepEqual(on(joined('w1'), joined('stranger'), ended('stranger')), []);
  assert.deepEqual(on(launched('w1')), [scaled(1)]);
});

test('a worker that the scheduler has given up is ended, and replaced when it is gone', () => {
  const { on } = roster(1);

  assert.deepEqual(on({ type: 'given-up', worker: 'w1' }), [{ type: 'end', worker: 'w1' }]);
  assert.deepEqual(on(ended('w1')), [warning('w1 has ended, and another one is started'), launch(0, 'w1.2')]);
});

test('a cluster that has as many as are wanted is told so at once', () => {
  const { scale } = roster();

  assert.deepEqual(scale(0), [scaled(1)]);
});

test('when one cannot be started the others are waited for, and then no more are wanted than there are', () => {
  const { core, on, scale } = roster();
  scale(3);
  on(launched('w1'), joined('w1'), launched('w3'));

  assert.deepEqual(on({ type: 'launch-failed', worker: 'w2', error: new Error('no machine') }), []);
  assert.equal(core.wanted, 3);
  assert.deepEqual(on(joined('w3')), [scaled(1, new Error('no machine'))]);
  assert.equal(core.wanted, 2);
});

test('of several that could not be started the first one says why, and nobody has more than were wanted last', () => {
  const { core, on, scale } = roster(2);
  scale(4);
  scale(1);
  const failed = (worker: string): RosterEvent => ({ type: 'launch-failed', worker, error: new Error(`no ${worker}`) });

  assert.deepEqual(on(failed('w4'), failed('w3')), [scaled(2, new Error('no w4'))]);
  assert.equal(core.wanted, 1);
});

test('a worker that ends before it has joined was not started, with its own reason if it has one', () => {
  for (const error of [undefined, new Error('wrong token')]) {
    const { on, scale } = roster();
    scale(1);
    on(launched('w1'));

    const [command] = on(ended('w1', error));

    assert.match(failureOf(command).message, error === undefined ? /^worker w1 ended before it had/ : /^wrong token$/);
  }
});

test('a worker that has not joined a minute after its launch is ended, and then told to be missing', () => {
  const { core, on, scale, wait } = roster();
  scale(1);
  wait(5_000);
  on(launched('w1'));
  assert.equal(core.nextDue, 65_000);

  assert.deepEqual(wait(59_999), []);
  assert.deepEqual(wait(1), [{ type: 'end', worker: 'w1' }]);
  assert.deepEqual(on(joined('w1')), [], 'too late');
  const [command] = on(ended('w1'));

  assert.match(
    failureOf(command).message,
    /^w1 was started, and has not joined within 1 min.*: see whether it can reach the scheduler from where it runs/,
  );
  assert.partialDeepStrictEqual(Object.assign({}, failureOf(command)), { code: 'WORKER_MISSING', worker: 'w1' });
  assert.equal(core.nextDue, Infinity);
});

test('of those that are too many for a second the idle ones go first, from the last place on', () => {
  const { core, scale, wait } = roster(4);

  assert.deepEqual(scale(2), [scaled(2)]);
  assert.equal(core.nextDue, 1_000);
  assert.deepEqual(wait(999, ['w1', 'w2']), []);
  assert.deepEqual(wait(1, ['w3', 'w4']), [dismiss('w2'), dismiss('w1')]);
  assert.equal(core.nextDue, Infinity);
});

test('a cluster that is scaled up and down by turns keeps its workers, and starts no others', () => {
  const { core, scale, wait } = roster(4);

  for (const [turn, count] of [3, 1, 2, 3, 1, 4].entries()) {
    assert.deepEqual(scale(count), [scaled(turn + 2)]);
    assert.deepEqual(wait(600), []);
  }
  assert.equal(core.nextDue, Infinity);
});

test('whoever says the same number again and again has no more workers than that', () => {
  const { scale, wait } = roster(2);
  scale(1);
  wait(600);

  assert.deepEqual(scale(1), [scaled(3)]);
  assert.deepEqual(wait(400), [dismiss('w2')]);
});

test('one that ends while it is too many is not replaced', () => {
  const { on, scale, wait } = roster(2);
  scale(1);

  assert.deepEqual(on(ended('w1')), []);
  assert.deepEqual(wait(1_000), []);
});

test('a worker that was sent away is not replaced, and its place is free at once', () => {
  const { on, scale, wait } = roster(2);

  assert.deepEqual(scale(1), [scaled(2)]);
  assert.deepEqual(wait(1_000), [dismiss('w2')]);
  assert.deepEqual(scale(2), [launch(1, 'w2.2')]);
  assert.deepEqual(on(ended('w2')), []);
});

test('a worker that was sent away is not replaced either while another one is missing', () => {
  const { on, scale, wait } = roster(3);
  scale(2);
  wait(1_000);
  on(ended('w1'), { type: 'launch-failed', worker: 'w1.2', error: 'no' });

  assert.deepEqual(on(ended('w3')), []);
});

test('a worker that was sent away on its way here is missed by nobody', () => {
  const { on, scale, wait } = roster();
  scale(2);
  on(launched('w1'), joined('w1'), launched('w2'));

  assert.deepEqual(scale(1), [scaled(2)]);
  assert.deepEqual(wait(1_000), [dismiss('w2')]);
  assert.deepEqual(on(ended('w2')), [scaled(1)]);
});

test('a worker that is lost is replaced at its place, under a name of its own', () => {
  const { on } = roster(2);

  assert.deepEqual(on(ended('w1', new Error('killed'))), [
    warning('w1 has ended, and another one is started: killed'),
    launch(0, 'w1.2'),
  ]);
  assert.deepEqual(on(launched('w1.2'), joined('w1.2')), []);
  assert.deepEqual(on(ended('w1.2')), [warning('w1.2 has ended, and another one is started'), launch(0, 'w1.3')]);
});

test('one that keeps ending is replaced a second later from the fourth time on', () => {
  const { core, on, wait } = roster(1);
  for (const name of ['w1', 'w1.2', 'w1.3']) {
    assert.equal(on(ended(name)).length, 2);
    const next = name === 'w1' ? 'w1.2' : name === 'w1.2' ? 'w1.3' : 'w1.4';
    on(launched(next), joined(next));
  }

  assert.deepEqual(on(ended('w1.4')), [warning('w1.4 has ended, and another one is started')]);
  assert.equal(core.nextDue, 1_000);
  assert.deepEqual(wait(999), []);
  assert.deepEqual(wait(1), [launch(0, 'w1.5')]);
});

test('a replacement that cannot be started is tried again, after longer and longer times', () => {
  const { on, wait } = roster(1);
  on(ended('w1'));
  const waits = [1, 2, 4, 8, 16, 30, 30];

  for (const [index, seconds] of waits.entries()) {
    const failed = on({ type: 'launch-failed', worker: `w1.${index + 2}`, error: 'no' });
    const times = index === 0 ? '' : ` (${index + 1} times in a row)`;
    assert.deepEqual(failed, [
      warning(`a worker could not be started${times}, it is tried again in ${formatDuration(seconds * 1_000)}: no`),
    ]);
    assert.deepEqual(wait(seconds * 1_000 - 1), []);
    assert.deepEqual(wait(1), [launch(0, `w1.${index + 3}`)]);
  }
});

test('why there is no worker can be asked: what is on its way, when the next try is, and what came of the latest', () => {
  const { core, on, wait } = roster(2);
  assert.equal(core.whyNone(0), undefined);
  on(ended('w1'));
  assert.equal(core.whyNone(0), '1 is being started');
  on(ended('w2'));
  assert.equal(core.whyNone(0), '2 are being started');

  on({ type: 'launch-failed', worker: 'w1.2', error: new Error('no machine\nat all') });
  on({ type: 'launch-failed', worker: 'w2.2', error: 'no' });
  assert.equal(core.whyNone(200), 'another one is started in 800 ms, after 1 start in vain; the latest: no');
  wait(1_000);
  on(
    ...['w1.3', 'w2.3'].map(
      (worker) => ({ type: 'launch-failed', worker, error: new Error('no machine\nat all') }) as const,
    ),
  );
  assert.equal(core.whyNone(1_000), 'another one is started in 2.0 s, after 2 starts in vain; the latest: no machine');
  assert.equal(core.whyNone(9_000), 'another one is started in 0 ms, after 2 starts in vain; the latest: no machine');
});

test('of the next tries the earliest is told', () => {
  const { core, on, wait } = roster(2);
  const fail = (worker: string) => on({ type: 'launch-failed', worker, error: 'no' });
  on(ended('w1'));
  fail('w1.2');
  wait(1_000);
  fail('w1.3');
  on(ended('w2'));
  fail('w2.2');

  assert.equal(core.whyNone(1_000), 'another one is started in 1.0 s, after 1 start in vain; the latest: no');
});

test('once one has joined, those that could not be started before it are forgotten', () => {
  const { on, wait } = roster(1);
  on(ended('w1'), { type: 'launch-failed', worker: 'w1.2', error: 'no' });
  wait(1_000);
  on(launched('w1.3'), joined('w1.3'), ended('w1.3'));

  assert.deepEqual(on({ type: 'launch-failed', worker: 'w1.4', error: 'no' }), [
    warning(`a worker could not be started, it is tried again in ${formatDuration(1_000)}: no`),
  ]);
});

test('a replacement that nobody wants any more is not tried again', () => {
  const { on, scale, wait } = roster(1);
  on(ended('w1'), { type: 'launch-failed', worker: 'w1.2', error: 'no' });

  assert.deepEqual(scale(0), [scaled(2)]);
  assert.deepEqual(wait(60_000), []);

  const other = roster(1);
  other.on(ended('w1'));
  assert.deepEqual([other.scale(0), other.wait(1_000)], [[scaled(2)], [dismiss('w1.2')]]);
  assert.deepEqual(other.on({ type: 'launch-failed', worker: 'w1.2', error: 'no' }), []);
});

test('whoever scales meanwhile does not wait for the next try, and has none too many after it', () => {
  const { on, scale, wait } = roster(1);
  on(ended('w1'), { type: 'launch-failed', worker: 'w1.2', error: 'no' });

  assert.deepEqual(scale(1), [launch(0, 'w1.3')]);
  assert.deepEqual(wait(60_000), []);
});

test('a place that is taken meanwhile is not given twice: one that is free is taken instead', () => {
  const { on, scale, wait } = roster(2);
  on(ended('w1'), { type: 'launch-failed', worker: 'w1.2', error: 'no' });
  wait(500);
  assert.deepEqual(scale(2), [launch(0, 'w1.3')]);
  on(launched('w1.3'), joined('w1.3'), ended('w2'), { type: 'launch-failed', worker: 'w2.2', error: 'no' });

  assert.deepEqual(wait(500), [launch(1, 'w2.3')]);
  assert.deepEqual(wait(500), [], 'nobody is missing any more');
});

test('a cluster that is closed ends all of its workers once, replaces none, and starts none', () => {
  const { core, on, scale, wait } = roster(2);
  scale(4);
  on(launched('w3'), launched('w4'));
  wait(60_000);

  assert.deepEqual(on({ type: 'closed' }), [
    { type: 'end', worker: 'w1' },
    { type: 'end', worker: 'w2' },
  ]);
  assert.deepEqual(on(ended('w1'), ended('w2')), []);
  assert.deepEqual(scale(9), [scaled(3)]);
  assert.equal(core.nextDue, Infinity);

  const other = roster(1);
  other.on(ended('w1'), { type: 'launch-failed', worker: 'w1.2', error: 'no' }, { type: 'closed' });
  assert.deepEqual(other.wait(60_000), []);

  const surplus = roster(2);
  surplus.scale(1);
  surplus.on({ type: 'closed' });
  assert.deepEqual(surplus.wait(1_000), []);
  surplus.scale(0);
  assert.equal(surplus.core.nextDue, Infinity);

  const replaced = roster(1);
  replaced.on(ended('w1'), { type: 'closed' });
  assert.deepEqual(replaced.on({ type: 'launch-failed', worker: 'w1.2', error: 'no' }), []);
  assert.equal(replaced.core.nextDue, Infinity);
});

/** With so many workers here, of the first scaling. */
function roster(workers = 0) {
  const core = new Roster((place) => `w${place + 1}`);
  let [now, scaling] = [0, 0];
  const on = (...events: RosterEvent[]): RosterCommand[] => events.flatMap((event) => [...core.handle(event, now)]);
  const scale = (count: number) => {
    scaling += 1;
    return on({ type: 'scaled', scaling, count });
  };
  const wait = (ms: number, busy: string[] = []) => {
    now += ms;
    return on({ type: 'ticked', busy: new Set(busy) });
  };
  if (workers > 0) {
    for (const command of scale(workers)) {
      if (command.type === 'launch') on(launched(command.worker), joined(command.worker));
    }
  }
  return { core, on, scale, wait };
}

function failureOf(command: RosterCommand | undefined): Error {
  assert.ok(command?.type === 'tell-scaled' && command.failure?.error instanceof Error);
  return command.failure.error;
}

function launched(worker: string): RosterEvent {
  return { type: 'launched', worker };
}

function joined(worker: string): RosterEvent {
  return { type: 'joined', worker };
}

function ended(worker: string, error?: Error): RosterEvent {
  return { type: 'ended', worker, error };
}

function launch(place: number, worker: string): RosterCommand {
  return { type: 'launch', place, worker };
}

function dismiss(worker: string): RosterCommand {
  return { type: 'dismiss', worker };
}

function warning(message: string): RosterCommand {
  return { type: 'warn', message };
}

function scaled(scaling: number, error?: Error): RosterCommand {
  return { type: 'tell-scaled', scaling, failure: error && { error } };
}
