import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageError } from '../../src/lib/heddle-error.ts';
import {
  type LocationTemplate,
  type LocationValues,
  locationNames,
  renderLocation,
} from '../../src/results/location.ts';

const values: LocationValues = {
  flowName: 'nightly',
  taskName: 'score',
  mapIndex: 3,
  date: new Date('2024-05-06T07:08:09.123Z'),
  parameters: { day: 'monday', deep: { list: ['zero', 'one'] } },
  inputs: { x: 1.5, config: 'mine', value: 7, date: 'an input', when: new Date(0) },
};

test('names, dates and dotted names become parts of the location', () => {
  const template = '{flowName}/{date:yyyy-MM-dd}/{taskName}-{mapIndex}.bin';

  assert.equal(renderLocation(template, values), 'nightly/2024-05-06/score-3.bin');
  assert.equal(renderLocation('{parameters.day}/{inputs.x}/{parameters.deep.list.1}', values), 'monday/1.5/one');
});

test('an input called `config`, `value` or `date` is found among the inputs, and hides nothing [P262]', () => {
  const template = '{inputs.config}-{inputs.value}-{inputs.date}-{date:yyyy}';

  assert.equal(renderLocation(template, values), 'mine-7-an input-2024');
});

test('a function may return a template, which is rendered too [P268]', () => {
  const template: LocationTemplate = ({ flowName }) => `${String(flowName)}/{taskName}.bin`;

  assert.equal(renderLocation(template, values), 'nightly/score.bin');
});

test('a date is written in UTC, with the parts that the format names', () => {
  assert.equal(renderLocation('{date:yyyyMMddTHHmmssZ}', values), '20240506T070809Z');
  assert.equal(renderLocation('{date:yyyy/MM/dd}/{date:HH_mm.ss}', values), '2024/05/06/07_08.09');
  assert.equal(renderLocation('{inputs.when:dd-MM-yyyy}', values), '01-01-1970');
});

test('doubled braces stand for themselves, and what is filled in is not looked at again', () => {
  assert.equal(renderLocation('{{{taskName}}}-{{x}}', values), '{score}-{x}');
  assert.equal(renderLocation('{parameters.day}', { parameters: { day: '{taskName}}' } }), '{taskName}}');
});

test('an error about a name has the names of an error, and that name as a fact', () => {
  const render = () => renderLocation('{inputs.y}', values);

  assert.throws(render, (error: Error) => {
    const { name, stack = '' } = error;
    return name === 'TypeError' && stack.startsWith('TypeError: ') && Reflect.get(error, 'named') === 'inputs.y';
  });
});

const mistakes: readonly [template: unknown, message: RegExp][] = [
  ['{taskNme}.bin', /names 'taskNme', which has no value here\. Did you mean '\{taskName\}'\?$/],
  ['{day}.bin', /names 'day', which has no value here\. Did you mean '\{parameters\.day\}'\?$/],
  ['{parameters.dya}', /names 'parameters\.dya'.* Did you mean '\{parameters\.day\}'\?$/],
  ['{somethingElse}', /names 'somethingElse'.* It can name: flowName, taskName, mapIndex, date, parameters\.day/],
  ['{parameters.constructor}', /names 'parameters\.constructor', which has no value here/],
  ['{flowName.length}', /names 'flowName\.length', which has no value here/],
  ['{date}', /should say how to write a date, as in '\{date:yyyy-MM-dd\}'$/],
  ['{date:YYYY-MM-DD}', /has the date format 'YYYY-MM-DD', which should be made of yyyy, MM, dd, HH, mm, ss/],
  ['{date:%Y}', /has the date format '%Y'/],
  ['{date:}', /has the date format ''/],
  ['{taskName:yyyy}', /has a format for 'taskName', which is 'score'; only a Date takes one/],
  ['{parameters}', /names 'parameters', which is an object; only texts, numbers/],
  ['{parameters.deep.list}', /which is an array of 2; only texts/],
  ['{taskName', /has a '\{' without its partner; write '\{\{'/],
  ['taskName}', /has a '\}' without its partner/],
  ['{}', /names nothing in '\{\}'/],
  ['{parameters.}', /names nothing in '\{parameters\.\}'/],
  ['', /a location should be a text that is not empty; got ''/],
  [7, /a location should be a text that is not empty; got 7/],
  [() => undefined, /a function for a location should return a text that is not empty; got undefined/],
  [async () => 'x', /should return a text that is not empty; got a Promise/],
];

for (const [template, message] of mistakes) {
  test(`the location ${String(template)} is refused`, () => {
    assert.throws(() => renderLocation(template as LocationTemplate, values), invalid(message));
  });
}

test('a name without a value is as good as missing, and null is no part of a location', () => {
  const given = { mapIndex: undefined, taskName: 'score', none: null, never: new Date(Number.NaN) };

  assert.throws(
    () => renderLocation('{mapIndex}', given),
    invalid(/names 'mapIndex', which has no value here\. It can name: taskName/),
  );
  assert.throws(() => renderLocation('{none}', given), invalid(/which is null; only texts/));
  assert.throws(() => renderLocation('{never:yyyy}', given), invalid(/names an invalid date/));
});

test('a function for a location that asks for what there is not makes no place that all would share', () => {
  const template = ({ task_name: name }: Record<string, unknown>) => `${String(name)}.json`;

  assert.throws(() => renderLocation(template, { taskName: 'score' }), {
    code: 'UNKNOWN_NAME',
    message: `the function asks for {task_name}, and there is no 'task_name'. Did you mean 'taskName'? There is: taskName.`,
  });
});

test('what a function for a location throws is thrown on', () => {
  const error = new RangeError('no such day');
  const template = () => {
    throw error;
  };

  assert.throws(() => renderLocation(template, values), error);
});

test('the names of a template are known before it is rendered, and its mistakes too', () => {
  assert.deepEqual(locationNames('{flowName}/{date:yyyy}/{parameters.day}{{no}}.bin'), [
    'flowName',
    'date',
    'parameters.day',
  ]);
  assert.throws(() => locationNames('{date:yy}'), invalid(/date format 'yy'/));
  assert.throws(() => locationNames('{flowName'), invalid(/without its partner/));
});

function invalid(message: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof UsageError);
    assert.equal(error.code, 'INVALID_LOCATION');
    assert.match(error.message, message);
    return true;
  };
}
