import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quietly } from './fixtures.ts';
import { context, Flow, Parameter, task } from './house.ts';

const plusOne = task('plus one', (value: number) => value + 1);

test('a run has a name of its own, or the one that it is given', async () => {
  const flow = new Flow('f', () => task('who', () => [context.flowName, context.flowRunName, context.flowRunId])());

  const named = await flow.run({ ...quietly, flowRunName: 'tuesday' });
  const unnamed = await flow.run(quietly);

  assert.deepEqual(named.output, ['f', 'tuesday', named.flowRunId]);
  assert.match(unnamed.flowRunName, /^run-.{6}$/);
  assert.notEqual(unnamed.flowRunId, named.flowRunId);
});

test('a run is named after its parameters before it starts; a part that is not there is told with the nearest [S17]', async () => {
  const flow = new Flow('load', { flowRunName: 'load-{parameters.day}' }, () => void new Parameter('day'));

  const state = await flow.run({ ...quietly, parameters: { day: 'monday' } });
  const named = await flow.run({
    ...quietly,
    parameters: { day: 'monday' },
    flowRunName: ({ flowName, parameters }) => `${flowName} on ${parameters['day']}`,
  });

  assert.deepEqual([state.flowRunName, named.flowRunName], ['load-monday', 'load on monday']);
  const misspelt = flow.run({ ...quietly, parameters: { day: 'monday' }, flowRunName: 'load-{parameters.dya}' });
  await assert.rejects(misspelt, {
    code: 'UNKNOWN_NAME',
    message: `'load-{parameters.dya}' asks for {parameters.dya}, and there is no 'dya'. Did you mean 'day'? There is: day.`,
  });
});

test('a function that gives a run no name keeps it from starting', async () => {
  const flow = new Flow('load', () => plusOne(1));

  for (const [given, came] of [
    [undefined, 'undefined'],
    ['', `''`],
    [Promise.resolve('monday'), 'a Promise'],
  ]) {
    await assert.rejects(flow.run({ ...quietly, flowRunName: () => given as string }), {
      code: 'INVALID_NAME',
      message: `the flowRunName of flow 'load' should come to a text that is not empty; it came to ${came as string}`,
    });
  }
});
