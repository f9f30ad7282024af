import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ScheduledRun } from '../../src/engine/flow-run/flow-options.ts';
import { CronClock } from '../../src/schedules/cron-clock.ts';
import { DatesClock } from '../../src/schedules/dates-clock.ts';
import { IntervalClock } from '../../src/schedules/interval-clock.ts';
import { Schedule } from '../../src/schedules/schedule.ts';
import { heldFor } from '../fixtures/held.ts';
import { quietly } from './fixtures.ts';
import { context, Flow, LocalExecutorLike, Parameter, task } from './house.ts';
import { outputsOf, serving } from './serving.ts';
import { at, clockAt } from './still-clock.ts';

const hour = 3_600_000;
const hourly = new Schedule({ clocks: [new IntervalClock({ every: '1h' })] });
const threeDates = new Schedule({ clocks: [new DatesClock([at('10:00'), at('11:00'), at('12:00')])] });
const when = task('when', () => context.scheduledStartTime.toISOString());
const tellsWhen = new Flow('f', () => when());

test('a flow runs at each event of its schedule, and the loop ends with the last one [F145]', async () => {
  const { runs, ...loop } = serving(tellsWhen, { schedule: threeDates });

  const served = await loop.follow();

  assert.deepEqual(served, { end: 'exhausted', runs: 3, failures: 0 });
  assert.deepEqual(
    outputsOf(runs),
    ['10:00', '11:00', '12:00'].map((time) => at(time).toISOString()),
  );
  assert.deepEqual(
    runs.map(({ scheduledStartTime }) => scheduledStartTime),
    [at('10:00'), at('11:00'), at('12:00')],
  );
});

test('a run that no schedule asked for was to start when it did', async () => {
  const both = task('both', () => [context.scheduledStartTime, context.date]);

  const state = await new Flow('f', () => both()).run(quietly);

  const [scheduled, date] = state.output;
  assert.deepEqual(scheduled, date);
});

test("an event's parameters come before those that were given", async () => {
  const flow = new Flow('f', () => [
    new Parameter('a'),
    new Parameter('b'),
    new Parameter('c', { default: 'default' }),
  ]);
  const clock = new DatesClock([at('10:00')], { parameters: { b: 'of the clock' } });
  const { runs, ...loop } = serving(flow, {
    schedule: new Schedule({ clocks: [clock] }),
    parameters: { a: 'given', b: 'given' },
  });

  await loop.follow();

  assert.deepEqual(runs[0]!.parameters, { a: 'given', b: 'of the clock' });
  assert.deepEqual([...runs[0]!.state!.output], ['given', 'of the clock', 'default']);
});

test('events at one time with different parameters are all run', async () => {
  const flow = new Flow('f', () => new Parameter('x'));
  const clocks = [1, 2, 3].map((x) => new DatesClock([at('10:00')], { parameters: { x } }));
  const { runs, ...loop } = serving(flow, { schedule: new Schedule({ clocks }) });

  await loop.follow();

  assert.deepEqual(outputsOf(runs), [1, 2, 3]);
});

test('an executor that throws at every run ends none of the later ones [P252]', async () => {
  const { runs, records, ...loop } = serving(tellsWhen, {
    schedule: threeDates,
    executor: LocalExecutorLike.thatNeverStarts,
  });

  const served = await loop.follow();

  assert.deepEqual(served, { end: 'exhausted', runs: 3, failures: 3 });
  assert.deepEqual(
    runs.map(({ state, error }) => [state, error?.message]),
    [1, 2, 3].map(() => [undefined, 'was started']),
  );
  const told = messages(records, 'error').map((message) => message.split('\n'));
  assert.deepEqual(
    told.map(([first]) => first),
    [10, 11, 12].map((hour) => `the run of 2026-03-01T${hour}:00:00.000Z could not be carried out: Error: was started`),
  );
  assert.match(told[0]![1]!, /^ +at .*house\.ts/, 'where it was thrown');
});

test('a schedule without a time to come is an error [P253]', async () => {
  const { clock, ...loop } = serving(tellsWhen, { schedule: threeDates });
  clock.pass(24 * hour);

  await assert.rejects(loop.follow(), {
    name: 'TypeError',
    code: 'SCHEDULE_EXHAUSTED',
    flow: 'f',
    message:
      `flow 'f' has no more scheduled runs: its schedule has no time after 2026-03-02T09:30:00.000Z. Give its clocks a ` +
      `later end, or none, and look at its filters.`,
  });
});

test('a run that fails is counted, and the next one takes place [P258]', async () => {
  const fails = task('fails', () => {
    if (context.scheduledStartTime < at('12:00')) throw new Error('too early');
  });
  const { runs, records, ...loop } = serving(new Flow('f', () => fails()), { schedule: threeDates });

  const served = await loop.follow();

  assert.deepEqual(served, { end: 'exhausted', runs: 3, failures: 2 });
  assert.deepEqual(
    runs.map(({ state }) => state!.type),
    ['Failed', 'Failed', 'Success'],
  );
  assert.equal(
    messages(records, 'info').at(-1),
    'scheduled runs end after 3, 2 of which failed: the schedule has no more of them',
  );
});

test('a retry was to start when its first try was [P241] [P258]', async () => {
  const again = task('again', { retries: 1 }, () => {
    if (context.taskRunCount === 1) throw new Error('once more');
    return context.scheduledStartTime.toISOString();
  });
  const { runs, ...loop } = serving(new Flow('f', () => again()), { schedule: threeDates, maxRuns: 1 });

  await loop.follow();

  assert.deepEqual(outputsOf(runs), [at('10:00').toISOString()]);
});

test('what becomes due while a run goes on is missed, and said to be', async () => {
  const clock = clockAt('09:30');
  const slow = task('slow', () => {
    if (clock.now() === at('10:00').getTime()) clock.pass(2.5 * hour);
    return context.scheduledStartTime.toISOString();
  });
  const loop = serving(new Flow('f', () => slow()), { schedule: hourly, maxRuns: 2, clock });

  await loop.follow();

  assert.deepEqual(outputsOf(loop.runs), [at('10:00').toISOString(), at('13:00').toISOString()]);
  assert.deepEqual(messages(loop.records, 'warn'), [
    'missed 2 scheduled runs, from 2026-03-01T11:00:00.000Z on, because the one before was not over or the machine ' +
      'slept; they are not made up for',
  ]);
});

test('what becomes due at the very moment when a run ends is run', async () => {
  const clock = clockAt('09:30');
  const long = task('long', () => clock.pass(clock.now() < at('12:00').getTime() ? hour : 2 * hour));
  const loop = serving(new Flow('f', () => long()), { schedule: hourly, maxRuns: 4, clock });

  await loop.follow();

  assert.deepEqual(
    loop.runs.map(({ scheduledStartTime }) => scheduledStartTime),
    [at('10:00'), at('11:00'), at('12:00'), at('14:00')],
  );
  assert.match(messages(loop.records, 'warn').join('\n'), /^missed 1 scheduled run, from 2026-03-01T13:00[^\n]*$/);
});

test('a clock that is set back makes no run happen twice', async () => {
  const clock = clockAt('09:30');
  const back = task('back', () => clock.pass(-hour / 2));
  const loop = serving(new Flow('f', () => back()), { schedule: hourly, maxRuns: 2, clock });

  await loop.follow();

  assert.deepEqual(
    loop.runs.map(({ scheduledStartTime }) => scheduledStartTime),
    [at('10:00'), at('11:00')],
  );
});

test('that a clock was set back during a wait is told, which is as much longer', async () => {
  const clock = clockAt('09:30');
  const wait = async (milliseconds: number, signal: AbortSignal) => {
    await clock.wait(milliseconds, signal);
    if (clock.waits.length === 1) clock.pass(-48 * hour);
  };
  const loop = serving(tellsWhen, { schedule: hourly, maxRuns: 1, clock: { ...clock, wait } });

  await loop.follow();

  assert.match(messages(loop.records, 'warn').join(), /^the clock .* set back: .* still at .*T10:00.*in 48 h 29 /);
});

test('a wait that is longer than any timer goes on to its end', async () => {
  const monthly = new Schedule({ clocks: [new CronClock('0 0 1 * *')] });
  const { runs, clock, records, ...loop } = serving(tellsWhen, { schedule: monthly, maxRuns: 1 });

  await loop.follow();

  assert.deepEqual(outputsOf(runs), ['2026-04-01T00:00:00.000Z']);
  assert.ok(Math.max(...clock.waits) <= 60_000);
  assert.deepEqual(messages(records, 'info').slice(0, 1), ['next run at 2026-04-01T00:00:00.000Z, in 734 h 30 min']);
});

test('a machine that slept through an event runs it when it wakes up, once', async () => {
  const clock = clockAt('09:59');
  const { wait } = clock;
  const sleepy = async (milliseconds: number, signal: AbortSignal) => {
    await wait(milliseconds, signal);
    if (clock.waits.length === 1) clock.pass(5.5 * hour);
  };
  const loop = serving(tellsWhen, { schedule: hourly, maxRuns: 2, clock: { ...clock, wait: sleepy } });

  await loop.follow();

  assert.deepEqual(outputsOf(loop.runs), [at('10:00').toISOString(), at('16:00').toISOString()]);
  assert.match(messages(loop.records, 'warn')[0]!, /^missed 5 scheduled runs, from 2026-03-01T11:00:00\.000Z on/);
});

test('a loop whose signal is aborted while it waits ends at once', async () => {
  const abort = new AbortController();
  const clock = clockAt('09:30');
  const waiting = (_: number, signal: AbortSignal) => {
    abort.abort();
    return Promise.reject(signal.reason as Error);
  };
  const loop = serving(tellsWhen, {
    schedule: hourly,
    signal: abort.signal,
    clock: { ...clock, wait: waiting },
  });

  assert.deepEqual(await loop.follow(), { end: 'cancelled', runs: 0, failures: 0 });
  assert.equal(messages(loop.records, 'info').at(-1), 'scheduled runs end after 0: its signal was aborted');
});

test('a loop whose signal is aborted while a run goes on cancels the run, and ends', async () => {
  const abort = new AbortController();
  const long = task('long', async () => {
    abort.abort();
    await new Promise(() => {});
  });
  const { runs, ...loop } = serving(new Flow('f', () => long()), { schedule: hourly, signal: abort.signal });

  assert.deepEqual(await loop.follow(), { end: 'cancelled', runs: 1, failures: 0 });
  assert.equal(runs[0]!.state!.type, 'Cancelled');
});

test('Ctrl-C cancels the run that goes on, and the loop', async (t) => {
  // Where nobody else listens, the process is to end.
  const goOn = () => {};
  process.on('SIGINT', goOn);
  t.after(() => {
    process.exitCode = undefined;
    process.off('SIGINT', goOn);
  });
  const long = task('long', async () => {
    // Nobody listens while a function keeps this thread busy.
    while (process.listenerCount('SIGINT') === 1) await new Promise((resolve) => setImmediate(resolve));
    process.emit('SIGINT', 'SIGINT');
    await new Promise(() => {});
  });
  const { runs, records, ...loop } = serving(new Flow('f', () => long()), { schedule: hourly });
  // Whoever listened for a run that is over listens to the end of the turn.
  await new Promise((resolve) => setImmediate(resolve));
  const before = process.listenerCount('SIGINT');

  assert.deepEqual(await loop.follow(), { end: 'cancelled', runs: 1, failures: 0 });

  assert.equal(process.exitCode, 130);
  assert.equal(process.listenerCount('SIGINT'), before);
  assert.equal(runs[0]!.state!.message, 'The flow run was cancelled: the process got SIGINT.');
  assert.equal(messages(records, 'info').at(-1), 'scheduled runs end after 1: the process got SIGINT');
});

test('what onRun throws ends the loop, also when it is async', async () => {
  const error = new Error('seen enough');
  const onRun = () => Promise.reject(error);

  await assert.rejects(serving(tellsWhen, { schedule: threeDates, onRun }).follow(), error);
});

test('parameters that do not fit are told before the first wait', async () => {
  const { clock, ...loop } = serving(tellsWhen, { schedule: hourly, parameters: { paht: 'x' } });

  await assert.rejects(loop.follow(), { code: 'UNKNOWN_PARAMETER' });

  assert.deepEqual(clock.waits, []);
});

test('a default that cannot be made yet is no reason not to wait', async () => {
  let calls = 0;
  const flow = new Flow('f', () => {
    return new Parameter('x', {
      default: () => {
        calls += 1;
        if (calls === 1) throw new Error('not yet');
        return calls;
      },
    });
  });
  const { runs, ...loop } = serving(flow, { schedule: hourly, maxRuns: 1 });

  await loop.follow();

  assert.deepEqual(outputsOf(runs), [2]);
});

test('flow.serve() takes the schedule of the flow, and the time of the machine', async () => {
  const soon = new Date(Date.now() + 500);
  const schedule = new Schedule({ clocks: [new DatesClock([soon])] });
  const runs: ScheduledRun[] = [];

  const served = await new Flow('f', { schedule }, () => when()).serve({ ...quietly, onRun: (run) => runs.push(run) });

  assert.deepEqual(served, { end: 'exhausted', runs: 1, failures: 0 });
  assert.deepEqual(outputsOf(runs), [soon.toISOString()]);
});

test("a filter of the user's own that passes nothing for half a day does not end the loop", async () => {
  const schedule = new Schedule({
    clocks: [new IntervalClock({ every: '1s' })],
    filters: [({ hour, minute, second }) => hour === 9 && minute === 0 && second === 0],
  });
  const { runs, ...loop } = serving(tellsWhen, { schedule, maxRuns: 2, clock: clockAt('17:00') });

  await loop.follow();

  assert.deepEqual(outputsOf(runs), ['2026-03-02T09:00:00.000Z', '2026-03-03T09:00:00.000Z']);
});

test('one that passes nothing for very long is told of, and found later', async () => {
  const at = Date.UTC(2026, 2, 1, 9, 30) + 1_200_000;
  const schedule = new Schedule({
    clocks: [new IntervalClock({ every: 1 })],
    filters: [({ moment }) => moment === at],
  });
  const { runs, records, ...loop } = serving(tellsWhen, { schedule, maxRuns: 1 });

  await loop.follow();

  assert.deepEqual(outputsOf(runs), [new Date(at).toISOString()]);
  const told = records.filter(({ level }) => level === 'warn').map(({ message }) => message);
  assert.match(told[0] ?? '', /^no time before 2026-03-01T09:37\S+ passes the filters of the schedule; it looks/);
});

test('filters that pass nothing for ten years end it', async () => {
  const schedule = new Schedule({ clocks: [new IntervalClock({ every: '1h' })], filters: [() => false] });

  await assert.rejects(serving(tellsWhen, { schedule }).follow(), { code: 'SCHEDULE_EXHAUSTED' });
});

const misuses: [options: object, code: string, message: string][] = [
  [
    {},
    'INVALID_OPTION',
    `f.serve() needs option 'schedule', a Schedule, such as new Schedule({ clocks: [new CronClock('0 9 * * *')] }), there or of the flow itself`,
  ],
  [
    { schedule: new CronClock('0 9 * * *') },
    'INVALID_OPTION',
    `option 'schedule' of f.serve() should be a Schedule, such as new Schedule({ clocks: [new CronClock('0 9 * * *')] }); got a CronClock`,
  ],
  [
    { schedule: hourly, maxRuns: 0 },
    'INVALID_OPTION',
    `option 'maxRuns' of f.serve() should be a whole number, 1 or more; got 0`,
  ],
  [
    { schedule: hourly, flowRunId: 'nightly' },
    'INVALID_OPTION',
    "option 'flowRunId' of f.serve() should be a function; got 'nightly'",
  ],
  [{ schedule: hourly, onrun: () => {} }, 'UNKNOWN_OPTION', `f.serve() has no option 'onrun'. Did you mean 'onRun'?`],
];

for (const [options, code, message] of misuses) {
  test(`serve() with ${Object.keys(options).join(' and ') || 'nothing'} is refused: ${message.slice(0, 40)}`, async () => {
    await assert.rejects(tellsWhen.serve(options), { name: 'TypeError', code, message });
  });
}

test('a loop that is reached while a worker imports the file never begins', async () => {
  const past = new Schedule({ clocks: [new DatesClock([new Date(0)])] });

  assert.equal(await heldFor(() => tellsWhen.serve({ schedule: past })), 'run of a flow');
});

function messages(records: readonly { level: string; message: string; flowRun?: string }[], level: string): string[] {
  return records
    .filter((record) => record.level === level && record.flowRun === undefined)
    .map(({ message }) => message);
}
