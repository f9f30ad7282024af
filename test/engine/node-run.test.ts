import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { inspect } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { registerType } from 'heddle';
import { NodeRun } from '../../src/engine/flow-run/node-run.ts';
import { encodeOutcomes } from '../../src/engine/outcomes.ts';
import { State } from '../../src/flow/state.ts';
import { attach } from '../../src/lib/attachments.ts';
import { blockHeadBytes } from '../../src/lib/chunk.ts';
import { packed } from '../../src/values/travels.ts';
import { block, failed, nodeOf, runOf, skipped } from './fixtures.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

test('a run that was not submitted yet is pending, and not done', async () => {
  const run = new NodeRun(nodeOf('load'));

  assert.deepEqual([run.state.type, run.isDone, run.length], ['Pending', false, 0]);
  assert.equal(await isSettled(run.done), false);
  assert.equal(await isSettled(run.submitted), false);
});

test('a run that is not mapped is its only task run', async () => {
  const run = runOf('load');
  assert.equal(await run.submitted, 1);

  run.started(1);
  assert.deepEqual([run.runningCount, run.isDone], [1, false]);
  run.settled(block(0, ['rows']));

  await run.done;
  assert.deepEqual([run.runningCount, run.isDone, run.state.type, run.state.result], [0, true, 'Success', 'rows']);
});

test('a mapped run is Mapped once every child is settled, in whatever order they come', async () => {
  const run = runOf('score', { length: 5 });

  run.settled(block(3, ['d', 'e']));
  run.settled(block(0, ['a']));
  assert.deepEqual([run.isDone, run.state.type, run.settledCount], [false, 'Pending', 3]);
  run.settled(block(1, ['b', failed()]));

  await run.done;
  assert.equal(String(run.state), 'Mapped: Mapped over 5 elements.');
  assert.deepEqual(run.state.result, ['a', 'b', undefined, 'd', 'e']);
  assert.deepEqual(
    run.state.children.map((child) => child.type),
    ['Success', 'Success', 'Failed', 'Success', 'Success'],
  );
});

test('the list of results is put together once, however often its elements are read', () => {
  const run = runOf('score', { length: 2 });

  run.settled(block(0, ['a', 'b']));

  assert.equal(run.state.result, run.state.result);
});

test('a mapped run of one child says so', async () => {
  const run = runOf('score', { length: 1 });

  run.settled(block(0, ['a']));

  await run.done;
  assert.equal(run.state.message, 'Mapped over 1 element.');
});

test('a list that the flow returns is read as it comes, and what is more than 16 MB of it when somebody asks', () => {
  const wanted = { keptBytes: Infinity, isReturned: true };
  const run = new NodeRun(nodeOf('load', { isMapped: true }), wanted);
  run.submittedAs(1, { length: 2, isList: true });
  const blocks = [block(0, ['early']), block(1, ['late'])] as const;

  for (const [index, byteLength] of [100, 17 * 2 ** 20].entries()) {
    run.wants(byteLength);
    run.settled(blocks[index]!);
    replaceText(blocks[index]!.bytes, index === 0 ? ['early', 'EARLY'] : ['late', 'LATE']);
  }

  assert.deepEqual(run.state.result, ['early', 'LATE']);
});

test('of a list that the flow returns, what a type of the user’s is to make is made when somebody asks', () => {
  const run = new NodeRun(nodeOf('load', { isMapped: true }), { keptBytes: Infinity, isReturned: true });
  run.submittedAs(1, { length: 1, isList: true });
  made = 0;

  run.settled(block(0, [packed(new Yarn())]));

  assert.equal(made, 0);
  assert.deepEqual([run.state.result, made], [[new Yarn()], 1]);
});

test('failures are not read as they come, in a list that the flow returns either', () => {
  const run = new NodeRun(nodeOf('load', { isMapped: true }), { keptBytes: Infinity, isReturned: true });
  run.submittedAs(1, { length: 1, isList: true });
  const failing = block(0, [failed('Error: early')]);
  run.settled(failing);

  replaceText(failing.bytes, ['early', 'EARLY']);

  assert.equal(run.state.children[0]?.message, 'Error: EARLY');
});

test('what the flow returns and cannot be made again has failed, also when its failures were looked at before', () => {
  const run = new NodeRun(nodeOf('load', { isMapped: true }), { keptBytes: Infinity, isReturned: true });
  run.submittedAs(1, { length: 3, isList: true });
  run.settled(block(0, ['a', failed()]));
  run.settled(block(2, [packed(new Knot())]));

  const before = [...run.failures()].map(({ index }) => index);

  assert.deepEqual([before, run.failUnreadable()], [[1], true]);
  assert.deepEqual([run.failedCount, [...run.failures()].map(({ index }) => index)], [2, [1, 2]]);
});

test('the first failure is found without decoding what comes after it', () => {
  const run = runOf('score', { length: 4 });
  const blocks = [block(2, ['c', failed('Error: late')]), block(0, ['a', failed('Error: early')])] as const;
  for (const each of blocks) run.settled(each);

  const [first] = run.failures();
  for (const { bytes } of blocks) {
    replaceText(bytes, ['early', 'EARLY']);
    replaceText(bytes, ['late', 'LATE']);
  }

  assert.deepEqual([first?.index, first?.state.message], [1, 'Error: early']);
  assert.deepEqual(
    run.state.children.map(({ message }) => message),
    ['Task run succeeded.', 'Error: early', 'Task run succeeded.', 'Error: LATE'],
  );
});

test('memory beside a result is copied as long as others may read it, and is the result’s own after that', () => {
  const [early, late] = [runOf('early'), runOf('late')];
  const given = [early, late].map((run) => {
    const attaching = new Map<number, ArrayBuffer>();
    const bytes = encodeOutcomes([new Uint8Array(100_000).fill(1)], new Map(), { attaching });
    attach(bytes, attaching);
    run.settled({ start: 0, count: 1, bytes });
    return [...attaching.values()][0];
  });

  late.isOver = true;

  const results = [early, late].map((run) => run.state.result as Uint8Array);
  assert.deepEqual(results[0], results[1]);
  assert.deepEqual(results.map(({ buffer }, position) => buffer === given[position]), [false, true]); // prettier-ignore
});

test('of the memory of a value that is not kept, nothing is', async () => {
  const run = new NodeRun(nodeOf('load'), { keptBytes: 0, isReturned: false });
  run.submittedAs(1, { length: 1, isList: false });
  const memory = settle(run);

  await turn();
  collectGarbage();

  assert.equal(memory.deref(), undefined);
  assert.equal(run.state.isSuccessful(), true);

  /** With an outcome as a thread of this process sends it. */
  function settle(node: NodeRun): WeakRef<ArrayBufferLike> {
    const { start, count, bytes } = block(0, ['x'.repeat(100_000)]);
    const sent = Buffer.from(bytes.slice().buffer);
    node.wants(sent.byteLength);
    node.settled({ start, count, bytes: sent });
    return new WeakRef(sent.buffer);
  }
});

test('a map over nothing is done at once, with no children', async () => {
  const run = runOf('score', { length: 0 });

  await run.done;
  assert.deepEqual([run.state.type, run.state.result, run.state.children], ['Mapped', [], []]);
});

test('a mapped node that had nothing to map over is a single run', () => {
  const run = runOf('score', { length: 1, isList: false });

  run.settled(block(0, [failed('not iterable')]));

  assert.deepEqual([run.state.type, run.state.message, run.hasFailed], ['Failed', 'not iterable', true]);
});

test('outcomes are counted as they come', () => {
  const run = runOf('score', { length: 6 });

  run.settled(block(0, [1, failed(), skipped()]));
  run.settled(block(3, [new State('Paused', 'waits'), failed()]));

  const { settledCount, failedCount, skippedCount, unfinishedCount, isUnfinished, hasFailed } = run;
  assert.deepEqual(
    { settledCount, failedCount, skippedCount, unfinishedCount, isUnfinished, hasFailed },
    { settledCount: 5, failedCount: 2, skippedCount: 1, unfinishedCount: 1, isUnfinished: true, hasFailed: true },
  );
});

test('what was started and given out again never counts as more than there is', () => {
  const run = runOf('score', { length: 4 });

  run.started(3);
  assert.equal(run.runningCount, 3);
  run.started(3);
  assert.equal(run.runningCount, 4);
  run.settled(block(0, [1, 2, 3]));

  assert.equal(run.runningCount, 1);
});

test('counting and being done open no block', async () => {
  const run = runOf('score', { length: 2 });
  const { bytes, ...place } = block(0, ['a', failed()]);

  run.settled({ ...place, bytes: bytes.fill(0xff, blockHeadBytes) });

  await run.done;
  assert.deepEqual([run.hasFailed, run.failedCount, run.isDone], [true, 1, true]);
  assert.equal(inspect(run.state), '<Mapped: Mapped over 2 elements.>');
  assert.match(
    run.children[0]!.message,
    /^HeddleError: what task 'score' \[one of the map indices 0 to 1\] returned cannot be read where the flow was started: .* of the same version of Heddle\?$/,
  );
});

test('children are decoded once', () => {
  const run = runOf('score', { length: 2 });
  run.settled(block(0, [{ a: 1 }, { b: 2 }]));

  assert.equal(run.children, run.children);
  assert.equal(run.children[0]!.result, run.state.children[0]!.result);
});

test('what is abandoned ends like the rest of its flow; what was settled keeps its outcome', async () => {
  const run = runOf('score', { length: 3 });
  run.settled(block(1, ['b']));

  run.abandon(new State('Cancelled', 'The flow run was cancelled.'));

  await run.done;
  assert.deepEqual([run.state.type, run.cancelledBy?.type, run.hasFailed], ['Cancelled', 'Cancelled', false]);
  assert.deepEqual(
    run.children.map((child) => child.type),
    ['Cancelled', 'Success', 'Cancelled'],
  );
  assert.deepEqual(run.state.children, run.children);
});

test('a single run that is abandoned ends so, submitted or not', async () => {
  const end = new State('Failed', 'the scheduler was lost', { error: new Error('lost') });
  const waiting = new NodeRun(nodeOf('load'));
  const running = runOf('load');

  waiting.abandon(end);
  running.abandon(end);

  for (const run of [waiting, running]) {
    await run.done;
    assert.deepEqual([run.state.type, run.hasFailed, run.cancelledBy], ['Failed', true, undefined]);
  }
  await assert.rejects(waiting.submitted, { message: 'lost' });
  assert.equal(await running.submitted, 1);
});

test('what is done is not abandoned any more', () => {
  const run = runOf('load');
  run.settled(block(0, ['rows']));

  run.abandon(new State('Cancelled', 'too late'));

  assert.equal(run.state.type, 'Success');
});

/** Counts how many of them were made again. */
class Yarn {
  readonly length = 1;
}
let made = 0;
registerType(Yarn, {
  tag: 'yarn',
  encode: () => null,
  decode: () => {
    made += 1;
    return new Yarn();
  },
});

/** Nobody can make one again. */
class Knot {
  readonly isTied = true;
}
registerType(Knot, {
  tag: 'knot',
  encode: () => null,
  decode: () => {
    throw new Error('it cannot be tied again');
  },
});

async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const waiting = Symbol('waiting');
  return (await Promise.race([promise, Promise.resolve(waiting)])) !== waiting;
}

function replaceText(bytes: Uint8Array, [from, to]: readonly [from: string, to: string]): void {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = buffer.indexOf(from);
  if (at !== -1) buffer.write(to, at);
}
