import assert from 'node:assert/strict';
import { context, Flow, Parameter, type LogRecord } from 'heddle';
import { withConfig } from '../../with-config.ts';
import * as fixtures from '../../fixtures/loggers.ts';
import { writtenByTasks } from '../../fixtures/log-lines.ts';
import type { Rule } from '../contract.ts';

const verbose = { logging: { level: 'debug' } } as const;

export function loggerRules(rule: Rule): void {
  rule('lines of pino are in the log of the run that wrote them, and nowhere else [S24] [S15]', async (run) => {
    const flow = new Flow('pino', () => fixtures.viaPino.map([7, 8]));

    const { state, logs } = await withConfig(verbose, () => run(flow));

    assert.deepEqual(state.output, [[], []]);
    for (const [index, x] of [7, 8].entries()) {
      const own = logs.filter(({ mapIndex, logger }) => mapIndex === index && logger === 'db');
      assert.deepEqual(own.map(firstLine), [
        ['debug', `traced ${x}`],
        ['info', `read { part: 'pool', rows: [ ${x} ] }`],
        ['warn', `slow { user: { name: 'ann', password: '[Redacted]' } }`],
        ['error', `no rows { err: { table: 'cars' } }`],
        ['error', 'cannot go on'],
      ]);
      assert.match(own[3]!.message, /\nRangeError: no rows\n +at .*loggers\.ts/);
      assert.match(own[4]!.message, /\nError: gone\n +at .*loggers\.ts/);
      assert.ok(own.every(({ task, worker, flow }) => task === 'via-pino' && worker && flow === 'pino'));
    }
  });

  rule('lines of winston are in the log, as their logger formats them, and nowhere else [S24] [S15]', async (run) => {
    const flow = new Flow('winston', () => fixtures.viaWinston.map([7, 8]));

    const { state, logs } = await withConfig(verbose, () => run(flow));

    assert.deepEqual(state.output, [[], []]);
    for (const [index, x] of [7, 8].entries()) {
      const own = logs.filter(({ mapIndex, logger }) => mapIndex === index && logger === 'mail');
      assert.deepEqual(own.map(firstLine), [
        ['debug', `traced ${x}`],
        ['info', `sent { part: 'pool', to: [ ${x} ] }`],
        ['warn', `slow { password: 'hidden' }`],
        ['error', 'RangeError: no rows'],
        ['error', 'cannot go on: gone'],
      ]);
      assert.match(own[3]!.message, /^RangeError: no rows\n +at .*loggers\.ts/);
      assert.match(own[4]!.message, /\nError: gone\n +at .*loggers\.ts/);
      assert.ok(own.every(({ task, worker }) => task === 'via-winston' && worker));
    }
  });

  rule('parameters can be given to a logger or a schema, whatever it asks of them', async (run) => {
    const flow = new Flow('began', () => {
      new Parameter('day', { default: 'friday' });
      return fixtures.logParameters();
    });

    const { state, logs } = await run(flow);

    assert.equal(state.of('log-parameters').error, undefined);
    assert.equal(state.output, false, 'it is not of that kind');
    const told = `{ day: 'friday' }`;
    assert.deepEqual(writtenByTasks(logs).map(firstLine), [['info', told], ['info', `began ${told}`], ['info', told]]); // prettier-ignore
  });

  rule('a namespace of debug is on in the runs that want it, and off elsewhere [S24] [S15]', async (run) => {
    const flow = new Flow('debug', () => fixtures.viaDebug.map([7, 8]));

    const { state, logs } = await run(flow);

    assert.deepEqual(state.output, [['true'], ['true']]);
    const own = writtenByTasks(logs);
    const told = own.map(({ level, logger, mapIndex, message }) => `${mapIndex} ${level} ${logger}: ${message}`);
    assert.deepEqual(told.toSorted(), [
      `0 info cache:redis: hit 7 { key: 'a' }`,
      `1 info cache:redis: hit 8 { key: 'a' }`,
    ]);
  });

  rule('any other logger is connected by a function, under a name of its own [S24]', async (run) => {
    const { logs } = await run(new Flow('other', () => fixtures.viaOther(2)));

    const own = writtenByTasks(logs);
    assert.deepEqual(
      own.map(({ level, logger, message }) => [level, logger, message]),
      [['error', 'queue', 'lost 2 { of: 3 }']],
    );
  });

  rule('loggers that the configuration names are heard by the runs that it holds for [S24] [F314]', async (run) => {
    const flow = new Flow('named', () => fixtures.viaNames());
    const extraLoggers = ['sql', 'smtp', 'imap', 'http:*', 'nobody'];

    const heard = await withConfig({ logging: { extraLoggers } }, () => run(flow));
    const unheard = await run(flow);

    const lines = (logs: readonly LogRecord[]) => writtenByTasks(logs).map(({ logger, message }) => [logger, message]);
    assert.deepEqual(lines(heard.logs), [
      ['sql', 'one'],
      ['smtp', 'three'],
      ['imap', 'four'],
      ['http:client', 'five'],
    ]);
    assert.deepEqual(heard.state.output, { elsewhere: 1, debugIsOn: true });
    assert.match(heard.logs.at(-2)!.message, /^no line came from 'nobody', which logging\.extraLoggers names\./);
    assert.deepEqual(lines(unheard.logs), []);
    assert.deepEqual(unheard.state.output, { elsewhere: 4, debugIsOn: false });
  });

  rule('a logger that echoes writes where it wrote before, too [S24]', async (run) => {
    const { state, logs } = await run(new Flow('echo', () => fixtures.viaEcho()));

    assert.deepEqual(state.output.toSorted(), ['here and there', 'there and here']);
    const own = writtenByTasks(logs);
    assert.deepEqual(
      own.map(({ logger, message }) => [logger, message]),
      [
        ['audit', 'here and there'],
        ['bookkeeper', 'there and here'],
      ],
    );
  });

  rule('a secret in a line of another logger is masked [S24] [S18]', async (run) => {
    const flow = new Flow('discreet', () => fixtures.tellSecretViaPino());

    const { logs } = await run(flow, { secrets: { DOOR: 'sesame-open' } });

    assert.equal(logs.find(({ logger }) => logger === 'db')?.message, `opens { door: '***' }`);
  });

  rule('what a task prints is in its log, line by line, if it says so [S15] [F313]', async (run) => {
    const { logs } = await run(new Flow('printing', () => fixtures.print()));

    const own = writtenByTasks(logs).map(({ level, message }) => [level, message]);
    assert.deepEqual(own, [
      ['info', 'one'],
      ['info', 'two in pieces'],
      ['info', '30 %'],
      ['warn', 'astray'],
      ['info', 'console too'],
      ['info', 'without end{ a: 1 }'],
    ]);
  });

  rule('who hears the log of a task is not that task: what it prints in turn is not in the log', async (run) => {
    const heard: string[] = [];
    const onLog = ({ message }: LogRecord) => {
      assert.throws(() => context.flowName, { code: 'OUTSIDE_TASK_RUN' });
      if (['now', 'handled'].includes(message)) heard.push(message);
    };
    const stateHandlers = [() => context.logger.info('handled')];

    await run(new Flow('printing', { stateHandlers }, () => fixtures.printAndWait()), { onLog });

    assert.deepEqual(heard, ['handled', 'now', 'handled']);
  });

  rule('what a task printed last is in its log when it fails, without a new line at its end', async (run) => {
    const { logs } = await run(new Flow('printing', () => fixtures.printAndFail()));

    const [first] = writtenByTasks(logs);
    assert.equal(first?.message, 'before the end');
  });
}

function firstLine({ level, message }: LogRecord): [string, string] {
  return [level, message.split('\n')[0]!];
}
