import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { z } from 'zod';
import type { ArrayRequest, Executor, Session } from '../../src/engine/flow-run/executor.ts';
import { readParameter, resolveParameters } from '../../src/engine/flow-run/parameters.ts';
import { sizeOf } from '../../src/engine/plan.ts';
import type { HeddleError } from '../../src/lib/heddle-error.ts';
import { Graph } from '../../src/flow/graph.ts';
import { DateParameter, Parameter } from '../../src/flow/parameter.ts';
import { quietly } from './fixtures.ts';
import { context, Flow, LocalExecutorLike, task } from './house.ts';

const flow = flowWith(() => {
  new Parameter('path');
  new Parameter('workers', { default: 2 });
});

test('what is given counts, and defaults fill in the rest [P228]', async () => {
  assert.deepEqual(await resolve(flow, { path: 'a.csv' }), { path: 'a.csv', workers: 2 });
  assert.deepEqual(await resolve(flow, { workers: 4, path: 'a.csv' }), { path: 'a.csv', workers: 4 });
});

test('a default that is a function is asked in each run, when it starts; one that is a value may be null [S12]', async () => {
  let day = 1;
  const dated = flowWith(() => [
    new Parameter('day', { default: () => `2026-01-0${day}` }),
    new Parameter<string | null>('note', { default: null }),
  ]);

  assert.deepEqual(await resolve(dated, {}), { day: '2026-01-01', note: null });
  day = 2;
  assert.deepEqual(await resolve(dated, {}), { day: '2026-01-02', note: null });
  assert.deepEqual(await resolve(dated, { day: 'given' }), { day: 'given', note: null });
});

test('a parameter that the flow does not have is refused, with the one that was meant', async () => {
  await assert.rejects(resolve(flow, { path: 'a.csv', worker: 4 }), {
    name: 'TypeError',
    code: 'UNKNOWN_PARAMETER',
    flow: 'nightly',
    parameter: 'worker',
    message: `flow 'nightly' has no parameter 'worker'. Did you mean 'workers'? It has: path, workers.`,
  });
});

test('a handler or the maker of a cluster that reads a parameter which there is not is told so too', async () => {
  const parameters = await resolve(flow, { path: 'a.csv' });

  assert.throws(() => parameters['worker'], {
    code: 'UNKNOWN_PARAMETER',
    flow: 'nightly',
    parameter: 'worker',
    message: /has no parameter 'worker'\. Did you mean 'workers'\? It has: path, workers\. .*'worker' in parameters\.$/,
  });
  assert.equal('worker' in parameters, false);
});

test('packages ask parameters for what they may not have, as any object, and take them for a plain one', async () => {
  const parameters = await resolve(flow, { path: 'a.csv' });

  const read = z.object({ path: z.string(), limit: z.number().default(5) }).parse(parameters);

  assert.deepEqual(read, { path: 'a.csv', limit: 5 });
  const prototype = Object.getPrototypeOf(parameters) as object;
  assert.deepEqual([Object.hasOwn(prototype, 'constructor'), parameters.constructor], [true, Object]);
  assert.ok(parameters instanceof Object);
  assert.ok(Object.isFrozen(prototype), 'all runs of the flow share it');
});

test('a parameter that is given as an option of the run is told where it is to stand', async () => {
  const greeting = new Flow('greeting', () => new Parameter('name', { default: 'you' }));
  const run = (options: object) => greeting.run(options);

  await assert.rejects(run({ name: 'Ada' }), {
    code: 'UNKNOWN_OPTION',
    message: `greeting.run() has no option 'name'. Write it as parameters: { name: … }.`,
  });
  await assert.rejects(run({ params: {} }), {
    message: `greeting.run() has no option 'params'. Here it is 'parameters'.`,
  });
});

test('any parameter is too many for a flow that has none', async () => {
  await assert.rejects(
    resolve(
      flowWith(() => {}),
      { path: 'a.csv' },
    ),
    {
      message:
        `flow 'nightly' has no parameter 'path'. It has: none. Make one in the function that builds the flow: ` +
        `new Parameter('path').`,
    },
  );
});

test('a required parameter that is missing is refused, with how to give it [P229]', async () => {
  await assert.rejects(resolve(flow, {}), {
    name: 'TypeError',
    code: 'MISSING_PARAMETER',
    flow: 'nightly',
    parameters: ['path'],
    message: `flow 'nightly' needs a value for path: pass parameters: { path }, or --param path=… on the command line.`,
  });
});

test('all that are missing are told at once', async () => {
  const flow = flowWith(() => [new Parameter('from'), new Parameter('to')]);

  await assert.rejects(resolve(flow, {}), {
    parameters: ['from', 'to'],
    message: `flow 'nightly' needs values for from, to: pass parameters: { from, to }, or --param from=… on the command line.`,
  });
});

test('a date parameter takes dates and texts that are dates, and is required like any other [P097]', async () => {
  const dated = flowWith(() => {
    new DateParameter('from');
    new DateParameter('to', { default: new Date(0) });
  });
  const from = new Date('2026-11-21T08:00:00Z');

  for (const given of [from, '2026-11-21T08:00:00Z', '2026-11-21T09:00+01:00']) {
    assert.deepEqual(await resolve(dated, { from: given }), { from, to: new Date(0) });
  }
  await assert.rejects(resolve(dated, {}), { code: 'MISSING_PARAMETER' });
  for (const given of ['yesterday', '21.11.2026', null, Number.NaN]) {
    await assert.rejects(resolve(dated, { from: given }), {
      code: 'INVALID_PARAMETER',
      message: /'from' of flow 'nightly' got .* should be a date, like '2026-11-21'/,
    });
  }
});

test('a parameter that is no list and a task is mapped over says how one is given', async () => {
  const score = task('score', (id: number) => id);
  const flow = new Flow('scores', () => score.map(new Parameter<number[]>('ids')));

  for (const [ids, told] of [
    ['1,2,3', `the text '1,2,3'`],
    [4, '4'],
  ] as const) {
    const state = await flow.run({ ...quietly, parameters: { ids } });
    const { code, message } = state.of('score').error as HeddleError;
    assert.equal(code, 'NOT_ITERABLE');
    assert.equal(
      message,
      `parameter 'ids' is ${told}, and 'score' cannot be mapped over that. Instead, give it a list: parameters: { ids: ` +
        `[1, 2, 3] } in a program, --param 'ids=[1,2,3]' on the command line (JSON).`,
    );
  }
});

test('a parameter that every child is to be given whole is told to be wrapped first of all', async () => {
  const score = task('score', (id: number, unit: string) => `${id} ${unit}`);
  const flow = new Flow('scores', () => score.map([1, 2], new Parameter('unit', { default: 'kg' }) as never));

  const state = await flow.run(quietly);

  assert.equal(
    state.of('score').error?.message,
    `parameter 'unit' is the text 'kg', and 'score' cannot be mapped over that. Either wrap it in unmapped(), to ` +
      `give every child the whole value, or give it a list: parameters: { unit: [1, 2, 3] } in a program, --param ` +
      `'unit=[1,2,3]' on the command line (JSON).`,
  );
});

test('a name that every object has is not given for that', async () => {
  const flow = flowWith(() => [new Parameter('constructor'), new Parameter('toString', { default: 'x' })]);

  await assert.rejects(resolve(flow, {}), { code: 'MISSING_PARAMETER', parameters: ['constructor'] });
  assert.deepEqual({ ...(await resolve(flow, { constructor: 1 })) }, { constructor: 1, toString: 'x' });
});

test('a value that cannot be sent is refused before anything starts', async () => {
  await assert.rejects(resolve(flow, { path: { open: () => {} } }), {
    code: 'VALUE_NOT_SERIALIZABLE',
    role: 'parameter',
    path: `parameter 'path'.open`,
    message: /^Parameter 'path' has a value that cannot be sent to a worker\./,
  });
});

const texts: [example: unknown, text: string, value: unknown][] = [
  [2, '4', 4],
  [2, '0.5', 0.5],
  ['a.csv', '4', '4'],
  ['a.csv', '', ''],
  [true, 'false', false],
  [[1], '[1,2]', [1, 2]],
  [{ a: 1 }, '{"a":2}', { a: 2 }],
  [null, '5', 5],
  [undefined, '5', 5],
  [undefined, 'a.csv', 'a.csv'],
  [undefined, '[1,2]', [1, 2]],
];

for (const [example, text, value] of texts) {
  test(`--param x=${text} is ${JSON.stringify(value)} when the default is ${JSON.stringify(example)}`, () => {
    assert.deepEqual(readParameter(parameterLike(example), text), value);
  });
}

test('a builder that expects the parameters as its arguments is told how they are made', () => {
  assert.throws(() => new Flow('f', ((path: string) => path) as never), {
    code: 'INVALID_FLOW',
    message:
      `the function that builds flow 'f' is called without arguments. Make parameters in it: const x = new ` +
      `Parameter('x')`,
  });
});

test('a default of a DateParameter that is no date is refused, since no run would give its tasks one', () => {
  const dated = (options: object) => () => new Graph('nightly').build(() => new DateParameter('day', options));

  assert.throws(dated({ default: '2026-11-21' }), {
    code: 'INVALID_OPTION',
    message: `option 'default' of DateParameter 'day' should be a Date, or a function that makes one; got '2026-11-21'`,
  });
  for (const fine of [{}, { default: new Date(0) }, { default: () => new Date() }, { default: undefined }])
    dated(fine)();
});

test('a default of a DateParameter that a function makes is refused in the run that needs it, if it is no date', async () => {
  const run = (makeDefault: () => unknown) => {
    return new Flow('f', () => new DateParameter('day', { default: makeDefault as () => Date })).run(quietly);
  };
  const refused = (got: string) => ({
    code: 'INVALID_OPTION',
    message: `option 'default' of DateParameter 'day' should be a Date, or a function that makes one; got ${got}`,
  });

  await assert.rejects(
    run(() => '2026-11-21'),
    refused("'2026-11-21'"),
  );
  await assert.rejects(
    run(() => new Date('yesterday')),
    refused('an Invalid Date'),
  );
  await assert.rejects(
    run(() => undefined),
    refused('undefined'),
  );
});

test('a text for a parameter with a schema is read by that, whatever the default is', () => {
  const options = { default: new Date(0) };
  const day = new Graph('nightly').build(() => new DateParameter('day', options));

  assert.equal(readParameter(day, '2026-11-21'), '2026-11-21');
});

test('a text is read as the kind of default that a function makes, if it makes one', () => {
  const named = new Graph('nightly').build(() => new Parameter('x', { default: () => 'a' }));
  const unmade = new Graph('nightly').build(() => new Parameter('x', { default: () => assert.fail('no database') }));

  assert.deepEqual([readParameter(named, '5'), readParameter(unmade, '5')], ['5', 5]);
});

test('a default that is a function is not asked where a value is given in code', async () => {
  const makeDefault = (): number => assert.fail('it was asked');
  const dated = flowWith(() => new Parameter('day', { default: makeDefault }));

  assert.deepEqual(await resolve(dated, { day: 5 }), { day: 5 });
});

for (const given of ['5', null, undefined, {}, [5]]) {
  test(`${inspect(given)} in code is refused as well when the default is a number`, async () => {
    await assert.rejects(resolve(flow, { path: 'a.csv', workers: given }), {
      code: 'INVALID_PARAMETER',
      message: /^parameter 'workers' of flow 'nightly' is a number by default \(2\); got /,
    });
  });
}

test('what is undefined is not what is left out, and the error says so', async () => {
  await assert.rejects(resolve(flow, { path: 'a.csv', workers: undefined }), {
    message: /got undefined\. Leave it out to have the default\.$/,
  });
});

const wrong: [example: unknown, text: string, message: string][] = [
  [2, 'four', `parameter 'x' of flow 'nightly' is a number by default (2); got 'four'`],
  [2, '"4"', `parameter 'x' of flow 'nightly' is a number by default (2); got '"4"'`],
  [true, 'yes', `parameter 'x' of flow 'nightly' is a boolean by default (true); got 'yes'`],
  [[1], '5', `parameter 'x' of flow 'nightly' is an array by default (an array of 1); got '5'`],
  [[1], '{}', `parameter 'x' of flow 'nightly' is an array by default (an array of 1); got '{}'`],
  [[1], 'null', `parameter 'x' of flow 'nightly' is an array by default (an array of 1); got 'null'`],
  [{ a: 1 }, '[]', `parameter 'x' of flow 'nightly' is an object by default (an object); got '[]'`],
];

for (const [example, text, message] of wrong) {
  test(`--param x=${text} is refused when the default is ${JSON.stringify(example)}`, () => {
    assert.throws(() => readParameter(parameterLike(example), text), {
      name: 'TypeError',
      code: 'INVALID_PARAMETER',
      flow: 'nightly',
      parameter: 'x',
      value: text,
      message,
    });
  });
}

test('a text for a parameter that the flow does not have is read all the same, to be refused later by its name', () => {
  assert.equal(readParameter(undefined, '5'), 5);
});

test('long parameters are sent once, however many tasks there are, and each of these can read them', async () => {
  const report = 'weft '.repeat(20_000);
  const sent: ArrayRequest[] = [];
  const lengths = task('lengths', (extra: number) => (context.parameters['report'] as string).length + extra);
  const reports = new Flow('reports', { executor: noting(sent) }, () => {
    new Parameter('report');
    return [1, 2, 3, 4].map((extra) => lengths(extra));
  });

  const { output } = await reports.run({ ...quietly, parameters: { report } });

  assert.deepEqual(output, [100_001, 100_002, 100_003, 100_004]);
  const bytes = sent.flatMap(({ definition, given = [] }) => [
    sizeOf(definition),
    ...given.map(({ bytes: { length } }) => length),
  ]);
  assert.ok(bytes.reduce((sum, each) => sum + each) < 3 * report.length, `${bytes.join(' + ')} bytes were sent`);
});

/** A promise either way, so that these tests ask what is refused, and not how it is told. */
async function resolve(...args: Parameters<typeof resolveParameters>): Promise<Record<string, unknown>> {
  return await resolveParameters(...args);
}

/** Notes what is submitted, as if to workers that share no memory with this process. */
function noting(sent: ArrayRequest[]): Executor {
  return {
    start: async (run, listener) => {
      const session = await new LocalExecutorLike().start(run, listener);
      const submitted = session.submit.bind(session);
      const submit: Session['submit'] = (request, theirs) => {
        sent.push(request);
        return submitted(request, theirs);
      };
      return Object.assign(session, { sharesMemory: false, submit });
    },
  };
}

function flowWith(builder: () => unknown) {
  const graph = new Graph('nightly');
  graph.build(builder);
  const parameters = graph.nodes.filter((node) => node instanceof Parameter);
  return { name: 'nightly', parameters: new Map(parameters.map((parameter) => [parameter.name, parameter])) };
}

function parameterLike(example: unknown): Parameter {
  const options = example === undefined ? {} : { default: example };
  return new Graph('nightly').build(() => new Parameter('x', options));
}
