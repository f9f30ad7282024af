import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FlowOptions, FlowStateHandler } from '../../src/engine/flow-run/flow.ts';
import { State } from '../../src/flow/state.ts';
import { context, Flow, LocalExecutorLike, Parameter, signals, task, Task, triggers, UsageError } from './house.ts';
import { quietly, recording } from './fixtures.ts';

const plusOne = task('plus one', (value: number) => value + 1);
const sum = task('sum', (values: readonly number[]) => values.reduce((a, b) => a + b, 0));
const broken = task('broken', (value: number): number => {
  throw new Error(`broken by ${value}`);
});
const names = (flow: Flow) => [...flow.graph.slugs];

test('a flow calls its builder once, when it is made', () => {
  let calls = 0;
  const flow = new Flow('f', () => {
    calls += 1;
    return sum(plusOne.map([1, 2]));
  });

  assert.equal(calls, 1);
  assert.deepEqual(names(flow), ['plus one', 'sum']);
  assert.equal(flow.plan, flow.graph.bySlug('sum'));
});

test('a flow knows its parameters by name', () => {
  const flow = new Flow('f', () => [new Parameter('path'), new Parameter('workers', { default: 2 })]);

  assert.deepEqual([...flow.parameters.keys()], ['path', 'workers']);
  assert.equal(flow.parameters.get('workers')!.default, 2);
});

test('a flow runs as often as wanted, from the start each time', async () => {
  const flow = new Flow('f', () => sum(plusOne.map(new Parameter<number[]>('numbers'))));

  const outputs: number[] = [];
  for (const numbers of [[1, 2], [], [10]]) {
    outputs.push((await flow.run({ ...quietly, parameters: { numbers } })).output);
  }

  assert.deepEqual(outputs, [5, 0, 11]);
});

test('what is mapped over is there for every run, an iterator too', async () => {
  const flow = new Flow('f', () => sum(plusOne.map([1, 2].values())));

  assert.equal((await flow.run(quietly)).output, 5);
  assert.equal((await flow.run(quietly)).output, 5);
});

test('tasks and edges can be added after the builder, as in it', async () => {
  const order: string[] = [];
  const [first, second] = ['first', 'second'].map((name) => task(name, () => void order.push(name)));
  const flow = new Flow('f', () => {});
  const late = flow.addTask(second!);
  const early = flow.addTask(first!);

  assert.equal(flow.addEdge(early, late), flow);
  await flow.run(quietly);

  assert.deepEqual(order, ['first', 'second']);
});

test('tasks are found by name and by all of some tags', () => {
  const tagged = plusOne.with({ tags: ['cheap', 'pure'] });
  const flow = new Flow('f', () => {
    const first = tagged(new Parameter<number>('value'));
    return { first, second: plusOne(first), third: sum.with({ tags: ['cheap'] })([first]) };
  });
  const { first, second, third } = flow.plan;

  assert.deepEqual(flow.tasks(), [first, second, third]);
  assert.deepEqual(flow.tasks({ name: 'plus one' }), [first, second]);
  assert.deepEqual(flow.tasks({ tags: ['cheap'] }), [first, third]);
  assert.deepEqual(flow.tasks({ tags: ['pure', 'cheap'], name: 'plus one' }), [first]);
  assert.throws(() => flow.tasks({ tag: 'cheap' } as never), {
    code: 'UNKNOWN_OPTION',
    message: /Did you mean 'tags'/,
  });
});

test('the tasks that nothing waits for decide a run, or those that were set [P110]', async () => {
  const flow = new Flow('f', () => {
    const good = plusOne(1);
    return { good, bad: broken(good) };
  });
  const { good, bad } = flow.plan;
  const typeWith = async (references: Parameters<typeof flow.setReferenceTasks>[0]) => {
    return (await flow.setReferenceTasks(references).run(quietly)).type;
  };

  assert.deepEqual(flow.referenceTasks, [bad]);
  assert.deepEqual([await typeWith([good]), await typeWith([good, bad])], ['Success', 'Failed']);
  assert.deepEqual([await typeWith([]), flow.referenceTasks], ['Failed', [bad]]);
});

test('what is no node of the flow decides nothing [P111]', () => {
  const flow = new Flow('f', () => plusOne(1));
  const other = new Flow('g', () => plusOne(1));

  assert.throws(() => flow.setReferenceTasks([other.plan]), {
    code: 'NODE_OF_ANOTHER_FLOW',
    message: `a reference task of flow 'f' cannot use 'plus one', which belongs to flow 'g'. Build it in the same flow.`,
  });
  assert.throws(() => flow.setReferenceTasks(flow.plan as never), /takes an array of nodes; got a Node$/);
  assert.throws(() => flow.setReferenceTasks([plusOne as never]), {
    code: 'NOT_A_NODE',
    message: /^a reference task of flow 'f' should be a node.*got the function plus one\. Write plus one\(…\)/,
  });
});

test('an output that is no call of a task of the flow is refused', () => {
  const other = new Flow('g', () => plusOne(1));

  assert.throws(() => new Flow('f', () => ({ sums: [sum] })), {
    code: 'NOT_A_NODE',
    message: `the output .sums[0] of flow 'f' is the task 'sum' itself, not a call of it. Write sum(…).`,
  });
  assert.throws(() => new Flow('f', () => plusOne), { code: 'NOT_A_NODE', message: /^the output of flow 'f' is the/ });
  assert.throws(() => new Flow('f', () => [other.plan]), { code: 'NODE_OF_ANOTHER_FLOW', node: 'plus one' });
});

test('an output may hold anything else, itself too', () => {
  const plan: { self?: unknown; of: unknown } = { of: new Map([['task', sum]]) };
  plan.self = plan;

  assert.equal(new Flow('f', () => plan).plan, plan);
});

test('a node that a task keeps from its constructor says that it has no value [P092]', async () => {
  class Adder extends Task<[number], number> {
    readonly step: number;

    constructor(step: number) {
      super('adder');
      this.step = step;
    }

    override run(x: number): number {
      return x + this.step;
    }
  }

  const state = await new Flow('f', () => new Adder(plusOne(1) as never)(1)).run(quietly);

  const { type, error } = state.of('adder');
  assert.deepEqual([type, (error as { code?: string }).code], ['Failed', 'NODE_HAS_NO_VALUE']);
  assert.match(error?.message ?? '', /^'plus one' is a node and has no value itself.*Pass it to a task/);
});

test('an async builder is refused, and what it throws later does no harm', () => {
  const builder = async () => {
    await Promise.resolve();
    throw new Error('too late');
  };

  assert.throws(() => new Flow('f', builder), { name: 'TypeError', code: 'FLOW_BUILDER_ASYNC' });
  assert.throws(() => new Flow('f', () => ({ sums: [1, 2].map(builder) })), {
    code: 'FLOW_BUILDER_ASYNC',
    message: /^the output \.sums\[0\] of flow 'f' is a promise\. .* call tasks without await, hand on what they give/,
  });
});

const misuses: [what: string, args: unknown[], code: string, message: string][] = [
  [
    'without a name',
    [() => {}],
    'INVALID_NAME',
    `a flow needs a name: new Flow('nightly', …); got the function (anonymous)`,
  ],
  ['with an empty name', ['', () => {}], 'INVALID_NAME', `a flow needs a name: new Flow('nightly', …); got ''`],
  [
    'without a builder',
    ['f'],
    'INVALID_FLOW',
    `flow 'f' needs a function that builds it: new Flow('f', () => …); got undefined`,
  ],
  [
    'with options only',
    ['f', {}],
    'INVALID_FLOW',
    `flow 'f' needs a function that builds it: new Flow('f', () => …); got an object`,
  ],
  [
    'with its options behind the builder',
    ['f', () => {}, {}],
    'INVALID_FLOW',
    `the options of flow 'f' come before the function that builds it: new Flow('f', { … }, () => …)`,
  ],
  [
    'with an unknown option',
    ['f', { excutor: 1 }, () => {}],
    'UNKNOWN_OPTION',
    `flow 'f' has no option 'excutor'. Did you mean 'executor'?`,
  ],
  [
    'with no executor as one',
    ['f', { executor: 'local' }, () => {}],
    'INVALID_OPTION',
    `option 'executor' of flow 'f' should be an executor, like new LocalExecutor() or new DistributedExecutor(() => cluster); got 'local'`,
  ],
];

for (const [what, args, code, message] of misuses) {
  test(`a flow ${what} is refused`, () => {
    const make = () => Reflect.construct(Flow, args) as unknown;

    assert.throws(make, (error) => error instanceof UsageError && error.code === code && error.message === message);
  });
}

const runMisuses: [options: object, code: string, message: string | RegExp][] = [
  [{ context: {} }, 'UNKNOWN_OPTION', `f.run() has no option 'context'. Here it is 'parameters'.`],
  [{ jobId: 'a' }, 'UNKNOWN_OPTION', `f.run() has no option 'jobId'. Here it is 'flowRunId'.`],
  [{ timeout: 100 }, 'UNKNOWN_OPTION', `f.run() has no option 'timeout'. Here it is 'signal'.`],
  [{ cluster: {} }, 'UNKNOWN_OPTION', `f.run() has no option 'cluster'. Here it is 'executor'.`],
  [{ concurrency: 4 }, 'UNKNOWN_OPTION', `f.run() has no option 'concurrency'. Here it is 'limits'.`],
  [{ task_states: {} }, 'UNKNOWN_OPTION', `f.run() has no option 'task_states'. Here it is 'flowRunId'.`],
  [{ paramaters: {} }, 'UNKNOWN_OPTION', `f.run() has no option 'paramaters'. Did you mean 'parameters'?`],
  [
    { parameters: 3 },
    'INVALID_OPTION',
    `option 'parameters' of f.run() should be an object of values by parameter name; got 3`,
  ],
  [
    { cancelGrace: -1 },
    'INVALID_DURATION',
    `option 'cancelGrace' of f.run() should be a number of milliseconds or a text like '250ms', '10s', '5m', '2h', '1d'; got -1`,
  ],
  [{ signal: {} }, 'INVALID_OPTION', `option 'signal' of f.run() should be an AbortSignal; got an object`],
  [{ onLog: true }, 'INVALID_OPTION', `option 'onLog' of f.run() should be a function; got true`],
  [
    { executor: {} },
    'INVALID_OPTION',
    `option 'executor' of f.run() should be an executor, like new LocalExecutor() or new DistributedExecutor(() => cluster); got an object`,
  ],
  [
    { cancelGrace: 'soon' },
    'INVALID_DURATION',
    `option 'cancelGrace' of f.run() should be a number of milliseconds or a text like '250ms', '10s', '5m', '2h', '1d'; got 'soon'`,
  ],
  [
    { approve: [7] },
    'INVALID_OPTION',
    `option 'approve' of f.run() should be an array of slugs, like ['refund']; got 7 in it`,
  ],
  [{ parameters: { path: 1 } }, 'UNKNOWN_PARAMETER', /^flow 'f' has no parameter 'path'. It has: none/],
];

for (const [options, code, message] of runMisuses) {
  test(`a run with ${JSON.stringify(options)} is refused before anything starts`, async () => {
    const flow = new Flow('f', { executor: LocalExecutorLike.thatNeverStarts }, () => plusOne(1));

    await assert.rejects(flow.run(options), { name: 'TypeError', code, message });
  });
}

test('a run ends as Failed also when the message of an error is no text, as when an answer is assigned to it', async () => {
  const refused = task('refused', () => {
    throw Object.assign(new RangeError('refused'), { message: ['name is missing', 'age is missing'] });
  });

  const state = await new Flow('answers', () => refused()).run({ onLog: () => {} });

  assert.equal(state.message, 'Some reference tasks failed: refused: RangeError: name is missing,age is missing');
});

test('a run says of what it approved in vain that this pauses whoever approves', async () => {
  const asks = task('asks', () => {
    throw new signals.PAUSE('look at it');
  });
  const waits = task('waits', { trigger: triggers.manualOnly }, () => 1);
  const flow = new Flow('in-vain', () => [asks(), waits()]);

  const state = await flow.run({ approve: ['asks'], onLog: () => {} });

  assert.equal(
    state.message,
    `Not finished: asks, waits. To let it go on, run the flow again with approve: ['waits']. 'asks' was approved and ` +
      `paused all the same: throw signals.PAUSE, or let a state handler give Paused, only if !context.isApproved.`,
  );
});

test('a run that approves what the flow does not have is refused, with the one that was meant', async () => {
  const flow = new Flow('f', () => plusOne.with({ slug: 'deploy' })(new Parameter<number>('path')));

  for (const slug of ['deply', 'path']) {
    await assert.rejects(flow.run({ approve: [slug] }), { name: 'TypeError', code: 'UNKNOWN_TASK', task: slug });
  }
  await assert.rejects(flow.run({ approve: ['deply'] }), {
    message: `flow 'f' has no task 'deply' to approve. Did you mean 'deploy'? It has: deploy.`,
  });
});

test('a run whose signal was aborted already needs no executor', async () => {
  const flow = new Flow('f', { executor: LocalExecutorLike.thatNeverStarts }, () => plusOne(1));

  const state = await flow.run({ signal: AbortSignal.abort(new Error('not today')) });

  assert.equal(state.type, 'Cancelled');
});

test('the executor of the run counts more than that of the flow', async () => {
  const options: FlowOptions = { executor: LocalExecutorLike.thatNeverStarts };
  const flow = new Flow('f', options, () => plusOne(1));

  const state = await flow.run({ ...quietly, executor: new LocalExecutorLike() });

  assert.equal(state.output, 2);
});

test('what the executor says when it starts is what the run rejects with', async () => {
  const error = new Error('nobody there');
  const executor = { start: () => Promise.reject(error) };

  await assert.rejects(new Flow('f', { executor }, () => plusOne(1)).run(quietly), error);
});

test('a run that cannot start tells the handlers of its flow, and rejects all the same', async () => {
  const seen: string[] = [];
  const failures: string[] = [];
  const options: FlowOptions = {
    executor: { start: () => Promise.reject(new Error('nobody there')) },
    stateHandlers: [({ from, to }) => void seen.push(`${from.type} → ${to.type}`)],
    onFailure: ({ state }) => failures.push(state.message),
  };

  await assert.rejects(new Flow('f', options, () => plusOne(1)).run(quietly), { message: 'nobody there' });

  assert.deepEqual(seen, ['Pending → Running', 'Running → Failed']);
  assert.deepEqual(failures, ['Error: nobody there']);
});

test('a run that its handlers end at once needs no executor', async () => {
  const refuse: FlowStateHandler = () => new State('Cancelled', 'not on Sundays');
  const flow = new Flow('f', { executor: LocalExecutorLike.thatNeverStarts, stateHandlers: [refuse] }, () =>
    plusOne(1),
  );

  const state = await flow.run(quietly);

  assert.deepEqual([state.type, state.message], ['Cancelled', 'not on Sundays']);
});

test('what only a task run has is not in the context of a flow, which says what is', async () => {
  const nosy: FlowStateHandler = () => void context.mapIndex;

  const state = await new Flow('f', { stateHandlers: [nosy] }, () => plusOne(1)).run(quietly);

  assert.match(
    state.message,
    /context has no 'mapIndex' here\. It has: parameters, secrets, logger, signal, date and more/,
  );
});

test('the last line of the log says how the run ended', async () => {
  const { records, onLog } = recording();

  await new Flow('f', () => plusOne(1)).run({ onLog, flowRunName: 'tuesday' });

  const { level, message, flow, flowRun } = records.at(-1)!;
  assert.deepEqual([level, flow, flowRun], ['info', 'f', 'tuesday']);
  assert.match(message, /^Success: All reference tasks succeeded\. \(.+\)$/);
});

test('a mapped node that is mapped over twice, and waited for, is one upstream for the trigger', async () => {
  const { seen, trigger } = counting();
  const add = task('add', { trigger }, (a: number, b: number) => a + b);

  await new Flow('f', () => {
    const numbers = plusOne.map([1, 2]);
    return add.with({ upstreamTasks: [numbers] }).map(numbers, numbers);
  }).run(quietly);

  assert.deepEqual(seen, [1, 1]);
});

test('a list that is mapped over is no upstream for the trigger', async () => {
  const { seen, trigger } = counting();
  const add = task('add', { trigger }, (a: number, b: number) => a + b);

  const state = await new Flow('f', () => [
    add.map([1, 2], [3, 4]),
    add.with({ trigger: triggers.allFailed }).map([1, 2], broken.map([3, 4])),
  ]).run(quietly);

  assert.deepEqual(seen, [0, 0]);
  assert.deepEqual(
    state.of('add-2').children.map((child) => child.type),
    ['Success', 'Success'],
  );
});

/** A trigger that lets everything pass and notes how many upstream runs it was shown. */
function counting() {
  const seen: number[] = [];
  return { seen, trigger: (upstream: readonly unknown[]) => seen.push(upstream.length) > 0 };
}
