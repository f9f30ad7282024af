import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { after, test } from 'node:test';
import { cacheValidators, Flow, LocalResult, Parameter, serializers, task, unmapped } from 'heddle';
import type { Result, TaskOptions } from 'heddle';

const { partialInputsOnly, partialParametersOnly } = cacheValidators;
const result = new LocalResult();
const folder = mkdtempSync('test/flow/.docs-');
after(() => rmSync(folder, { recursive: true }));
const concat = task('join', (a: string, b: string) => a + b);

const wrongOptions: readonly (readonly [TaskOptions, RegExp])[] = [
  [{ cacheValidator: cacheValidators.allInputs }, /'cacheValidator' of task 't' has no effect without cacheFor.*'1h'/],
  [{ cacheKey: 'mine' }, /'cacheKey' of task 't' has no effect without cacheFor/],
  [{ cacheFor: '1h', target: 'x' }, /'cacheFor' of task 't' contradicts its target.*Leave one out/],
  [{ cacheFor: '1h', checkpoint: false }, /'cacheFor' of task 't' contradicts checkpoint: false/],
  [{ cacheFor: 0 }, /'cacheFor' of task 't' should be more than 0/],
  [
    { cacheFor: '1h', cacheValidator: partialInputsOnly as never },
    /'cacheValidator' of task 't' should be a validator/,
  ],
  [{ cacheFor: '1h', cacheValidator: partialInputsOnly(['day']) }, /the input 'day'\. Inputs have no names.*'0'/],
  [
    { cacheFor: '1h', cacheValidator: ((_state: unknown, inputs: unknown, _parameters: unknown) => inputs) as never },
    /should be a validator, such as .*; got the function .*, of 3 arguments$/,
  ],
  [{ result: {} as Result }, /'result' of task 't' should be a Result, such as new LocalResult\(\)/],
  [{ result: null as never }, /'result' of task 't' should be a Result, .*; got null$/],
  [{ target: '' }, /'target' of task 't' should be a text/],
];

for (const [options, message] of wrongOptions) {
  test(`a task that keeps its results like ${JSON.stringify(options)} is refused at once`, () => {
    assert.throws(() => task('t', options, () => 1), { name: 'TypeError', code: 'INVALID_OPTION', message });
  });
}

const wrongTargets: readonly (readonly [string, RegExp])[] = [
  ['{task_name}.json', /'task_name', which is not known\. Did you mean '\{taskName\}'\?/],
  ['{day}.json', /'day', which is not known\..* A parameter is named like \{parameters\.day\}/],
  ['{inputs.rows}.json', /'inputs\.rows', but inputs have no names, only positions: \{inputs\.0\}/],
  ['{inputs}.json', /only positions/],
  ['{parameters}.json', /'parameters', without saying which/],
  ['{taskName.json', /without its partner/],
  ['{date:YYYY}', /the date format 'YYYY'/],
];

for (const [target, message] of wrongTargets) {
  test(`the target ${target} is refused at once`, () => {
    assert.throws(() => concat.with({ target }), { code: 'INVALID_LOCATION', message });
  });
}

test('a validator or serializer that there is not, which would be the default, is an error that knows which was meant', () => {
  assert.throws(() => Reflect.get(cacheValidators, 'allInput'), {
    code: 'UNKNOWN_CACHE_VALIDATOR',
    message:
      /^cacheValidators has no 'allInput'\. Did you mean 'allInputs'\? It has: neverUse, .*, partialParametersOnly\.$/,
  });
  assert.throws(() => Reflect.get(serializers, 'jsn'), {
    code: 'UNKNOWN_SERIALIZER',
    message: /^serializers has no 'jsn'\. Did you mean 'json'\? It has: v8, json, msgpack, compressed\.$/,
  });
});

test('a target that names what a flow does not have is refused when the flow is built', () => {
  const build = (target: string) => () =>
    new Flow('f', () => concat.with({ target })(new Parameter('day', { default: 'mon' }), 'b'));

  const refused = (message: RegExp) => ({ code: 'INVALID_LOCATION', message });
  assert.throws(build('{parameters.dya}'), refused(/'parameters\.dya', which the flow does not have\. .*'day'\?/));
  assert.throws(build('{inputs.2}'), refused(/task 'join' names 'inputs\.2', but it is called with 2 arguments/));
  assert.throws(build('{mapIndex}'), refused(/'mapIndex', but it is not mapped here/));
  assert.doesNotThrow(build('{parameters.day}-{inputs.0}-{date:yyyy}-{today}'));
});

test('a target that would be the same for every child is refused', () => {
  const build = (target: string) => () => new Flow('f', () => concat.with({ target }).map(['a', 'b'], unmapped('c')));

  const message = /every child of task 'join' would have the same target '.*'\. Add \{mapIndex\}/;
  assert.throws(build('all.json'), { code: 'INVALID_LOCATION', message });
  assert.throws(build('{inputs.1}.json'), { code: 'INVALID_LOCATION', message });
  assert.doesNotThrow(build('{inputs.0}.json'));
  assert.doesNotThrow(build('{mapIndex}.json'));
});

test('a task that is added to a flow later is looked at too', () => {
  const flow = new Flow('f', () => concat('a', 'b'));
  const alone = task('alone', { target: '{mapIndex}' }, () => 1);

  assert.throws(() => flow.addTask(alone), { code: 'INVALID_LOCATION' });
});

test('a cache by a parameter that the flow does not have is refused', () => {
  const cached = concat.with({ cacheFor: '1h', cacheValidator: partialParametersOnly(['dya']) });
  const build = () =>
    new Flow('f', () => {
      new Parameter('day');
      return cached('a', 'b');
    });

  assert.throws(build, { code: 'INVALID_OPTION', message: /names the parameter 'dya', .* Did you mean 'day'\?/ });
});

test('a cache by an argument that the task is not called with is refused', () => {
  const build = (input: string) => () =>
    new Flow('f', () => concat.with({ cacheFor: '1h', cacheValidator: partialInputsOnly(['0', input]) })('a', 'b'));

  const message = "option 'cacheValidator' of task 'join' names the input '2.day', but it is called with 2 arguments";
  assert.throws(build('2.day'), { code: 'INVALID_OPTION', message });
  assert.doesNotThrow(build('1'));
});

test('a result that no worker could make again is refused, for a task and for a flow', () => {
  const stranger = new LocalResult({ serializer: { ...serializers.json, name: 'stranger' } });
  const unknown: Result = {
    serializer: serializers.json,
    ...promises(),
    describe: () => ({ kind: 'no' }),
  };

  assert.throws(() => concat.with({ result: stranger }), { code: 'UNKNOWN_SERIALIZER', message: /registerSerializer/ });
  assert.throws(() => concat.with({ result: unknown }), { code: 'UNKNOWN_RESULT_KIND', message: /registerResultKind/ });
  assert.throws(() => new Flow('f', { result: unknown }, () => concat('a', 'b')), { code: 'UNKNOWN_RESULT_KIND' });
});

test('a task that says nothing about its results has nothing to do with them', () => {
  assert.equal(concat.settings.storing, undefined);
  assert.equal(concat.with({ retries: 1 }).settings.storing, undefined);
  assert.equal(concat.with({ result }).settings.storing?.result, result);
});

test('a copy is found by its original, unless it has a function of its own', () => {
  const isOriginal = (options: TaskOptions) => concat.with(options).reference === concat.reference;
  const ask = cacheValidators.allInputs;

  assert.ok(isOriginal({ target: 'x-{inputs.0}', result }));
  assert.ok(isOriginal({ cacheFor: '1h', cacheValidator: ask }));
  assert.ok(isOriginal({ cacheFor: '1h', cacheValidator: partialInputsOnly(['0']) }));
  assert.ok(!isOriginal({ cacheFor: '1h', cacheValidator: (cached, now) => ask(cached, now) }));
  assert.ok(!isOriginal({ target: ({ taskName }) => taskName }));
});

test('a copy that does without the handler of its original is not found by that', () => {
  const watched = task('watched', { onFailure: () => {} }, () => 1);

  assert.notEqual(watched.with({ onFailure: undefined } as never).reference, watched.reference);
});

function promises(): Pick<Result, 'read' | 'write' | 'exists'> {
  return { read: () => Promise.resolve(), write: () => Promise.resolve(), exists: () => Promise.resolve(false) };
}
