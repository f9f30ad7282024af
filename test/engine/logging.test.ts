import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Flow, Parameter, resourceManager, task, type LogRecord } from 'heddle';
import { DistributedExecutor, LocalCluster, LocalExecutor } from 'heddle/executors';
import { withConfig } from '../with-config.ts';
import { writtenByTasks } from '../fixtures/log-lines.ts';
import { cache, hasGoneElsewhere, leaveRunning, viaDebug } from '../fixtures/loggers.ts';
import { chatty, tellSecret } from '../fixtures/logging.ts';

const executors = {
  'this thread': () => new LocalExecutor(),
  threads: () => new DistributedExecutor(() => new LocalCluster({ workers: 1 })),
};

for (const [where, executor] of Object.entries(executors)) {
  test(`${where}: what a task writes with console is in the log, if it says so`, async () => {
    const flow = new Flow('printing', () => chatty('hello'));

    const { records, state } = await runAndListen(flow, executor());

    assert.equal(state.type, 'Success');
    const messages = writtenByTasks(records).map(({ level, message }) => [level, message]);
    assert.deepEqual(messages, [
      ['info', "hello { there: 'you' }"],
      ['warn', 'careful'],
    ]);
  });

  test(`${where}: a secret reaches the task, and never the log`, async () => {
    const flow = new Flow('discreet', () => tellSecret());

    const { records, state } = await runAndListen(flow, executor(), { secrets: { DOOR: 'sesame-open' } });

    assert.equal(state.of('tell-secret').result, 11);
    const message = writtenByTasks(records)[0]!.message;
    assert.equal(message, 'the door opens to ***');
  });

  test(`${where}: a secret that is nowhere fails the task with where it was looked for`, async () => {
    const flow = new Flow('discreet', () => tellSecret());

    const { state } = await runAndListen(flow, executor());

    assert.match(state.of('tell-secret').message, /secret 'DOOR' was not found[\s\S]*HEDDLE__SECRETS__DOOR/);
  });

  test(`${where}: lines below the configured level are not written`, async () => {
    const flow = new Flow('quiet', () => chatty('hello'));

    const { records } = await withConfig({ logging: { level: 'warn' } }, () => runAndListen(flow, executor()));

    assert.deepEqual(
      records.map(({ level }) => level),
      ['warn'],
    );
  });
}

test('what a task does not ask to have in the log goes where it always went', async (t) => {
  const log = t.mock.method(console, 'log', () => {});
  const plain = task('plain', () => console.log('to the terminal'));

  const { records } = await runAndListen(new Flow('plain', () => plain()), new LocalExecutor());

  assert.equal(log.mock.callCount(), 1);
  assert.equal(
    records.some(({ message }) => message.includes('terminal')),
    false,
  );
});

test('what a task left running writes where it would without a run, when the task is over', async () => {
  const { records } = await runAndListen(new Flow('leaving', () => leaveRunning()), new LocalExecutor());

  assert.ok(hasGoneElsewhere('left behind'));
  assert.ok(!records.some(({ message }) => message.includes('left behind')));
});

test('a namespace of debug that a run listened to writes as its owner said, when no run does', async (t) => {
  await runAndListen(new Flow('debugging', () => viaDebug(1)), new LocalExecutor());
  cache.enabled = true;
  t.after(() => (cache.enabled = false));

  cache('by itself');

  assert.ok(hasGoneElsewhere('by itself'));
});

test('what the scheduler says below the configured level is not written either', async () => {
  class Announcing extends LocalExecutor {
    override start(...[run, listener]: Parameters<LocalExecutor['start']>) {
      const levels = ['info', 'warn'] as const;
      listener.log(levels.map((level) => ({ time: Date.now(), level, message: `a worker left (${level})` })));
      return super.start(run, listener);
    }
  }
  const flow = new Flow('quiet', () => task('nothing', () => {})());

  const { records } = await withConfig({ logging: { level: 'warn' } }, () => runAndListen(flow, new Announcing()));

  assert.deepEqual(records.map(({ message }) => message), ['a worker left (warn)']); // prettier-ignore
});

test('workers that join while a flow runs are told, but not each of a crowd', async () => {
  const places = Array.from({ length: 12 }, (_, place) => place + 1);
  class Crowded extends LocalExecutor {
    override start(...[run, listener]: Parameters<LocalExecutor['start']>) {
      for (const place of places)
        listener.workers({ workers: place, threads: place, joined: `worker ${place} joined` });
      return super.start(run, listener);
    }
  }
  const flow = new Flow('joined', () => task('nothing', () => {})());

  const { records } = await runAndListen(flow, new Crowded());

  const told = records.flatMap(({ level, message }) => (message.endsWith('joined') ? [`${level}: ${message}`] : []));
  assert.deepEqual(told, places.slice(0, 10).map((place) => `info: worker ${place} joined`)); // prettier-ignore
});

test('an error that stands for many is told with its own cause, and with how many of them are not told', async () => {
  const flow = new Flow('many', () => {
    const fail = task('fail', () => {
      const errors = Array.from({ length: 60 }, (_, at) => new Error(`no answer from ${at}`, { cause: 'a timeout' }));
      throw new AggregateError(errors, 'no host', { cause: 'no network' });
    });
    return fail();
  });

  const { records } = await runAndListen(flow, new LocalExecutor());

  const told = records.find(({ level, task }) => level === 'error' && task === 'fail')?.message ?? '';
  const lines = told.split('\n').filter((line) => !line.startsWith('    at '));
  assert.deepEqual(lines.slice(0, 4), [
    'AggregateError: no host',
    "caused by 'no network'",
    'error 1: Error: no answer from 0',
    "caused by 'a timeout'",
  ]);
  assert.deepEqual(lines.slice(-3), [
    'error 50: Error: no answer from 49',
    "caused by 'a timeout'",
    'error 51: [and 10 more]',
  ]);
});

test('a flow whose builder calls no task says that it does nothing, and how that is mended', async () => {
  const plain = task('plain', () => 1);
  const added = new Flow('added', () => {});
  added.addTask(plain);

  const disk = resourceManager('disk', { setup: () => 'open' });
  const nothing = new Flow('nothing', () => {});
  const echo = new Flow('echo', () => new Parameter('x', { default: 1 }));
  const unused = new Flow('unused', () => void disk());

  const warnings = await Promise.all([nothing, echo, unused, added].map(warningsOf));

  const advice = (name: string) =>
    `flow '${name}' has no tasks, so this run does nothing. Call its tasks in the function that builds it, as in ` +
    `new Flow('${name}', () => load(path)). (FLOW_WITHOUT_TASKS)`;
  assert.deepEqual(warnings, [[advice('nothing')], [advice('echo')], [advice('unused')], []]);
});

test('every error in the log has its code in its first line, wherever it was found', async () => {
  const echo = task('echo', (value: unknown) => value);
  const five = task('five', (): unknown => 5);
  const give = task('give', (): unknown => () => 1);
  const flow = new Flow('codes', () => {
    const over = echo.with({ name: 'over' }).map(five() as never);
    return [echo(() => 1), over, give(), echo.with({ name: 'each' }).map([() => 1])];
  });

  const { records } = await runAndListen(flow, new LocalExecutor());

  const errors = records.filter(({ level, task: name }) => level === 'error' && name !== undefined);
  const firstLines = errors.map(({ task: name, message }) => `${name} | ${message.split(': ')[0]}`);
  assert.deepEqual(firstLines.toSorted(), [
    'each | NotSerializableError [VALUE_NOT_SERIALIZABLE]',
    'echo | NotSerializableError [VALUE_NOT_SERIALIZABLE]',
    'give | NotSerializableError [VALUE_NOT_SERIALIZABLE]',
    'over | HeddleError [NOT_ITERABLE]',
  ]);
});

async function warningsOf(flow: Flow): Promise<string[]> {
  const { records } = await runAndListen(flow, new LocalExecutor());
  return records.flatMap(({ level, message }) => (level === 'warn' ? [message] : []));
}

async function runAndListen(flow: Flow, executor: LocalExecutor, { secrets = {} } = {}) {
  const records: LogRecord[] = [];
  const state = await flow.run({ executor, secrets, onLog: (record) => records.push(record) });
  return { state, records };
}
