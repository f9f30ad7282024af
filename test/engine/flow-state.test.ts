import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { inspect } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { FlowState } from '../../src/engine/flow-run/flow-state.ts';
import { NodeRun } from '../../src/engine/flow-run/node-run.ts';
import { Graph } from '../../src/flow/graph.ts';
import type { Node } from '../../src/flow/node.ts';
import { Flow, signals, task, unmapped } from './house.ts';
import { block, quietly } from './fixtures.ts';

const plusOne = task('plus one', (value: number) => value + 1);
const fussy = task('fussy', (value: number) => {
  if (value % 2 === 1) throw new RangeError(`${value} is odd`);
  return value;
});
const lazy = task('lazy', (): number => {
  throw new signals.SKIP('nothing to do');
});

test('options that a picture of a flow does not have are refused', async () => {
  const flow = new Flow('f', () => plusOne(1));

  await assert.rejects(flow.visualize({ horizontl: true } as object), {
    code: 'UNKNOWN_OPTION',
    message: `f.visualize() has no option 'horizontl'. Did you mean 'horizontal'?`,
  });
});

test('a state that is kept keeps nothing of what the run was given: a service may keep thousands', async () => {
  const flow = new Flow('kept', () => plusOne.map([1, 2]));
  const given: Record<string, object> = {};
  const { state, log } = await (async () => {
    const [lines, { signal }]: [string[], AbortController] = [[], new AbortController()];
    Object.assign(given, { lines, signal });
    const ended = await flow.run({ signal, onLog: ({ message }) => lines.push(message) });
    return { state: ended, log: lines.join('\n') };
  })();

  assert.match(log, /flow run 'run-.*' started/);
  assert.deepEqual(await stillThere(given), []);
  assert.deepEqual(state.output, [2, 3]);
});

test('the output has the shape of what the builder returned', async () => {
  const shared = { version: 1 };
  const state = await run(() => ({
    one: plusOne(1),
    many: plusOne.map([1, 2]),
    nested: { list: [plusOne(5), 'text', null] },
    shared,
    date: new Date(0),
  }));

  const { output } = state;
  assert.equal(output.one, 2);
  assert.deepEqual(output.many, [2, 3]);
  assert.deepEqual(output.nested.list, [6, 'text', null]);
  assert.deepEqual(Object.keys(output), ['one', 'many', 'nested', 'shared', 'date']);
  assert.deepEqual(output.shared, { version: 1 });
  assert.deepEqual(output.date, new Date(0));
});

test('the result of a flow run is its output if it succeeded, and nothing if it did not', async () => {
  const done = await run(() => ({ one: plusOne(1) }));
  const failed = await run(() => ({ one: fussy(1) }));

  assert.equal(done.result, done.output);
  assert.equal(failed.result, undefined);
});

test('a node is refused in a part of the output that is neither array nor plain object', () => {
  class Counts {
    readonly one = plusOne(1);
  }
  const builders: [builder: () => unknown, told: string][] = [
    [
      () => ({ counts: new Map([['a', plusOne(1)]]) }),
      `the output .counts of flow 'f' holds a node at .get("a"), in a Map`,
    ],
    [() => new Set([plusOne(1)]), `the output of flow 'f' holds a node at .item(0), in a Set`],
    [() => [new Counts()], `the output [0] of flow 'f' holds a node at .one, in a Counts`],
    [() => unmapped(plusOne(1)), `the output of flow 'f' holds a node at .value, in an Unmapped`],
  ];

  for (const [builder, told] of builders) {
    const message = `${told}, where its value cannot be put. Return it in a plain array or object, or as it is.`;
    assert.throws(() => new Flow('f', builder), { code: 'NODE_INSIDE_VALUE', message });
  }
});

test('a builder that is a generator function is refused, and an iterator in what it returns', () => {
  const flow = (builder: () => unknown) => () => new Flow('f', builder);
  const told = (what: string) =>
    `${what} of flow 'f' is an iterator, and nobody asks it for its values: what would make them, as the body of a ` +
    `function*, never runs. Build the flow in a plain function, and return lists: [...it].`;

  function* nodes() {
    yield plusOne(1);
  }
  async function* later() {
    yield plusOne(1);
  }
  assert.throws(flow(nodes), { name: 'TypeError', code: 'INVALID_FLOW', flow: 'f', message: told('the output') });
  assert.throws(flow(later), { code: 'INVALID_FLOW', message: told('the output') });
  const inner = () => ({ sums: [[1, 2].values().map((n) => plusOne(n))] });
  assert.throws(flow(inner), { code: 'INVALID_FLOW', message: told('the output .sums[0]') });
});

test('what a builder returned may be long', async () => {
  const long = Array.from({ length: 200_000 }, (_, index) => index);

  const { output } = await run(() => ({ long, one: plusOne(1) }));

  assert.deepEqual([output.one, output.long.length], [2, 200_000]);
});

test('what a builder returned may hold itself, and so does the output then', async () => {
  interface Round {
    readonly one: Node<number>;
    readonly rounds: Round[];
  }
  const { output } = await run(() => {
    const round: Round = { one: plusOne(1), rounds: [] };
    round.rounds.push(round);
    return round;
  });

  assert.equal(output.rounds[0], output);
  assert.equal(inspect(output, { depth: Infinity }), '<ref *1> { one: 2, rounds: [ [Circular *1] ] }');
});

test('an output that holds itself is printed to its end, also when a value in it cannot be read', async () => {
  const { output } = await run(() => {
    const round: Record<string, unknown> = { one: fussy(1) };
    return Object.assign(round, { again: round });
  });

  const printed = inspect(output, { depth: Infinity, breakLength: Infinity });
  assert.match(printed, /^<ref \*1> \{ one: <this output is not there[^<]*>, again: \[Circular \*1\] \}$/);
});

test('of a value that cannot be sent, the last message says where in it is what', async () => {
  const leaky = task('leaky', (value: number) => ({ rows: [{ owner: value === 2 ? () => 1 : 2 }] }));

  const { message } = await run(() => leaky.map([1, 2]));

  const what = 'NotSerializableError: result.rows[0].owner is a function (test/engine/flow-state.test.ts:';
  assert.ok(message.startsWith(`Some reference tasks failed: leaky: 1 of 2, first index 1: ${what}`), message);
  assert.match(message, /:\d+\), which cannot be sent$/);
});

test('a builder that returned one node has its value as output; one that returned nothing has none', async () => {
  assert.equal((await run(() => plusOne(1))).output, 2);
  assert.equal((await run(() => void plusOne(1))).output, undefined);
});

test('a part of the output is decoded when it is read, and once', () => {
  const { state, open } = stateOfBlocks(['a', 'b']);
  const { output } = state;
  assert.equal(open(), 0);

  const first = output.a;

  assert.deepEqual(first, ['a']);
  assert.equal(output.a, first);
  assert.equal(open(), 1);
});

test('the output is the same at each reading, with what was done to it', async () => {
  const state = await run(() => ({ many: plusOne.map([1, 2]), one: plusOne(1) }));

  state.output.many.reverse();

  assert.equal(state.output, state.output);
  assert.deepEqual(state.output, { many: [3, 2], one: 2 });
});

test('a part that failed throws when it is read, and keeps nobody from reading the others', async () => {
  const state = await run(() => ({ good: plusOne(1), bad: fussy(3) }));

  assert.equal(state.isFailed(), true);
  assert.equal(state.output.good, 2);
  assert.throws(() => state.output.bad, {
    name: 'HeddleError',
    code: 'OUTPUT_UNAVAILABLE',
    task: 'fussy',
    cause: new RangeError('3 is odd'),
    message:
      "this output is not there, since 'fussy' did not succeed: RangeError: 3 is odd. Look at state.of('fussy').",
  });
});

test('a mapped part of which some failed says how many, and the first of them', async () => {
  const state = await run(() => fussy.map([2, 3, 4, 5]));

  assert.throws(() => state.output, {
    code: 'OUTPUT_UNAVAILABLE',
    cause: new RangeError('3 is odd'),
    message:
      "this output is not there, since 2 of 4 runs of 'fussy' did not succeed: RangeError: 3 is odd. " +
      "state.of('fussy').result has what its runs returned, and undefined for each that did not succeed.",
  });
  assert.deepEqual(state.of('fussy').result, [2, undefined, 4, undefined]);
});

test('what was skipped has no value, which is no failure', async () => {
  const state = await run(() => ({ lazy: lazy(), after: plusOne(lazy()) }));

  assert.equal(state.isSuccessful(), true);
  assert.deepEqual([state.output.lazy, state.output.after], [undefined, undefined]);
});

test('the state of a node is found by the node and by its slug', async () => {
  const flow = new Flow('f', () => ({ one: plusOne(1), two: plusOne(2), many: fussy.map([1, 2]) }));
  const state = await flow.run(quietly);

  assert.equal(state.of(flow.plan.two), state.of('plus one-2'));
  assert.equal(state.of(flow.plan.two).result, 3);
  assert.deepEqual(
    state.of('fussy').children.map((child) => String(child)),
    ['Failed: RangeError: 1 is odd', 'Success: Task run succeeded.'],
  );
});

test('a slug that the flow does not have is refused, with the one that was meant and all there are', async () => {
  const state = await run(() => [plusOne(1), fussy(2)]);

  assert.throws(() => state.of('fusy'), {
    name: 'TypeError',
    code: 'UNKNOWN_TASK',
    flow: 'f',
    task: 'fusy',
    message: `flow 'f' has no task 'fusy'. Did you mean 'fussy'? It has: plus one, fussy.`,
  });
});

test('of a flow of many tasks, only the first twenty are named', async () => {
  const state = await run(() => Array.from({ length: 30 }, () => plusOne(1)));

  assert.throws(() => state.of('none'), {
    message: /no task 'none'\. It has: plus one, .*, plus one-20 and 10 more\.$/,
  });
});

test('a run that pauses names the first twenty of the tasks that wait', async () => {
  const asks = task('asks', () => {
    throw new signals.PAUSE('look at it');
  });
  const waits = task('waits', (before: unknown) => before);
  const flow = new Flow('waiting', () => {
    const first = asks();
    return Array.from({ length: 30 }, () => waits(first));
  });

  const state = await flow.run({ onLog: () => {} });

  assert.match(
    state.message,
    /^Not finished: asks, waits, .*, waits-19 and 11 more\. To let it go on, .*\['asks'\]\.$/,
  );
});

test('a node of another flow is refused', async () => {
  const state = await run(() => plusOne(1));
  const foreign = new Flow('g', () => fussy(1)).plan;

  assert.throws(() => state.of(foreign), { code: 'UNKNOWN_TASK', task: 'fussy' });
  assert.throws(() => state.of(plusOne as unknown as Node), {
    code: 'UNKNOWN_TASK',
    task: 'plus one',
    message:
      `'plus one' is a task, of which a flow may have several nodes: give state.of() the node that its call gave, or ` +
      `the slug. Flow 'f' has: plus one.`,
  });
});

test('a flow state is frozen, with its statistics', async () => {
  const state = await run(() => plusOne.map([1, 2, 3]));

  assert.ok(Object.isFrozen(state) && Object.isFrozen(state.statistics));
  assert.equal(state.statistics.taskRuns, 3);
  assert.ok(state.statistics.durationMs > 0);
});

test('where a failure began is told in a sentence of its own', async () => {
  const state = await run(() => [plusOne.map(fussy.map([1, 2, 3])), fussy(5)]);

  assert.match(state.message, /RangeError: 5 is odd\nIt began with fussy\[0\]: RangeError: 1 is odd$/);
});

test('where a failure began is told with what it was caused by', async () => {
  const load = task('load', (words: string) => {
    throw new TypeError(words, { cause: new Error('other side closed') });
  });
  const told = async (words: string) => (await run(() => plusOne(load(words)))).message;

  assert.match(await told('fetch failed'), /It began with load: TypeError: fetch failed; cause: other side closed$/);
  assert.match(await told('It failed.'), /It began with load: TypeError: It failed\. Cause: other side closed$/);
});

test('the error of a failed run names what failed, and its cause is where it began', async () => {
  const state = await run(() => plusOne.map(fussy.map([1, 2, 3])));

  const trigger = `Trigger was "allSuccessful" but some of the upstream tasks failed.`;
  assert.equal(
    state.message,
    `Some reference tasks failed: plus one: 2 of 3, first index 0: ${trigger} It began with fussy[0]: RangeError: 1 is odd`,
  );
  const error = state.error as Error & { code: string; flow: string };
  assert.deepEqual(
    [error.code, error.flow, error.message, String(error.cause)],
    ['FLOW_RUN_FAILED', 'f', state.message, 'RangeError: 1 is odd'],
  );
});

test('no line of the log, nor the state of the run, has the whole of a very long error', async () => {
  const wordy = task('wordy', { retries: 1, retryDelay: 0 }, (): number => {
    throw new Error(`bad response: ${'7 '.repeat(250_000)}`);
  });
  const lines: string[] = [];
  const flow = new Flow('f', () => wordy());

  const state = await flow.run({ onLog: ({ message }) => lines.push(message) });

  const cut =
    /^Some reference tasks failed: wordy: Error: bad response: 7 7 .* \[and 4990\d\d more characters, .* has\] /;
  assert.match(state.message, cut);
  assert.ok(state.message.length < 1_200, `the state has ${state.message.length} characters`);
  const longest = Math.max(...lines.map((line) => line.length));
  assert.ok(longest > 8_000 && longest < 8_200, `the longest line has ${longest} characters`);
  assert.equal(lines.filter((line) => line.includes('(retry 1 of 1 in 0 ms)')).length, 1);
  assert.throws(
    () => state.output,
    (error: Error) => error.message.length < 8_300,
  );
  assert.equal(state.of(flow.referenceTasks[0]!).message.length, 500_021);
});

test('each of several tasks that failed is told in a line of its own, in brief', async () => {
  const long = task('long', () => {
    throw new Error(`no ${'rows '.repeat(100)}`);
  });
  const two = await run(() => [fussy(1), plusOne(1), long()]);
  const many = await run(() => Array.from({ length: 12 }, () => fussy(3)));

  const rows = `long: Error: no ${'rows '.repeat(100)}`;
  assert.equal(two.message, `Some reference tasks failed:\n  fussy: RangeError: 1 is odd\n  ${rows.slice(0, 149)}…`);
  const lines = many.message.split('\n');
  assert.deepEqual([lines.length, ...lines.slice(10)], [12, '  fussy-10: RangeError: 3 is odd', '  and 2 more']);
});

function run<Plan>(builder: () => Plan): Promise<FlowState<Plan>> {
  return new Flow('f', builder).run(quietly);
}

/** A state of two mapped nodes, and how many of their blocks were opened so far. */
function stateOfBlocks(values: readonly string[]) {
  let opened = 0;
  const graph = new Graph('f');
  const plan = graph.build(() => ({ a: plusOne.map([1]), b: plusOne.map([1]) }));
  const runs = new Map<Node, NodeRun>();
  for (const [index, node] of graph.nodes.entries()) {
    const run = new NodeRun(node);
    run.submittedAs(index, { length: 1, isList: true });
    const { bytes, ...place } = block(0, [values[index]]);
    // Whoever opens a block reads more of it than its first byte.
    const subarray = bytes.subarray.bind(bytes);
    bytes.subarray = (...args) => {
      opened += 1;
      return subarray(...args);
    };
    run.settled({ ...place, bytes });
    runs.set(node, run);
  }
  const statistics = {
    startedAt: 0,
    durationMs: 1,
    taskRuns: 2,
    keptTaskRuns: 0,
    retriedTaskRuns: 0,
    workers: 1,
    threads: 1,
  };
  const outcome = { graph, plan, runs, flowRunId: 'a1', log: { flowRunName: 'run-a1' }, statistics };
  return { state: new FlowState('Success', '', { outcome }), open: () => opened };
}

/** The names of those parts that are there when nobody else has them. */
async function stillThere(parts: Record<string, object>): Promise<string[]> {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const seen = Object.entries(parts).map(([name, part]) => [name, new WeakRef(part)] as const);
  for (const name of Object.keys(parts)) delete parts[name];
  await turn();
  collectGarbage();
  return seen.filter(([, part]) => part.deref() !== undefined).map(([name]) => name);
}
