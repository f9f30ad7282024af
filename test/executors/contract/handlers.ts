import assert from 'node:assert/strict';
import { context, Flow, signals, State, type FlowStateHandler, type HeddleError, type LogRecord } from 'heddle';
import * as tasks from '../../fixtures/handlers.ts';
import { textsOf, writtenByTasks } from '../../fixtures/log-lines.ts';
import { startWebhook } from '../../fixtures/webhook.ts';
import { check, end, inc, say } from '../../fixtures/tasks.ts';
import type { Rule } from '../contract.ts';

export function handlerRules(rule: Rule): void {
  rule('the handlers of a task see each change of its state: two when all is well [F261]', async (run) => {
    const { logs } = await run(new Flow('well', () => tasks.watched(0)));

    assert.deepEqual(changesIn(logs), ['watched: Pending → Running', 'watched: Running → Success']);
  });

  rule('they see the failure and the retry that it gets as two changes [P182]', async (run) => {
    const { logs } = await run(new Flow('retried', () => tasks.watched(1)));

    const once = ['watched: Pending → Running', 'watched: Running → Failed', 'watched: Failed → Retrying'];
    assert.deepEqual(changesIn(logs), [...once, 'watched: Pending → Running', 'watched: Running → Success']);
  });

  rule('a handler and onFailure know whether the run is tried again', async (run) => {
    const failure = (attempt: number, isRetried: boolean) => [
      `${attempt} Running: false`,
      `${attempt} Failed: ${isRetried}`,
      `${attempt} onFailure: ${isRetried}`,
      ...(isRetried ? [`${attempt} Retrying: true`] : []),
    ];

    const { logs: exhausted } = await run(new Flow('exhausted', () => tasks.persistent(9)));
    const { logs: hopeless } = await run(new Flow('hopeless', () => tasks.persistent(2)));

    const told = (logs: readonly LogRecord[]) => textsOf(logs, 'info').filter((text) => /: (?:true|false)$/.test(text));
    assert.deepEqual(told(exhausted), [...failure(1, true), ...failure(2, true), ...failure(3, false)]);
    assert.deepEqual(told(hopeless), [...failure(1, true), ...failure(2, false)]);
  });

  rule('a handler that puts another state in the place of a retry ends the run with it', async (run) => {
    const { state, logs } = await run(new Flow('given up', () => tasks.givenUp()));

    assert.equal(state.of('given-up').type, 'Skipped');
    assert.deepEqual(
      textsOf(logs, 'info').filter((text) => text.startsWith('call')),
      ['call 1'],
    );
  });

  rule('they see every iteration of a loop [P161]', async (run) => {
    const { logs } = await run(new Flow('loops', () => tasks.watchedLoop()));

    const types = changesIn(logs).map((change) => change.split(' → ')[1]);
    assert.deepEqual(types, ['Running', 'Looped', 'Running', 'Looped', 'Running', 'Success']);
  });

  rule('of a mapped task they see each child, and the whole once when all are done [P189]', async (run) => {
    const { state, logs } = await run(new Flow('mapped', () => tasks.watchedRows.map([1, 2])));

    const changes = changesIn(logs);
    assert.deepEqual(changes.toSorted(), [
      'watched-rows: Pending → Mapped',
      'watched-rows[0]: Pending → Running',
      'watched-rows[0]: Running → Success',
      'watched-rows[1]: Pending → Running',
      'watched-rows[1]: Running → Success',
    ]);
    assert.equal(changes.at(-1), 'watched-rows: Pending → Mapped');
    assert.deepEqual(state.output, [1, 2]);
  });

  rule(
    'a handler can have another state for a mapped task as a whole, which decides; its children stay',
    async (run) => {
      const { state } = await run(new Flow('demanding', () => ({ rows: tasks.demandingRows.map([1, 2]) })));

      assert.deepEqual([state.type, state.of('demanding-rows').type], ['Failed', 'Failed']);
      assert.match(state.message, /demanding-rows: fewer than 3 rows/);
      assert.throws(() => state.output.rows, {
        code: 'OUTPUT_UNAVAILABLE',
        message:
          "this output is not there, since 'demanding-rows' did not succeed: fewer than 3 rows. " +
          "state.of('demanding-rows').result has what its runs returned, and undefined for each that did not succeed.",
      });
      const whole = state.of('demanding-rows');
      assert.deepEqual(whole.result, [1, 2]);
      assert.ok(!('result' in whole.toJSON()), 'its children have it');
      assert.deepEqual(State.fromJSON(whole.toJSON()).result, [1, 2]);
    },
  );

  rule('a handler that has a mapped task succeed, though a few of its runs failed, decides too', async (run) => {
    const { state } = await run(new Flow('lenient', () => tasks.lenientRows.map([1, -2, 3])));

    assert.deepEqual([state.type, state.of('lenient-rows').type], ['Success', 'Success']);
    assert.deepEqual(state.output, [1, undefined, 3]);
    const { message, context: facts } = state.of('lenient-rows');
    assert.deepEqual([message, facts], ['1 of 3 failed, which will do', { failed: 1 }]);
  });

  rule('where a handler lets a failure pass, what fails for it says where that began', async (run) => {
    const { state } = await run(new Flow('passed', () => inc.map(tasks.lenientRows.map([1, -2, 3]))));

    assert.match(state.message, /It began with lenient-rows\[1\]: RangeError: -2 is negative$/);
    assert.match(String(state.error?.cause), /-2 is negative/);
  });

  rule('an output of which something is paused says so, whatever a handler made of the whole', async (run) => {
    const { state } = await run(new Flow('unsure', () => tasks.lenientRows.map([0, -2, 3])));

    assert.equal(state.type, 'Paused');
    assert.throws(() => state.output, {
      code: 'OUTPUT_UNAVAILABLE',
      message: /since 2 of 3 runs of 'lenient-rows' did not succeed: neither positive nor negative\. /,
    });
  });

  rule('a handler can give a mapped task as a whole a result of its own', async (run) => {
    const { state } = await run(new Flow('counted', () => tasks.countedRows.map([1, 2])));

    assert.equal(state.output, '2 rows');
  });

  rule('a handler that throws for a mapped task as a whole is told of, also where runs failed', async (run) => {
    const { state, logs } = await run(new Flow('bug', () => tasks.rowsWithBug.map([1, -2])));

    const told = "a state handler of task 'rows-with-bug' failed: RangeError: no room for the sum";
    assert.ok(state.message.includes(`rows-with-bug: HeddleError: ${told}`), state.message);
    const [line = ''] = textsOf(logs, 'error').filter((text) => text.includes(told));
    assert.match(line, /caused by RangeError: no room for the sum\n +at .*fixtures\/handlers\.ts:\d+/);
  });

  rule('they see a run whose time was up, and it is tried again, also when that ended its thread', async (run) => {
    const { state, logs } = await run(new Flow('hangs', () => tasks.hangs()));

    assert.equal(state.output, 2);
    const types = changesIn(logs).map((change) => change.split(' → ')[1]);
    assert.deepEqual(types, ['Running', 'TimedOut', 'Retrying', 'Running', 'Success']);
    assert.ok(changesIn(logs).includes('hangs: Running → TimedOut'));
  });

  rule(
    'they can tell somebody of a run whose time was up: what was aborted is the signal of its function',
    async (run) => {
      const { state } = await run(new Flow('slow', () => tasks.slow()));

      assert.equal(state.type, 'Failed');
      assert.deepEqual([state.of('slow').type, state.of('slow').message], ['Failed', 'told of TimedOut, not aborted']);
    },
  );

  rule(
    'a handler that makes Resume of Paused approves of the run, which then is one like any other [P192]',
    async (run) => {
      const { state, logs } = await run(new Flow('approved', () => tasks.approved()));

      assert.deepEqual([state.of('approved').type, state.of('approved').message], ['Failed', 'not good enough']);
      assert.equal(textsOf(logs, 'info').filter((message) => message === 'was called').length, 3);
      assert.deepEqual(changesIn(logs).slice(0, 3), [
        'approved: Pending → Paused',
        'approved: Pending → Running',
        'approved: Running → Success',
      ]);
    },
  );

  rule('a handler that returns nothing keeps the state [P183]', async (run) => {
    const { state } = await run(new Flow('nothing', () => tasks.returnsNothing()));

    assert.equal(state.output, 1);
  });

  rule('a handler that returns something else fails the run, and is told what to return [P190]', async (run) => {
    const { state } = await run(new Flow('number', () => tasks.returnsNumber()));

    const { type, error, message } = state.of('returns-number');
    assert.deepEqual([type, (error as HeddleError).code], ['Failed', 'NOT_A_STATE']);
    assert.match(
      message,
      /a state handler of task 'returns-number' returned 3\. A handler returns a State.*or nothing/,
    );
  });

  rule('a run that a handler leaves in a state that is none to end in is told of', async (run) => {
    const { state } = await run(new Flow('left', () => tasks.returnsOld.map([1, 2])));

    assert.equal(
      state.message,
      `Not finished: returns-old. A state handler left 'returns-old' Pending: what it returns takes the place of the ` +
        `state 'to' that it is shown.`,
    );
  });

  rule('a mapped task that a handler leaves as a whole in such a state is told of too', async (run) => {
    const { state } = await run(new Flow('left', () => tasks.rowsReturnedOld.map([1, 2])));

    const told = "Not finished: rows-returned-old. A state handler left 'rows-returned-old' Pending: what it returns";
    assert.deepEqual([state.type, state.of('rows-returned-old').type], ['Paused', 'Pending']);
    assert.ok(state.message.startsWith(told), state.message);
  });

  rule('a handler that throws fails the run, whose function had succeeded [F262]', async (run) => {
    const { state } = await run(new Flow('bug', () => tasks.handledWithBug()));

    const { type, error, message } = state.of('handled-with-bug');
    const { code, cause } = error as HeddleError;
    assert.deepEqual(
      [type, code, (cause as Error).message],
      ['Failed', 'STATE_HANDLER_FAILED', 'a handler with a bug'],
    );
    assert.match(
      message,
      /a state handler of task 'handled-with-bug' failed: RangeError: a handler with a bug\. Catch/,
    );
    assert.match(message, /Without that it would be Success/);
  });

  rule('an onFailure that throws hides no failure of its task, in the state or in the log', async (run) => {
    const { state, logs } = await run(new Flow('hidden', () => tasks.mournedWithBug.map([1])));

    const told =
      "HeddleError: the onFailure of task 'mourned-with-bug' failed: RangeError: a handler with a bug. Catch there " +
      'what is not to fail the run. Without that it would be Failed: TypeError: no such customer';
    const [child] = state.of('mourned-with-bug').children;
    assert.equal(child?.message, told);
    const { cause, errors } = child.error as AggregateError;
    assert.deepEqual([cause, ...errors].map(String), [
      'RangeError: a handler with a bug',
      'TypeError: no such customer',
    ]);
    const own = /^error 1: TypeError: no such customer\n +at .*fixtures\/handlers\.ts:\d+/m;
    assert.ok(textsOf(logs, 'error').some((text) => own.test(text)));
  });

  rule('retryOn is asked about what a handler threw, as it threw it', async (run) => {
    const { state } = await run(new Flow('again', () => tasks.retriedForHandler()));

    assert.equal(state.output, 2);
  });

  rule('the timeout of a task is that of its function: its handlers may take longer', async (run) => {
    const { state, logs } = await run(new Flow('slowly', () => tasks.toldSlowly.map([1, -1])));

    const messages = state.of('told-slowly').children.map(({ message }) => message);
    assert.deepEqual(messages, ['Task run succeeded.', 'RangeError: too small']);
    const told = ['Failed', 'Mapped', 'Running', 'Running', 'Success'].map((state) => `told of ${state}`);
    assert.deepEqual(textsOf(logs, 'info').toSorted(), ['called', 'called', ...told]);
  });

  rule('a signal from a handler is the new state: a failure can become a pause [P185]', async (run) => {
    const { state } = await run(new Flow('pause', () => tasks.pausedByHandler()));

    const { type, message } = state.of('paused');
    assert.deepEqual([type, message], ['Paused', 'somebody should look at it']);
  });

  rule('or a retry, without any retries of the task [P186]', async (run) => {
    const { state, logs } = await run(new Flow('retry', () => tasks.retriedByHandler()));

    assert.equal(state.output, 3);
    const types = changesIn(logs).map((change) => change.split(' → ')[1]);
    assert.deepEqual(types, ['Running', 'Failed', 'Running', 'Failed', 'Running', 'Success']);
  });

  rule(
    'onFailure is called once when an upstream failed, also of a task that was never sent away [P188]',
    async (run) => {
      const flow = new Flow('mourned', () => {
        const list = check(1, [1]) as never;
        return [tasks.mourned(list), tasks.mourned.map(list), tasks.mourned(inc(1))];
      });

      const { logs } = await run(flow);

      const mourned = writtenByTasks(logs).filter(({ message }) => message.startsWith('mourned: '));
      assert.deepEqual(mourned.map(({ task, message }) => `${task} ${message}`).toSorted(), [
        'mourned mourned: TriggerFailed',
        'mourned-2 mourned: TriggerFailed',
      ]);
    },
  );

  rule('what a handler prints is in the log of its run, like what the function prints', async (run) => {
    const { logs } = await run(new Flow('prints', () => tasks.printed()));

    assert.deepEqual(textsOf(logs, 'info'), ['printed at Running', 'printed at Success']);
  });

  rule(
    'a notifier of a task posts from where the task runs, with the secret of the flow run [P193] [P194]',
    async (run) => {
      await using hook = await startWebhook();

      const { state } = await run(new Flow('posts', () => tasks.notified.map([7])), { secrets: { CHAT: hook.url } });

      assert.equal(state.type, 'Success');
      const [child, whole] = hook.posts;
      assert.deepEqual(
        [child?.text, whole?.text],
        ['notified[0] of flow posts: Success', 'notified of flow posts: Mapped'],
      );
      assert.deepEqual(child?.attachments[0]?.fields.slice(1), [
        { title: 'Task run', value: 'row 7', short: true },
        { title: 'Before', value: 'Running', short: true },
      ]);
    },
  );

  rule('the handlers of a flow see it start and end, with its context [F267]', async (run) => {
    const seen: unknown[] = [];
    const watch: FlowStateHandler = ({ flow, from, to }) => {
      context.logger.info('seen');
      seen.push([flow.name, from.type, to.type, context.flowName, context.parameters]);
    };

    const { logs } = await run(new Flow('seen', { stateHandlers: [watch] }, () => inc(1)));

    assert.deepEqual(seen, [
      ['seen', 'Pending', 'Running', 'seen', {}],
      ['seen', 'Running', 'Success', 'seen', {}],
    ]);
    assert.equal(logs.filter(({ message, flow }) => message === 'seen' && flow === 'seen').length, 2);
  });

  rule('a handler of a flow can end it before any task runs', async (run) => {
    const refuse: FlowStateHandler = ({ to }) => {
      if (to.isRunning()) throw new signals.SKIP('it is a holiday');
    };
    const failures: string[] = [];
    const fail: FlowStateHandler = ({ to }) => (to.isRunning() ? new State('Failed', 'not today') : undefined);
    const onFailure = ({ state }: { state: State }) => failures.push(state.message);

    const skipped = await run(new Flow('holiday', { stateHandlers: [refuse] }, () => say('open')));
    const failed = await run(new Flow('fails', { stateHandlers: [fail], onFailure }, () => say('open')));

    assert.deepEqual([skipped.state.type, skipped.state.message], ['Skipped', 'it is a holiday']);
    assert.deepEqual([failed.state.type, failed.state.of('say').type], ['Failed', 'Failed']);
    assert.deepEqual(failures, ['not today']);
    assert.deepEqual([...writtenByTasks(skipped.logs), ...writtenByTasks(failed.logs)], []);
  });

  rule('a handler of a flow that returns no state fails the run [P190]', async (run) => {
    const wrong = (() => 'done') as unknown as FlowStateHandler;

    const { state } = await run(new Flow('wrong', { stateHandlers: [wrong] }, () => end('success')));

    assert.deepEqual([state.type, (state.error as HeddleError).code], ['Failed', 'NOT_A_STATE']);
    assert.match(state.message, /a state handler of flow 'wrong' returned 'done'/);
  });
}

function changesIn(logs: readonly LogRecord[]): string[] {
  return writtenByTasks(logs).flatMap(({ message }) => (message.includes(' → ') ? [message] : []));
}
