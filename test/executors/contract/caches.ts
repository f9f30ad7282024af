import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheValidators, Flow, LocalResult, Parameter, unmapped, type State } from 'heddle';
import { countOf, linesOf, newDiary } from '../../fixtures/diary.ts';
import { livesOf } from '../../fixtures/log-lines.ts';
import { newRoom } from '../../fixtures/room.ts';
import { byOwnRule, give, nothing, rejected, second, square, watched } from '../../fixtures/stored.ts';
import { check } from '../../fixtures/tasks.ts';
import type { Rule } from '../contract.ts';

export function cacheRules(rule: Rule): void {
  entryRules(rule);
  validatorRules(rule);
  unsaidRules(rule);
}

function entryRules(rule: Rule): void {
  rule('a cached result is used again by later runs, and says until when', async (run) => {
    using room = newRoom();
    using diary = newDiary();
    const flow = new Flow('caching', () => square.with({ cacheFor: '1h', result: room.json })(3, diary.path));
    const before = Date.now();

    const [first, again] = [(await run(flow)).state.of('square'), (await run(flow)).state.of('square')];

    assert.deepEqual([first.type, first.result, again.type, again.result], ['Cached', 9, 'Cached', 9]);
    assert.ok(first.expiresAt! >= before + 3_600_000 && first.expiresAt! <= Date.now() + 3_600_000);
    assert.equal(again.expiresAt, first.expiresAt);
    assert.match(first.message, /^Task run succeeded\. Its result is kept until \d{4}-/);
    assert.match(again.message, /^Result of \d{4}-.* used again; it is kept until \d{4}-/);
    assert.deepEqual(linesOf(diary.path), ['square 3']);
  });

  rule('a cached result that has expired is made again [P275]', async (run) => {
    using room = newRoom();
    using diary = newDiary();
    const flow = new Flow('expiring', () => square.with({ cacheFor: '1h', result: room.json })(3, diary.path));
    await run(flow);
    const [file = ''] = room.files();
    room.write(file, room.text(file).replace(/"expiresAt":\d+/, '"expiresAt":1'));

    await run(flow);

    assert.deepEqual(linesOf(diary.path), ['square 3', 'square 3']);
  });

  rule('a result that is to be cached for ever is, to the last moment that there is', async (run) => {
    using room = newRoom();
    using diary = newDiary();
    const options = { cacheFor: Number.MAX_SAFE_INTEGER, result: room.json };
    const flow = new Flow('for-ever', () => square.with(options)(3, diary.path));

    const [first, again] = [(await run(flow)).state.of('square'), (await run(flow)).state.of('square')];

    assert.deepEqual([first.type, again.type, again.result], ['Cached', 'Cached', 9]);
    assert.match(again.message, /it is kept until \+275760-/);
    assert.deepEqual(linesOf(diary.path), ['square 3']);
  });

  rule('nothing at all can be cached too [P257]', async (run) => {
    using room = newRoom();
    using diary = newDiary();
    const options = { cacheFor: '1h', result: room.json } as const;
    const flow = new Flow('empty', () => [nothing.with(options)(diary.path), give.with(options)(null, diary.path)]);

    await run(flow);
    const { state } = await run(flow);

    assert.deepEqual(state.output, [undefined, null]);
    assert.equal(countOf(diary.path, 'called'), 2);
  });

  rule('a cached result that was damaged is made again, with a word about it [P404]', async (run) => {
    using room = newRoom();
    using diary = newDiary();
    const flow = new Flow('damaged', () => square.with({ cacheFor: '1h', result: room.json })(3, diary.path));
    const { logs } = await run(flow);
    const [file = ''] = room.files();

    room.write(file, '{"cut":');
    const cut = await run(flow);
    room.write(file, '{"not":"ours"}');
    const other = await run(flow);
    rmSync(join(room.path, file));
    const gone = await run(flow);

    const warnings = [logs, cut.logs, other.logs, gone.logs].map((lines) =>
      lines.flatMap(({ level, message }) => (level === 'warn' ? [message] : [])),
    );
    assert.equal(countOf(diary.path, 'square 3'), 4);
    assert.deepEqual([warnings[0], warnings[3]], [[], []]);
    assert.match(warnings[1]!.join(), /^what is cached at 'cache\/.*' cannot be used, so the task runs again: /);
    assert.match(warnings[2]!.join(), /^what is cached at 'cache\/.*' is no cached result, so the task runs again$/);
  });

  rule('failures are not cached, nor is what a state handler rejects', async (run) => {
    using room = newRoom();
    const options = { cacheFor: '1h', result: room.json } as const;

    await run(new Flow('failing', () => check.with(options)(1, [1])));
    await run(new Flow('rejecting', () => rejected.with({ ...options, retries: 0 })()));

    assert.deepEqual(room.files(), []);
  });

  rule('state handlers see what is cached, and what was', async (run) => {
    using room = newRoom();
    const flow = new Flow('watching', () => watched.with({ cacheFor: '1h', result: room.json })(1));

    const messages = [(await run(flow)).state, (await run(flow)).state].map((state) => state.of('watched').message);

    assert.deepEqual(messages, ['Pending to Running, Running to Success, Success to Cached', 'Pending to Cached']);
  });

  rule('tasks and flows with the same key share their cached results, others do not', async (run) => {
    using room = newRoom();
    using diary = newDiary();
    const options = { cacheFor: '1h', cacheKey: 'mine', result: room.json } as const;
    const { cacheKey: _, ...alone } = options;

    await run(new Flow('one', () => give.with(options)('first', diary.path)));
    const shared = await run(new Flow('two', () => give.with({ ...options, name: 'other' })('second', diary.path)));
    const own = await run(new Flow('two', () => give.with(alone)('third', diary.path)));
    const elsewhere = await run(new Flow('three', () => give.with(alone)('fourth', diary.path)));

    const outputs = [shared, own, elsewhere].map(({ state }) => state.output);
    assert.deepEqual(outputs, ['first', 'third', 'fourth']);
  });
}

function validatorRules(rule: Rule): void {
  rule('a cache may look at some of the inputs alone [P254]', async (run) => {
    using room = newRoom();
    using diary = newDiary();
    const cacheValidator = cacheValidators.partialInputsOnly(['0']);
    const kept = second.with({ cacheFor: '1h', cacheValidator, result: room.json });
    const flow = new Flow('partial', () => kept(new Parameter<number>('x'), new Parameter<number>('y'), diary.path));

    const outputs = [];
    for (const [x, y] of [
      [2, 1],
      [2, 2],
      [3, 3],
    ] as const) {
      outputs.push((await run(flow, { parameters: { x, y } })).state.output);
    }

    assert.deepEqual(outputs, [1, 1, 3]);
  });

  rule('a cache by a part that an input lacks fails the run, but a part may be undefined', async (run) => {
    using room = newRoom();
    using diary = newDiary();
    const runBy = async (part: string) => {
      const cacheValidator = cacheValidators.partialInputsOnly([part]);
      const result = new LocalResult({ directory: room.path });
      const kept = give.with({ cacheFor: '1h', cacheValidator, result });
      const flow = new Flow('parts', () => kept.map([{ html: 'a' }, { html: undefined }], unmapped(diary.path)));
      return (await run(flow)).state.of('give').children;
    };

    const [misspelt, odd, right] = [await runBy('0.htlm'), await runBy('0.html.top'), await runBy('0.html')];

    const missing = "TypeError: the cacheValidator of task 'give' names";
    const untold = `Whether there is a result already could not be told. ${missing}`;
    const meant = `${untold} '0.htlm', which its inputs lack. Did you mean '0.html'?`;
    assert.deepEqual(messages(misspelt), [meant, meant]);
    const inNothing = ["'a'", 'undefined'].map((html) => {
      return `${untold} '0.html.top', which its inputs lack, since '0.html' is ${html}.`;
    });
    assert.deepEqual(messages(odd), inNothing);
    assert.ok(right.every((state) => state.type === 'Cached'));
  });

  rule('children share what was cached for the same inputs, wherever they stand in their lists [P256]', async (run) => {
    using room = newRoom();
    using diary = newDiary();
    const cacheValidator = cacheValidators.allInputs;
    const kept = square.with({ cacheFor: '1h', cacheValidator, result: room.json });
    const flow = new Flow('lists', () => kept.map(new Parameter<number[]>('xs'), unmapped(diary.path)));

    const summaries = ['2 runs', '4 runs, 2 cached', '1 run, 1 cached'];
    for (const [at, xs] of [[1, 2], [3, 2, 1, 4], [4]].entries()) {
      const { state, logs } = await run(flow, { parameters: { xs } });
      assert.deepEqual(livesOf(logs, 'square'), [`finished: ${summaries[at]}`]);
      assert.deepEqual(
        state.output,
        xs.map((x) => x * x),
      );
    }

    assert.deepEqual(linesOf(diary.path).toSorted(), ['square 1', 'square 2', 'square 3', 'square 4']);
  });

  rule('without a look at the inputs, each child has what was cached for its index', async (run) => {
    using room = newRoom();
    using diary = newDiary();
    const kept = square.with({ cacheFor: '1h', result: room.json });
    const flow = new Flow('indices', () => kept.map(new Parameter<number[]>('xs'), unmapped(diary.path)));

    await run(flow, { parameters: { xs: [1, 2] } });
    const { state } = await run(flow, { parameters: { xs: [7, 8, 9] } });

    assert.deepEqual(state.output, [1, 4, 81]);
  });

  rule('a cache may look at the parameters', async (run) => {
    using room = newRoom();
    using diary = newDiary();
    const flow = new Flow('by-day', () => {
      const options = { cacheFor: '1h', result: room.json } as const;
      const day = new Parameter<string>('day');
      new Parameter('noise', { default: 0 });
      const partially = { ...options, cacheValidator: cacheValidators.partialParametersOnly(['day']) };
      const wholly = { ...options, cacheValidator: cacheValidators.allParameters };
      return [give.with(partially)(day, diary.path), give.with(wholly)(day, diary.path)];
    });

    for (const parameters of [{ day: 'mon' }, { day: 'mon' }, { day: 'tue' }, { day: 'tue', noise: 1 }]) {
      const { state } = await run(flow, { parameters });
      assert.deepEqual(state.output, [parameters.day, parameters.day]);
    }

    assert.equal(countOf(diary.path, 'called'), 5);
  });

  rule('a cache validator may be a function, whose word on the latest entry needs no warning', async (run) => {
    using room = newRoom();
    using diary = newDiary();
    const flow = new Flow('own-rule', { result: room.json }, () => {
      return byOwnRule(new Parameter<number>('x'), new Parameter<string>('y'), diary.path);
    });

    const outputs = [];
    const warnings = [];
    for (const [x, y] of [
      [1, 'a'],
      [2, 'a'],
      [3, 'b'],
      [4, 'b'],
      [5, 'a'],
    ] as const) {
      const { state, logs } = await run(flow, { parameters: { x, y } });
      outputs.push(state.output);
      warnings.push(...logs.filter(({ level }) => level === 'warn'));
    }

    assert.deepEqual([outputs, warnings], [[1, 1, 3, 3, 5], []]);
  });
}

function unsaidRules(rule: Rule): void {
  rule(
    'a result cached for other inputs is used with a warning, unless the task says that they do not count',
    async (run) => {
      using room = newRoom();
      using diary = newDiary();
      const unsaid = square.with({ cacheFor: '1h', result: room.json });
      const meant = unsaid.with({ name: 'meant', cacheValidator: cacheValidators.durationOnly });
      const flow = new Flow('unsaid', () => {
        const xs = new Parameter<number[]>('xs');
        return [
          unsaid(new Parameter<number>('x'), diary.path),
          unsaid.map(xs, unmapped(diary.path)),
          meant.map(xs, unmapped(diary.path)),
        ];
      });

      const warnings = [];
      for (const [x, ...xs] of [
        [1, 1, 2],
        [1, 1, 2],
        [5, 3, 4],
        [5, 1, 2, 3],
      ] as const) {
        const { logs } = await run(flow, { parameters: { x, xs } });
        warnings.push(
          logs.flatMap(({ level, task, message }) => (level === 'warn' ? [`${task}: ${message}`] : [])).toSorted(),
        );
      }

      assert.deepEqual(warnings, [[], [], [otherInputs('square-2'), otherInputs('square')], [otherInputs('square')]]);
    },
  );
}

function messages(states: readonly State[]): string[] {
  return states.map(({ message }) => message);
}

function otherInputs(task: string): string {
  return (
    `${task}: task '${task}' uses what was cached for another value of its argument 1, since by default a cache looks at ` +
    `no inputs. To use it for the same inputs alone, set cacheValidator: cacheValidators.allInputs; if they do not ` +
    `count, say so: cacheValidator: cacheValidators.durationOnly. (CACHE_IGNORES_INPUTS)`
  );
}
