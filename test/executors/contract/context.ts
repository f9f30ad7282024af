import assert from 'node:assert/strict';
import { context, Flow, Parameter, unmapped, type LogRecord } from 'heddle';
import { withConfig } from '../../with-config.ts';
import {
  changeContext,
  chatter,
  complain,
  contextAfterAwait,
  echo,
  giveContext,
  inc,
  lookAtParameters,
  misreadParameters,
  logLevels,
  reportContext,
  say,
  showTags,
} from '../../fixtures/tasks.ts';
import { textsOf, writtenByTasks } from '../../fixtures/log-lines.ts';
import type { Rule } from '../contract.ts';

export function contextRules(rule: Rule): void {
  rule('a task asks the context who it is', async (run) => {
    const flow = new Flow('who', () => {
      new Parameter('region', { default: 'north' });
      return { one: reportContext(), many: reportContext.map(...([[0, 0]] as unknown as [])) };
    });
    const before = Date.now();

    const { state } = await run(flow, { flowRunName: 'monday', parameters: { region: 'south' } });

    const { date, ...facts } = state.output.one;
    const { flowRunId } = state;
    const shared = { parameters: { region: 'south' }, flowName: 'who', flowRunName: 'monday', flowRunId };
    assert.deepEqual(facts, { ...shared, taskName: 'report-context', mapIndex: undefined, taskRunCount: 1 });
    assert.ok(date instanceof Date && date.getTime() >= before && date.getTime() <= Date.now());
    assert.deepEqual(
      state.output.many.map(({ mapIndex, taskName }) => [taskName, mapIndex]),
      [
        ['report-context-2', 0],
        ['report-context-2', 1],
      ],
    );
    assert.deepEqual(state.output.many[1]?.date, date);
  });

  rule('a parameter that the flow does not have is told where it is read, with the nearest', async (run) => {
    const flow = new Flow('counts', () => {
      new Parameter('count', { default: 3 });
      new Parameter('ids', { default: [1, 2] });
      return { misread: misreadParameters(), look: lookAtParameters() };
    });

    const { state } = await run(flow);

    const { code, message } = state.of('misread-parameters').error as { code?: string; message: string };
    assert.equal(code, 'UNKNOWN_PARAMETER');
    assert.equal(
      message,
      "flow 'counts' has no parameter 'cuont'. Did you mean 'count'? It has: count, ids. What only some flows have is " +
        "asked for first: 'cuont' in parameters.",
    );
    const all = { count: 3, ids: [1, 2] };
    assert.deepEqual(state.of('look-at-parameters').result, {
      given: all,
      copies: [all, all, all, all],
      asked: [false, true, true],
      parts: [3, { ids: [1, 2] }, ['count', 'ids']],
      texts: ['{ count: 3, ids: [ 1, 2 ] }', '3'],
      isFrozen: true,
    });
  });

  rule('a task run knows the tags of its task [P157]', async (run) => {
    const flow = new Flow('tags', () => ({
      own: showTags(),
      more: showTags.with({ tags: ['more', 'own'] }).map(...([[1]] as unknown as [])),
    }));

    const { state } = await run(flow);

    assert.deepEqual([state.output.own, state.output.more], [['own'], [['own', 'more']]]); // prettier-ignore
  });

  rule('the context of a run is still its own after an await [P283]', async (run) => {
    const flow = new Flow('awaits', () => contextAfterAwait.map(...([[0, 1, 2, 3]] as unknown as [])));

    const { state } = await run(flow);

    assert.deepEqual(state.output, [[0, 0], [1, 1], [2, 2], [3, 3]]); // prettier-ignore
  });

  rule('assigning to the context fails the task and says what to do instead [S13]', async (run) => {
    const { state } = await run(new Flow('assigns', () => changeContext()));

    const { type, error } = state.of('change-context');
    assert.deepEqual([type, (error as { code?: string }).code], ['Failed', 'CONTEXT_IS_FROZEN']);
    assert.match(error?.message ?? '', /context\.date cannot be set.*make it a Parameter/);
  });

  rule('the context cannot be passed on, and the message says what of it can [P284]', async (run) => {
    const { state } = await run(new Flow('hands-on', () => [giveContext(), echo(context)]));

    for (const [slug, path] of [
      ['give-context', 'result.who'],
      ['echo', "input 'argument 1'"],
    ] as const) {
      assert.equal((state.of(slug).error as { code?: string }).code, 'VALUE_NOT_SERIALIZABLE');
      const { message } = state.of(slug).error!;
      assert.ok(message.includes(`  ${path}\n    is the context of a task run`), message);
      assert.match(message, /import \{ context \} from 'heddle' where it is needed/);
    }
  });

  rule('outside of a task run there is no context, and the message says where there is', async (run) => {
    await run(new Flow('before', () => inc(1)));

    assert.throws(() => context.mapIndex, {
      code: 'OUTSIDE_TASK_RUN',
      message: /context\.mapIndex.*inside the function/,
    });
    assert.throws(() => context.logger, { code: 'OUTSIDE_TASK_RUN' });
  });

  rule(
    'every log line arrives before the run ends, in order, with task, map index and worker [P292] [P294] [S15] [D151]',
    async (run) => {
      const lines = 2_500;

      const { logs } = await run(new Flow('chatty', () => chatter.map([10, 20, 30, 40], unmapped(lines))));

      for (const [index, x] of [10, 20, 30, 40].entries()) {
        const own = writtenByTasks(logs).filter(({ mapIndex }) => mapIndex === index);
        const expected = Array.from({ length: lines }, (_, line) => `line ${line} of { x: ${x} }`);
        assert.deepEqual(
          own.map(({ message }) => message),
          expected,
        );
        assert.ok(own.every(({ task, flow, level }) => task === 'chatter' && flow === 'chatty' && level === 'info'));
        assert.ok(own.every(({ worker, time }) => typeof worker === 'string' && time > 0));
      }
      assert.equal(logs.at(-1)?.task, undefined, 'the last word is the report of the run');
    },
  );

  rule('a line of any length arrives whole [P291]', async (run) => {
    const long = 'row '.repeat(800_000);

    const { logs } = await run(new Flow('long-winded', () => say.map([long, 'short'])));

    const said = textsOf(logs, 'info');
    assert.equal(said.length, 2);
    assert.ok(said.includes(long) && said.includes('short'));
  });

  rule('an error is in the log with its stack, be it thrown or written there [P295] [D146]', async (run) => {
    const { logs } = await run(new Flow('complains', () => complain()));

    const [written, thrown] = logs.filter(({ task, level }) => task === 'complain' && level === 'error');
    assert.match(
      written?.message ?? '',
      /^could not reach it: RangeError: a far place\n +at .*fixtures\/tasks\.ts:\d+/,
    );
    assert.match(thrown?.message ?? '', /^TypeError: so there is nothing to do\n +at .*fixtures\/tasks\.ts:\d+/);
  });

  rule('a line of a task comes before any line of a task that waits for it', async (run) => {
    const flow = new Flow('causal', () => say.map(say.map(say.map(['a', 'b', 'c', 'd']))));

    const { logs } = await run(flow);

    for (const letter of ['a', 'b', 'c', 'd']) {
      const tasks = logs.filter(({ message }) => message === letter).map(({ task }) => task);
      assert.deepEqual(tasks, ['say', 'say-2', 'say-3']);
    }
  });

  rule('a listener to the log that throws ends the run, which rejects with its error as the cause', async (run) => {
    const broken = ({ task }: LogRecord) => {
      if (task !== undefined) throw new RangeError('the disk is full');
    };

    const running = run(new Flow('deaf-ears', () => inc.map(say.map(['a', 'b']) as never)), { onLog: broken });

    await assert.rejects(running, { code: 'LOG_LISTENER_FAILED', cause: new RangeError('the disk is full') });
  });

  rule('each line has the level that it was written with [D147]', async (run) => {
    const flow = new Flow('levels', () => logLevels());
    const { logs } = await withConfig({ logging: { level: 'debug' } }, () => run(flow));

    assert.deepEqual(
      writtenByTasks(logs).map(({ level, message, mapIndex }) => [level, message, mapIndex]),
      [
        ['debug', 'd', undefined],
        ['info', 'i', undefined],
        ['warn', 'w', undefined],
        ['error', 'e', undefined],
      ],
    );
  });
}
