// Random flows end as the documents say, on every executor: the same states, the same results, the same calls.
//
// A failure tells the smallest flow that was found, what was found and what was wanted, and the command that runs just
// that flow again. To run more flows (so many times the usual number; other ones each time):
//     RANDOM_FLOWS=50 node --test test/properties/random-flows.test.ts

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect, isDeepStrictEqual } from 'node:util';
import fc, { type RunDetails } from 'fast-check';
import type { Executor, FlowState, State } from 'heddle';
import { DistributedExecutor, LocalCluster, LocalExecutor, WebSocketCluster } from 'heddle/executors';
import { joinedWorker } from '../executors/worker-process.ts';
import { build, type Built } from './build.ts';
import { description, type Description } from './description.ts';
import { interpret, type Expectation, type Outcome } from './interpreter.ts';
import { programOf } from './program.ts';
import { tell } from './tell.ts';

const file = 'test/properties/random-flows.test.ts';
const { RANDOM_FLOWS = '1', RANDOM_FLOWS_SEED, RANDOM_FLOWS_PATH } = process.env;

test('random flows end on this thread as the documents say', async () => {
  await check(new LocalExecutor(), 400);
});

test('random flows end on threads as the documents say', async () => {
  await using cluster = new LocalCluster({ workers: 2 });
  await cluster.start();

  await check(new DistributedExecutor(() => cluster), 200);
});

test('random flows end on WebSocket workers as the documents say', async () => {
  const token = 'random-flows';
  await using cluster = new WebSocketCluster({ port: 0, token });
  await cluster.start();
  const url = cluster.url!;
  await using _ada = await joinedWorker({ url, token, name: 'ada' });
  await using _bob = await joinedWorker({ url, token, name: 'bob' });

  await check(new DistributedExecutor(() => cluster), 120);
});

/** A flow that takes so long is stuck. */
const patienceMs = 10_000;
/** To look for a smaller flow that is stuck too takes time, and more than this is nobody willing to wait. */
const limitMs = 60_000;

async function check(executor: Executor, flows: number): Promise<void> {
  const property = fc.asyncProperty(description, (each) => endsAsExpected(executor, each));
  const details = await fc.check(property, {
    numRuns: flows * Number(RANDOM_FLOWS),
    timeout: patienceMs,
    interruptAfterTimeLimit: limitMs * Number(RANDOM_FLOWS),
    ...(RANDOM_FLOWS_SEED !== undefined && { seed: Number(RANDOM_FLOWS_SEED) }),
    ...(RANDOM_FLOWS_PATH !== undefined && { path: RANDOM_FLOWS_PATH }),
  });
  if (details.failed) assert.fail(storyOfFailure(details));
}

function storyOfFailure({
  counterexample,
  errorInstance,
  seed,
  counterexamplePath,
}: RunDetails<[Description]>): string {
  const again = `RANDOM_FLOWS_SEED=${seed} RANDOM_FLOWS_PATH=${counterexamplePath} node --test ${file}`;
  return [
    'this flow does not end as it should:',
    tell(programOf(counterexample![0])),
    errorInstance instanceof assert.AssertionError ? errorInstance.message : inspect(errorInstance),
    `To run it again: ${again}`,
  ].join('\n\n');
}

async function endsAsExpected(executor: Executor, each: Description): Promise<void> {
  const program = programOf(each);
  const built = build(program);
  const calls: string[] = [];

  const state = await built.flow.run({
    executor,
    onLog: ({ message }) => {
      if (message.startsWith('call of')) calls.push(message);
    },
  });

  const found = foundIn(state, built, calls);
  const wanted = expectedOf(interpret(program), built);
  if (!isDeepStrictEqual(found, wanted)) assert.fail(inspect({ found, wanted }, { depth: 9, breakLength: 110 }));
}

/** What is compared. */
interface Story {
  readonly flow: string;
  readonly nodes: Readonly<Record<string, unknown>>;
  readonly calls: readonly string[];
}

function foundIn(state: FlowState, { made }: Built, calls: readonly string[]): Story {
  const nodes = [...made].map(([id, node]) => [`n${id}`, storyOf(state.of(node))]);
  return { flow: state.type, nodes: Object.fromEntries(nodes), calls: calls.toSorted() };
}

function storyOf(state: State): unknown {
  if (state.type === 'Success') return [state.type, state.result];
  return state.type === 'Mapped' ? state.children.map(storyOf) : state.type;
}

function expectedOf({ flow, outcomes, calls }: Expectation, { made }: Built): Story {
  const nodes = [...made.keys()].map((id) => [`n${id}`, expectedStoryOf(outcomes[id]!)]);
  return { flow, nodes: Object.fromEntries(nodes), calls: calls.toSorted() };
}

function expectedStoryOf(outcome: Outcome): unknown {
  if (outcome.type === 'Mapped') return outcome.children.map(expectedStoryOf);
  return outcome.type === 'Success' ? [outcome.type, outcome.value] : outcome.type;
}
