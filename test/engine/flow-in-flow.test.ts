import assert from 'node:assert/strict';
import { test } from 'node:test';
import { context, Flow, State, task } from './house.ts';
import { quietly } from './fixtures.ts';

const plusOne = task('plus one', (value: number) => value + 1);

test('a flow that is run while one is being built says where to run it [P121]', async () => {
  const inner = new Flow('inner', () => plusOne(1));
  const runs: Promise<unknown>[] = [];

  const build = () => new Flow('outer', () => void runs.push(inner.run(quietly), inner.serve(quietly)));

  const refused = (call: string) => ({
    name: 'TypeError',
    code: 'RUN_INSIDE_BUILDER',
    flow: 'outer',
    message:
      `${call} was called while flow 'outer' is being built, when nothing has a value yet. Call it after new Flow(…); ` +
      `to use what it gives in 'outer', call it inside the function of a task (docs/tasks.md, 'A flow that a task ` +
      `starts').`,
  });
  assert.throws(build, refused('inner.run()'));
  assert.throws(() => new Flow('outer', () => inner.run(quietly)), refused('inner.run()'));
  await assert.rejects(runs[0]!, refused('inner.run()'));
  await assert.rejects(runs[1]!, refused('inner.serve()'));
});

test('a task hands its parameters on to a flow that it starts, be there any or none', async () => {
  const inner = new Flow('inner', () => plusOne(1));
  const start = task('start', async () => {
    const { output } = await inner.run({ ...quietly, parameters: context.parameters });
    return output;
  });

  const state = await new Flow('outer', () => start()).run(quietly);

  assert.equal(state.output, 2, state.message);
});

test('a flow as an argument is refused, with what starts it', () => {
  const inner = new Flow('inner', () => plusOne(1));
  const count = task('count', (value: unknown) => [value].length);

  for (const [given, what] of [
    [inner, 'is a Flow'],
    [{ flows: [inner] }, 'holds a Flow at .flows[0]'],
  ] as const) {
    assert.throws(() => new Flow('outer', () => count(given)), {
      code: 'NODE_INSIDE_VALUE',
      message:
        `argument 1 of task 'count' ${what}, which has no value. Instead, start it in a task: import it there, and ` +
        `call its run() (docs/tasks.md, 'A flow that a task starts').`,
    });
  }
});

test('a task that returns the state of a run that it started is told what to return instead', async () => {
  const inner = new Flow('inner', () => plusOne(1));
  const start = task('start', async (): Promise<unknown> => await inner.run(quietly));

  const state = await new Flow('outer', () => start()).run(quietly);

  const { error } = state.of('start');
  assert.match(error!.message, /is a FlowState .*hand on what is needed of it, such as state\.output/s);
});

test('a task that returns a state to end in is told to throw a signal', async () => {
  const check = task('check', (): unknown => new State('Failed', 'no rows'));

  const state = await new Flow('checked', () => check()).run(quietly);

  assert.match(
    state.of('check').error!.message,
    /is a State .*throw a signal, such as new signals\.FAIL\('no rows'\)/s,
  );
});
