import assert from 'node:assert/strict';
import { join } from 'node:path';
import { Flow, ifElse, LocalResult, Parameter, serializers, triggers, unmapped } from 'heddle';
import { countOf, linesOf, newDiary } from '../../fixtures/diary.ts';
import { livesOf } from '../../fixtures/log-lines.ts';
import { newRoom } from '../../fixtures/room.ts';
import { NotedResult, shouting } from '../../fixtures/stored-kinds.ts';
import * as stored from '../../fixtures/stored.ts';
import { check, echo, inc } from '../../fixtures/tasks.ts';
import type { Rule } from '../contract.ts';

const { rejected, square, squareAtFunction, takeAll, takeLast, tellSecret, upToThree, variously } = stored;

export function resultRules(rule: Rule): void {
  targetRules(rule);
  checkpointRules(rule);
}

function targetRules(rule: Rule): void {
  rule('a target that is there stands for the run [P267]', async (run) => {
    using room = newRoom();
    using diary = newDiary();
    const kept = square.with({ target: '{taskName}.json', result: room.json });
    const flow = new Flow('kept', () => inc(kept(3, diary.path)));

    const runs = [await run(flow), await run(flow)];

    assert.deepEqual(
      runs.map(({ state }) => [state.of('square').type, state.output]),
      [
        ['Success', 10],
        ['Cached', 10],
      ],
    );
    assert.equal(runs[1]!.state.of('square').message, "Result found at 'square.json'.");
    assert.equal(room.text('square.json'), '9\n');
    assert.deepEqual(linesOf(diary.path), ['square 3']);
  });

  rule('each child of a mapped task has a target of its own', async (run) => {
    using room = newRoom();
    using diary = newDiary();
    const kept = square.with({ target: '{parameters.day}/{inputs.0}.json', result: room.json });
    const flow = new Flow('children', () => {
      new Parameter<string>('day');
      return kept.map(new Parameter<number[]>('xs'), unmapped(diary.path));
    });

    const first = await run(flow, { parameters: { xs: [1, 2], day: 'mon' } });
    const { state, logs } = await run(flow, { parameters: { xs: [2, 3, 1], day: 'mon' } });

    assert.deepEqual(state.output, [4, 9, 1]);
    assert.deepEqual(
      state.of('square').children.map(({ type }) => type),
      ['Cached', 'Success', 'Cached'],
    );
    assert.deepEqual(livesOf(first.logs, 'square'), ['finished: 2 runs']);
    assert.deepEqual(livesOf(logs, 'square'), ['finished: 3 runs, 2 cached']);
    assert.deepEqual(room.files(), ['mon/1.json', 'mon/2.json', 'mon/3.json']);
    assert.deepEqual(linesOf(diary.path).toSorted(), ['square 1', 'square 2', 'square 3']);
  });

  rule('a function may say where the target is, and what it returns is a template too [P268]', async (run) => {
    using room = newRoom();
    using diary = newDiary();
    const flow = new Flow('computed', { result: room.json }, () => {
      new Parameter('day', { default: 'tue' });
      return squareAtFunction(4, diary.path);
    });

    const types = [(await run(flow)).state, (await run(flow)).state].map((state) => state.of(flow.plan).type);

    assert.deepEqual(types, ['Success', 'Cached']);
    assert.deepEqual(room.files(), ['square-at-function/4/tue.json']);
  });

  rule('a target is where the function was called for, whatever it did to its inputs', async (run) => {
    using room = newRoom();
    const kept = takeLast.with({ target: '{inputs.0.parts.length}.json', result: room.json });

    const looping = takeAll.with({ target: 'loop-{inputs.0.parts.length}.json', result: room.json });

    const { state } = await run(new Flow('changing', () => [kept({ parts: [7, 8] }), looping({ parts: [7, 8] })]));

    assert.deepEqual(state.output, [8, 7]);
    assert.deepEqual(room.files(), ['2.json', 'loop-2.json', 'loop-2.json.loop-1']);
  });

  rule('the trigger is asked even if the target is there', async (run) => {
    using room = newRoom();
    using diary = newDiary();
    room.write('square.json', '9\n');
    const kept = square.with({ target: 'square.json', result: room.json });
    const failing = new Flow('failing', () => kept.with({ upstreamTasks: [check(1, [1])] })(3, diary.path));
    const always = new Flow('always', () => {
      return kept.with({ upstreamTasks: [check(1, [1])], trigger: triggers.allFinished })(3, diary.path);
    });

    assert.equal((await run(failing)).state.of('square').type, 'TriggerFailed');
    assert.equal((await run(always)).state.of('square').type, 'Cached');
  });

  rule('a target is read, but never written, without checkpoint', async (run) => {
    using room = newRoom();
    using diary = newDiary();
    const kept = square.with({ target: 'square.json', result: room.json, checkpoint: false });
    const flow = new Flow('reading', () => kept(3, diary.path));

    const first = await run(flow);
    assert.deepEqual([first.state.output, room.files()], [9, []]);
    room.write('square.json', '10\n');

    assert.equal((await run(flow)).state.output, 10);
  });

  rule('a target that cannot be read fails the run, and is left as it is', async (run) => {
    using room = newRoom();
    using diary = newDiary();
    room.write('square.json', 'no json');
    const kept = square.with({ target: 'square.json', result: room.json, retries: 2 });

    const { state } = await run(new Flow('damaged', () => kept(3, diary.path)));

    const { type, message, error } = state.of('square');
    assert.deepEqual([type, (error as { code?: unknown }).code], ['Failed', 'RESULT_UNREADABLE']);
    assert.match(message, /^Whether there is a result already could not be told\. .*Remove the file/);
    assert.deepEqual([linesOf(diary.path), room.text('square.json')], [[], 'no json']);
  });

  rule('what a state handler rejects is no reason not to try again', async (run) => {
    using room = newRoom();
    const kept = rejected.with({ target: 'accepted.json', result: room.json });

    const { state } = await run(new Flow('rejecting', () => kept()));

    assert.deepEqual([state.of('rejected').type, state.output], ['Success', 2]);
    assert.equal(room.text('accepted.json'), '2\n');
  });
}

function checkpointRules(rule: Rule): void {
  rule("a flow's result stores what its tasks return, each run and child at a place of its own", async (run) => {
    using room = newRoom();
    const flow = new Flow('stored', { result: room.json }, () => [inc(0), inc(1), inc.map([5, 6])]);

    const { state } = await run(flow);

    assert.deepEqual(state.of('inc').type, 'Success');
    const folder = `checkpoints/${state.flowRunId}`;
    assert.deepEqual(room.files(), [`${folder}/inc`, `${folder}/inc-2`, `${folder}/inc-3/0`, `${folder}/inc-3/1`]);
    assert.equal(room.text(`${folder}/inc-3/1`), '7\n');
  });

  rule("a task's own result comes before that of its flow, and a branch stores nothing of its own", async (run) => {
    using own = newRoom();
    using room = newRoom();
    const flow = new Flow('branching', { result: room.json }, () => {
      return ifElse(
        inc(0),
        () => inc.with({ result: own.json })(1),
        () => inc.with({ checkpoint: false })(2),
      );
    });

    const { state } = await run(flow);

    const folder = `checkpoints/${state.flowRunId}`;
    assert.deepEqual([state.output, room.files(), own.files()], [2, [`${folder}/inc`], [`${folder}/inc-2`]]);
  });

  rule('failures, skips and nothing at all are never stored [P265]', async (run) => {
    using room = newRoom();
    const kept = variously.with({ target: '{mapIndex}.json', result: room.json });

    const { state } = await run(new Flow('various', () => kept.map([0, 1, 2, 3, 4])));

    assert.deepEqual(
      state.of('variously').children.map(({ type }) => type),
      ['Failed', 'Skipped', 'Success', 'Success', 'Success'],
    );
    assert.deepEqual(room.files(), ['4.json']);
  });

  rule('a result that cannot be stored fails the run, which is tried again like any other [P263]', async (run) => {
    using room = newRoom();
    using diary = newDiary();
    room.write('file', 'where a folder should be');
    const result = new LocalResult({ directory: join(room.path, 'file') });

    const { state } = await run(new Flow('unwritable', () => square.with({ result, retries: 2 })(3, diary.path)));
    const { type, message, error } = state.of('square');
    const unstored = await run(new Flow('unstored', () => square.with({ result, checkpoint: false })(3, diary.path)));

    assert.deepEqual([type, (error as { code?: unknown }).code], ['Failed', 'RESULT_UNWRITABLE']);
    assert.match(message, /^The result could not be stored\. HeddleError: the result 'checkpoints\//);
    assert.equal(countOf(diary.path, 'square 3'), 4);
    assert.deepEqual([unstored.state.of('square').type, unstored.state.output], ['Success', 9]);
  });

  rule('each iteration of a loop is stored [P163]', async (run) => {
    using room = newRoom();

    const { state } = await run(new Flow('looping', { result: room.json }, () => upToThree()));
    const targeted = await run(
      new Flow('to-target', () => upToThree.with({ target: 'end.json', result: room.json })()),
    );

    assert.deepEqual([state.output, targeted.state.output], [3, 3]);
    const place = `checkpoints/${state.flowRunId}/up-to-three`;
    const files = [place, `${place}.loop-1`, `${place}.loop-2`, 'end.json', 'end.json.loop-1', 'end.json.loop-2'];
    assert.deepEqual(room.files(), files);
    assert.deepEqual(
      files.map((file) => room.text(file)),
      ['3\n', '1\n', '2\n', '3\n', '1\n', '2\n'],
    );
  });

  rule('a secret is not stored, and the run fails instead', async (run) => {
    using room = newRoom();
    const flow = new Flow('secret', { result: room.json }, () => tellSecret());
    const asName = new Flow('secret-name', () => {
      new Parameter('token');
      return inc.with({ target: '{parameters.token}', result: room.json })(1);
    });
    const secrets = { TOKEN: 'tkn-5GmR3bQzw1', OTHER: 'kls-99Sfs2qp' };

    const { state } = await run(flow, { secrets });
    const named = await run(asName, { secrets, parameters: { token: secrets.TOKEN } });
    const unstored = await run(new Flow('unstored', () => tellSecret.with({ checkpoint: false })()), { secrets });
    const cacheIt = tellSecret.with({ cacheFor: '1h', result: room.json });
    const cached = await run(new Flow('cached', () => cacheIt()), { secrets });
    const told = await run(new Flow('told', { result: room.json }, () => echo('psst-' + secrets.OTHER)), { secrets });

    assert.match(told.state.of('echo').message, /a secret shows in result,/);
    assert.deepEqual((state.of('tell-secret').error as { code?: unknown }).code, 'SECRET_IN_RESULT');
    assert.match(
      state.of('tell-secret').message,
      /a secret shows in result\.headers\[0\], and secrets are never stored/,
    );
    assert.match(named.state.of('inc').message, /a secret shows in the location of its result/);
    assert.match(cached.state.of('tell-secret').message, /leave it out of there, or do without cacheFor\.$/i);
    assert.deepEqual(room.files(), []);
    assert.equal(unstored.state.of('tell-secret').type, 'Success');
  });

  rule('the time limit of a task is that of its function: storage may take longer', async (run) => {
    using room = newRoom();
    using diary = newDiary();
    const result = new NotedResult({ directory: room.path, delayMs: 600 });

    const { state } = await run(new Flow('slow', () => square.with({ result, timeout: 300 })(3, diary.path)));

    assert.deepEqual([state.of('square').type, state.output], ['Success', 9]);
    assert.deepEqual(linesOf(diary.path), ['square 3']);
  });

  rule("kinds and serializers of one's own are found, also by workers that know only the task", async (run) => {
    using room = newRoom();
    const result = new NotedResult({
      directory: room.path,
      serializer: serializers.compressed(shouting, { format: 'gzip' }),
    });

    const { state } = await run(new Flow('own', () => inc.with({ result, target: 'x-{inputs.0}' })(2)));
    const again = await run(new Flow('own', () => inc.with({ result, target: 'x-{inputs.0}' })(2)));

    assert.deepEqual([state.output, again.state.output, again.state.of('inc').type], [3, 3, 'Cached']);
    assert.equal(room.text('written.txt'), 'x-2\n');
  });
}
