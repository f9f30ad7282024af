import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withConfig } from '../with-config.ts';
import { mapped, Node, unmapped } from '../../src/flow/node.ts';
import type { TaskCopyOptions, TaskOptions } from '../../src/flow/settings.ts';
import { Task, task } from '../../src/flow/task.ts';
import { allFinished, allSuccessful, someFailed } from '../../src/flow/triggers.ts';
import { anyTask, build } from './fixtures.ts';

class Count extends Task {
  readonly step: number;

  constructor(step = 1) {
    super(`count by ${step}`, { retries: 2 });
    this.step = step;
  }

  run(from: number): number {
    return from + this.step;
  }
}

test('a task is a function with a name, and an instance of Task', () => {
  const load = task('load', (path: string) => path.length);

  assert.equal(typeof load, 'function');
  assert.equal(load.name, 'load');
  assert.ok(load instanceof Task);
});

test('calling a task inside a flow adds a node there, and runs nothing', () => {
  const load = task('load', (_path: string) => assert.fail('was run'));

  const { graph, plan } = build(() => load('a.csv'));

  assert.ok(plan instanceof Node);
  assert.deepEqual(graph.nodes, [plan]);
  assert.equal(plan.task, load);
  assert.equal(plan.isMapped, false);
  assert.deepEqual(plan.bindings, [{ type: 'constant', value: 'a.csv' }]);
});

test('mapping a task adds one node, whatever the number of elements', () => {
  const load = task('load', (path: string) => path.length);

  const { graph, plan } = build(() => load.map(['a.csv', 'b.csv']));

  assert.deepEqual(graph.nodes, [plan]);
  assert.equal(plan.isMapped, true);
});

test('run calls the function itself, inside of a flow or not', () => {
  const add = task('add', (a: number, b: number) => a + b);

  assert.equal(add.run(1, 2), 3);
  assert.equal(build(() => add.run(1, 2)).plan, 3);
});

test('a task called outside of a flow says where to call it, and how to run the function [P091]', () => {
  const load = anyTask('load');

  const expected = {
    name: 'TypeError',
    code: 'OUTSIDE_FLOW',
    message:
      `task 'load' was called outside of a flow. Call it inside the function given to new Flow(name, () => …), before ` +
      `anything is awaited there; or call load.run(), in a task too, to run the function itself.`,
  };
  assert.throws(() => load(), expected);
  assert.throws(() => load.map([1]), expected);
});

test('settings hold the defaults, and times in milliseconds', () => {
  assert.partialDeepStrictEqual(task('load', () => {}).settings, {
    retries: 0,
    retryDelayMs: 0,
    timeoutMs: undefined,
    trigger: allSuccessful,
    skipOnUpstreamSkip: true,
    slug: undefined,
  });
  const options: TaskOptions = {
    retries: 3,
    retryDelay: '10s',
    timeout: 500,
    trigger: allFinished,
    skipOnUpstreamSkip: false,
    slug: 'l',
  };
  assert.partialDeepStrictEqual(task('load', options, () => {}).settings, {
    retries: 3,
    retryDelayMs: 10_000,
    timeoutMs: 500,
    trigger: allFinished,
    skipOnUpstreamSkip: false,
    slug: 'l',
  });
});

test('settings are frozen', () => {
  assert.ok(Object.isFrozen(task('load', () => {}).settings));
});

const mistakes: [options: object, code: string, message: string | RegExp][] = [
  [{ retrys: 3 }, 'UNKNOWN_OPTION', `task 'load' has no option 'retrys'. Did you mean 'retries'?`],
  [{ retry: 3 }, 'UNKNOWN_OPTION', `task 'load' has no option 'retry'. Here it is 'retries'.`],
  [{ timeout_seconds: 3 }, 'UNKNOWN_OPTION', `task 'load' has no option 'timeout_seconds'. Here it is 'timeout'.`],
  [{ retry_exceptions: [] }, 'UNKNOWN_OPTION', `task 'load' has no option 'retry_exceptions'. Here it is 'retryOn'.`],
  [{ rateLimit: 3 }, 'UNKNOWN_OPTION', `task 'load' has no option 'rateLimit'. Here it is 'tags'.`],
  [{ num_gpus: 1 }, 'UNKNOWN_OPTION', `task 'load' has no option 'num_gpus'. Here it is 'resources'.`],
  [{ taskQueue: 'eu' }, 'UNKNOWN_OPTION', `task 'load' has no option 'taskQueue'. Here it is 'labels'.`],
  [{ name: 'x' }, 'UNKNOWN_OPTION', /^task 'load' has no option 'name'\. It takes: retries, retryDelay, /],
  [{ retries: -1 }, 'INVALID_OPTION', `option 'retries' of task 'load' should be a whole number, 0 or more; got -1`],
  [{ trigger: 'all' }, 'INVALID_OPTION', /'trigger' of task 'load' should be a trigger, such as .*; got 'all'$/],
  [
    { trigger: someFailed },
    'INVALID_OPTION',
    `option 'trigger' of task 'load' should be a trigger, such as triggers.allFinished or triggers.someFailed({ atLeast: ` +
      `1 }); got the function someFailed`,
  ],
  [
    { tags: 'io' },
    'INVALID_OPTION',
    `option 'tags' of task 'load' should be an array of texts that are not empty; got 'io'`,
  ],
  [
    { tags: [''] },
    'INVALID_OPTION',
    `option 'tags' of task 'load' should be an array of texts that are not empty; got '' in it`,
  ],
  [
    { taskRunName: 'load {input.0}' },
    'UNKNOWN_NAME',
    `option 'taskRunName' of task 'load', 'load {input.0}', asks for {input.0}, and there is no 'input'. Did you mean ` +
      `'inputs'? There is: inputs, parameters, taskName, mapIndex, flowName, flowRunName, flowRunId, date.`,
  ],
  [{ slug: '' }, 'INVALID_OPTION', `option 'slug' of task 'load' should be a text that is not empty; got ''`],
  [
    { skipOnUpstreamSkip: 1 },
    'INVALID_OPTION',
    `option 'skipOnUpstreamSkip' of task 'load' should be true or false; got 1`,
  ],
  [
    { retryDelay: '10s' },
    'INVALID_OPTION',
    `task 'load' has a retryDelay but no retries, so it would never be tried again. Add retries: 1 or more.`,
  ],
  [{ timeout: 0 }, 'INVALID_OPTION', `option 'timeout' of task 'load' should be more than 0; got 0`],
  [
    { timeout: '5 minutes' },
    'INVALID_DURATION',
    `option 'timeout' of task 'load' should be a number of milliseconds or a text like '250ms', '10s', '5m', '2h', ` +
      `'1d'; got '5 minutes'`,
  ],
  [
    { retries: 1, retryDelay: { type: 'exponential' } },
    'INVALID_DURATION',
    `option 'retryDelay' of task 'load', unless it is a function of the attempt, should be a number of milliseconds or ` +
      `a text like '250ms', '10s', '5m', '2h', '1d'; got an object`,
  ],
];

for (const [options, code, message] of mistakes) {
  test(`${JSON.stringify(options)} is refused when the task is made`, () => {
    assert.throws(() => task('load', options as TaskOptions, () => {}), { name: 'TypeError', code, message });
  });
}

test('a text where a list is wanted is refused, and never taken letter by letter [S10]', () => {
  const load = anyTask('load');
  const refused = (call: () => unknown, message: string) => assert.throws(() => build(call), { message });

  refused(
    () => load.with({ upstreamTasks: 'prod' as never })(),
    `option 'upstreamTasks' of load.with() should be an array; got 'prod'`,
  );
  refused(
    () => load.with({ stateHandlers: 'prod' as never })(),
    `option 'stateHandlers' of load.with() should be an array of functions of one object, such as ({ from, to }) => …; ` +
      `got 'prod'`,
  );
  refused(
    () => load.map('prod'),
    `argument 1 of load.map() is 'prod', which cannot be mapped over. Pass a list, or call load() to run it once.`,
  );
});

test('a handler of several arguments, as Prefect calls them, is refused, since it would find nothing in them', () => {
  const load = anyTask('load');
  const three = (_task: unknown, _from: unknown, to: unknown) => to;

  assert.throws(() => load.with({ stateHandlers: [() => {}, three as never] }), {
    code: 'INVALID_OPTION',
    message: /functions of one object, such as \(\{ from, to \}\) => …; got the function three, of 3 arguments$/,
  });
  assert.throws(() => load.with({ onFailure: ((_task: unknown, state: unknown) => state) as never }), {
    code: 'INVALID_OPTION',
    message: /should be a function of one object, such as \(\{ state \}\) => …; got the function .*, of 2 arguments$/,
  });
});

test('a task without a function, or with something else, is refused', () => {
  const make = task as unknown as (...args: unknown[]) => void;

  const needs = (got: string) => ({
    name: 'TypeError',
    code: 'INVALID_TASK',
    message: `task 'load' needs a function: task('load', (input) => …); got ${got}`,
  });
  assert.throws(() => make('load'), needs('undefined'));
  assert.throws(() => make('load', { retries: 3 }), needs('an object'));
  assert.throws(() => make('load', {}, 'load.ts'), needs(`'load.ts'`));
  assert.throws(() => make(() => 1), {
    code: 'INVALID_TASK',
    message: `a task needs a name, before its function: task('name', (input) => …)`,
  });
  assert.throws(() => make('load', () => 1, { retries: 3 }), {
    code: 'INVALID_TASK',
    message: `the options of task 'load' come before its function: task('load', { … }, (input) => …)`,
  });
});

test('a task without a name is refused', () => {
  const make = task as unknown as (...args: unknown[]) => void;

  assert.throws(() => make('', () => {}), {
    code: 'INVALID_NAME',
    message: `a task needs a name: task('load', …); got ''`,
  });
  assert.throws(() => make(undefined, () => {}), { code: 'INVALID_NAME' });
});

test('a task of a class that has no method run is refused when it is called', () => {
  // @ts-expect-error -- Node runs what the compiler refuses
  class Count extends Task {}

  assert.throws(() => build(() => new Count('count')()), {
    code: 'INVALID_TASK',
    message: `task 'count' needs a method run: class Count extends Task { run(input) { … } }; got undefined`,
  });
});

test('a copy differs in what was said, and in nothing else', () => {
  const load = task('load', { retries: 3, timeout: '1m' }, (path: string) => path.length);

  const copy = load.with({ retries: 5, name: 'load twice' });

  assert.equal(copy.name, 'load twice');
  assert.deepEqual(copy.settings, { ...load.settings, retries: 5 });
  assert.equal(copy.run('abc'), 3);
  assert.deepEqual([load.name, load.settings.retries], ['load', 3]);
});

test('a copy has the tags of its original and its own, and the original keeps to its own [P075] [P088]', () => {
  const load = task('load', { tags: ['io', 'nightly', 'io'] }, () => {});

  const copy = load.with({ tags: ['nightly', 'slow'] });

  assert.deepEqual(copy.settings.tags, ['io', 'nightly', 'slow']);
  assert.deepEqual(load.settings.tags, ['io', 'nightly']);
  assert.deepEqual(copy.with({ retries: 1 }).settings.tags, copy.settings.tags);
  assert.ok(Object.isFrozen(load.settings.tags));
});

test('retries need no delay, and a delay or what is worth a retry needs retries [P081] [P083]', () => {
  const settingsOf = (options: object) => task('load', options, () => {}).settings;

  assert.partialDeepStrictEqual(settingsOf({ retries: 1 }), { retries: 1, retryDelayMs: 0 });
  for (const options of [{ retryDelay: '10s' }, { retryJitter: 0.5 }, { retryOn: RangeError }]) {
    assert.throws(() => settingsOf(options), { code: 'INVALID_OPTION', message: /but no retries.* Add retries: 1/ });
  }
  assert.throws(() => settingsOf({ retries: 1, retryOn: new RangeError('x') }), {
    code: 'INVALID_OPTION',
    message: `option 'retryOn' of task 'load' should be an error class, an array of them, or a function; got a RangeError`,
  });
});

test('no retries of its own count more than those of the configuration [P082]', () => {
  const settings = withConfig({ tasks: { defaults: { retries: 3, retryDelay: '10s' } } }, () => [
    task('usual', () => {}).settings.retries,
    task('never', { retries: 0 }, () => {}).settings.retries,
  ]);

  assert.deepEqual(settings, [3, 0]);
});

test('which failures are worth a retry may be said of retries that the configuration gives', () => {
  const make = () => task('picky', { retryOn: RangeError }, () => {});
  const withRetries = (retries: number) => withConfig({ tasks: { defaults: { retries } } }, make);

  assert.equal(withRetries(2).settings.retries, 2);
  assert.throws(() => withRetries(0), { code: 'INVALID_OPTION', message: /has a retryOn but no retries/ });
});

test('a copy of a copy keeps what the first one changed', () => {
  const load = task('load', (path: string) => path.length);

  const copy = load.with({ retries: 5 }).with({ timeout: '1s' });

  assert.deepEqual([copy.settings.retries, copy.settings.timeoutMs], [5, 1_000]);
});

test('a copy is found by a worker through its original, unless its trigger is code', () => {
  const load = anyTask('load');

  assert.equal(load.with({ retries: 5, trigger: allFinished }).reference, load.reference);
  assert.notEqual(load.with({ trigger: () => true }).reference, load.reference);
});

test('an option that a copy does not know is refused', () => {
  assert.throws(() => anyTask('load').with({ upstream: [] } as TaskCopyOptions), {
    code: 'UNKNOWN_OPTION',
    message: /^load\.with\(\) has no option 'upstream'\. It takes: retries, .*name, .*upstreamTasks/,
  });
});

test('upstream tasks are waited for, and their values are not passed', () => {
  const [load, fit] = [anyTask('load'), anyTask('fit')];

  const { graph, plan } = build(() => {
    const a = fit();
    return { a, b: load.with({ upstreamTasks: [a] })('x') };
  });

  assert.deepEqual(plan.b.bindings, [{ type: 'constant', value: 'x' }]);
  assert.deepEqual(graph.orderingsOf(plan.b), [{ node: plan.a, isElementwise: false }]);
});

test('a mapped task waits for a mapped upstream index by index, unless that is unmapped', () => {
  const [load, fit] = [anyTask('load'), anyTask('fit')];

  const { graph, plan } = build(() => {
    const a = fit.map([1, 2]);
    const [b, c, d] = [[a], [unmapped(a)], [fit()]].map((upstreamTasks) => load.with({ upstreamTasks }).map([1, 2]));
    return { b: b!, c: c!, d: d!, whole: load.with({ upstreamTasks: [a] })() };
  });

  const isElementwise = (node: Node) => graph.orderingsOf(node).map((ordering) => ordering.isElementwise);
  assert.deepEqual(isElementwise(plan.b), [true]);
  assert.deepEqual(isElementwise(plan.c), [false]);
  assert.deepEqual(isElementwise(plan.d), [false]);
  assert.deepEqual(isElementwise(plan.whole), [false]);
});

test('a task that is passed without being called is refused, and told how', () => {
  const [load, score] = [anyTask('load'), anyTask('score')];

  const expected = {
    name: 'TypeError',
    code: 'NOT_A_NODE',
    task: 'load',
    message: `argument 2 of task 'score' is the task 'load' itself, not a call of it. Write load(…).`,
  };
  for (const call of [
    () => score(1, load),
    () => score(mapped([1]), load),
    () => score.map([1], load),
    () => score.map([1], unmapped(load)),
  ]) {
    assert.throws(() => build(call), expected);
  }
});

test('an upstream task that is no node is refused', () => {
  const load = anyTask('load');

  for (const upstream of [load, undefined, unmapped(3)]) {
    const copy = load.with({ upstreamTasks: [upstream as unknown as Node] });
    assert.throws(() => build(() => copy()), { name: 'TypeError', code: 'NOT_A_NODE' });
  }
});

test('a class that extends Task is called like any task', () => {
  const count = new Count(2);

  const { plan } = build(() => ({ one: count(1), many: count.map([1, 2]) }));

  assert.equal(plan.one.slug, 'count by 2');
  assert.equal(plan.many.isMapped, true);
  assert.ok(count instanceof Count && count instanceof Task);
  assert.equal(count.run(1), 3);
  assert.equal(count.with({ retries: 9 }).run(1), 3);
  assert.equal(count.settings.retries, 2);
});
