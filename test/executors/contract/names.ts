import assert from 'node:assert/strict';
import { Flow, Parameter, renameFlowRun, type FlowStateHandler, type HeddleError, type LogRecord } from 'heddle';
import { withConfig } from '../../with-config.ts';
import { countRows, misnamed, readRows, rename, unnamed, visit } from '../../fixtures/handlers.ts';
import { writtenByTasks } from '../../fixtures/log-lines.ts';
import { reportContext, say, threeFrom } from '../../fixtures/tasks.ts';
import type { Rule } from '../contract.ts';

export function nameRules(rule: Rule): void {
  rule('each run of a task is called what its inputs and the parameters make of its name [P158]', async (run) => {
    const flow = new Flow('named', () => {
      new Parameter('day', { default: 'monday' });
      return { one: readRows('a.csv'), many: readRows.map(['b.csv', 'c.csv']) };
    });

    const { state, logs } = await run(flow);

    assert.equal(state.output.one, 'rows a.csv of monday');
    assert.deepEqual(state.output.many, ['rows b.csv of monday', 'rows c.csv of monday']);
    const ofFirst = logs.filter(({ task }) => task === 'read-rows').map(({ taskRun }) => taskRun);
    assert.deepEqual(ofFirst, Array(3).fill('rows a.csv of monday'), 'its start and its end are under its name too');
    const named = writtenByTasks(logs).map(({ taskRun, message }) => `${taskRun}: ${message}`);
    assert.deepEqual(named.toSorted(), [
      'rows a.csv of monday: reading a.csv',
      'rows b.csv of monday: reading b.csv',
      'rows c.csv of monday: reading c.csv',
    ]);
  });

  rule(
    'a function can name the runs of a task, also of a copy of it; a copy can have a name of its own',
    async (run) => {
      const urls = ['http://ada/x', 'http://bob/y'];
      const flow = new Flow('by-function', () => ({
        visits: visit.map(urls),
        copied: visit.with({ retries: 1 }).map(urls),
        renamed: visit.with({ taskRunName: 'a visit to {inputs.0}' }).map(urls),
      }));

      const { state } = await run(flow);

      assert.deepEqual(state.output.visits, ['0: ada at http://ada/x', '1: bob at http://bob/y']);
      assert.deepEqual(state.output.copied, state.output.visits);
      assert.deepEqual(state.output.renamed, [
        'a visit to http://ada/x at http://ada/x',
        'a visit to http://bob/y at http://bob/y',
      ]);
    },
  );

  rule('a task that names no runs has the name of the task and the map index for it', async (run) => {
    const { state, logs } = await run(new Flow('unnamed', () => [unnamed(1), unnamed.map([1, 2])] as const));

    assert.deepEqual(state.output, ['1 in unnamed', ['1 in unnamed-2[0]', '2 in unnamed-2[1]']]);
    assert.ok(logs.every((record) => !('taskRun' in record)));
  });

  rule('a name that cannot be made fails the run alone, says why, and is not tried again [F204]', async (run) => {
    const rows = Array.from({ length: 50 }, (_, id) => ({ id }));

    const { state, logs } = await run(new Flow('misnamed', () => misnamed.map([...rows, { key: 2 }])));

    const children = state.of('misnamed').children;
    assert.deepEqual(
      children.slice(0, 50).map(({ result }) => result),
      rows,
    );
    const { error: failure, message } = children[50]!;
    const error = failure as HeddleError & { cause: HeddleError; mapIndex: number };
    assert.deepEqual([error.code, error.mapIndex, error.cause.code], ['TASK_RUN_NAME_FAILED', 50, 'UNKNOWN_NAME']);
    assert.match(message, /taskRunName of task 'misnamed' failed.*\{inputs\.0\.id\}.*There is: key/);
    const own = writtenByTasks(logs);
    const wrong = own.filter(({ level, mapIndex, taskRun }) => level !== 'info' || taskRun !== `row ${mapIndex}`);
    assert.equal(own.length, 51);
    assert.deepEqual(
      wrong.map(({ level, mapIndex, taskRun }) => [level, mapIndex, taskRun]),
      [['error', 50, undefined]],
    );
  });

  rule(
    'a task renames its flow run: what is logged after that, and the final state, have the name [S17]',
    async (run) => {
      const flow = new Flow('renamed', () => {
        const name = rename('tuesday');
        return [
          say.with({ slug: 'later' })(name),
          reportContext.map(...([threeFrom(name as never)] as unknown as [])),
        ] as const;
      });

      const { state, logs } = await run(flow, { flowRunName: 'monday' });

      assert.equal(state.flowRunName, 'tuesday');
      const [own, later] = state.output;
      assert.equal(own, 'tuesday', 'the task itself sees the new name');
      assert.deepEqual(
        later.map(({ flowRunName }) => flowRunName),
        Array(3).fill('tuesday'),
        'so do runs whose number was not known before',
      );
      const at = logs.findIndex(({ renamedTo }) => renamedTo === 'tuesday');
      assert.match(logs[at]!.message, /is called 'tuesday' now/);
      assert.deepEqual([logs[at - 1]!.message, logs[at + 1]!.message], ['before', 'after']);
      assert.deepEqual(namesOf(logs.slice(0, at)), ['monday']);
      assert.deepEqual(namesOf(logs.slice(at)), ['tuesday']);
      assert.match(await state.timelineHtml(), /tuesday/);
    },
  );

  rule('a flow that is renamed when it starts has the name in every line, and in each task [S17]', async (run) => {
    const onStart: FlowStateHandler = ({ flow, to }) => {
      if (to.isRunning()) renameFlowRun(`${flow.name} of tuesday`);
    };
    const flow = new Flow('load', { stateHandlers: [onStart] }, () => reportContext());

    const { state, logs } = await run(flow);

    assert.deepEqual(namesOf(logs), ['load of tuesday']);
    assert.match(logs[1]!.message, /^flow run 'load of tuesday' started$/);
    assert.equal(state.output.flowRunName, 'load of tuesday');
  });

  rule(
    'a state handler of a task can rename the flow run, and so can one of the flow at its end [S17]',
    async (run) => {
      const onEnd: FlowStateHandler = ({ to }) => {
        if (to.isFinished()) renameFlowRun(`${to.type}, at last`);
      };

      const byTask = await run(new Flow('by-task', () => countRows(12)));
      const atEnd = await run(new Flow('at-end', { stateHandlers: [onEnd] }, () => say('x')));

      assert.equal(byTask.state.flowRunName, 'with 12 rows');
      assert.equal(byTask.logs.at(-1)?.flowRun, 'with 12 rows');
      assert.equal(atEnd.state.flowRunName, 'Success, at last');
      assert.equal(atEnd.logs.at(-1)?.flowRun, 'Success, at last');
    },
  );

  rule('the news of a name arrives also when its line is not written', async (run) => {
    const flow = new Flow('hushed', () => rename('tuesday'));

    const { state, logs } = await withConfig({ logging: { level: 'error' } }, () => run(flow));

    assert.deepEqual([state.flowRunName, logs], ['tuesday', []]);
  });
}

function namesOf(logs: readonly LogRecord[]): unknown[] {
  return [...new Set(logs.map(({ flowRun }) => flowRun))];
}
