import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkTemplate, nameFrom } from '../../src/lib/template.ts';

const values = {
  inputs: ['a.csv', { id: 7, owner: 'ada' }, []],
  parameters: { day: new Date(Date.UTC(2026, 0, 2)), dry: false },
  mapIndex: undefined,
};

const texts: [template: string, text: string][] = [
  ['load', 'load'],
  ['load {inputs.0}', 'load a.csv'],
  ['{inputs.1.owner}/{inputs.1.id} on {parameters.day}, {parameters.dry}', 'ada/7 on 2026-01-02, false'],
  ['{mapIndex}', 'undefined'],
  ['{inputs.length} inputs', '3 inputs'],
  ['a { brace } and {}, {a[0]}', 'a { brace } and {}, {a[0]}'],
];

for (const [template, text] of texts) {
  test(`'${template}' is filled as '${text}'`, () => {
    assert.equal(nameFrom('the name', template, values), text);
  });
}

const wrong: [template: string, message: string][] = [
  ['{input.0}', `'{input.0}' asks for {input.0}, and there is no 'input'. Did you mean 'inputs'?`],
  ['{inputs[1].owner}', `'{inputs[1].owner}' has {inputs[1].owner}. A name leads on with dots, and takes no spaces`],
  [`{inputs[1]['owner']}`, `and no format: {inputs.1.owner}.`],
  ['{parameters.day:yyyy}', `and no format: {parameters.day}.`],
  ['{ inputs.0 }', `and no format: {inputs.0}.`],
  ['{inputs.9}', `and there is no '9'. There is: 0, 1, 2.`],
  ['{inputs.0.length}', `and there is no 'length'. There is: nothing.`],
  ['{inputs.1}', `which is an object and no text. Name a part of it: {inputs.1.id}, {inputs.1.owner}.`],
  ['{inputs.2}', `which is an array of 0 and no text. Name a part of it: something that is in it.`],
];

for (const [template, message] of wrong) {
  test(`'${template}' cannot be filled, and the error says what could be`, () => {
    assert.throws(
      () => nameFrom('the name', template, values),
      (error: Error & { code: string }) => error.code === 'UNKNOWN_NAME' && error.message.includes(message),
    );
  });
}

test('a template is checked by its first names before there are values', () => {
  checkTemplate('the name', '{inputs.0} of {parameters.day} {{date}}', ['inputs', 'parameters', 'date']);

  assert.throws(() => checkTemplate('the name', '{inputs.0} of {paramters.day}', ['inputs', 'parameters']), {
    code: 'UNKNOWN_NAME',
    message: /^the name, '.*', asks for \{paramters\.day\}, and there is no 'paramters'\. Did you mean 'parameters'/,
  });
  assert.throws(() => checkTemplate('the name', 'load {inputs[0]}', ['inputs', 'parameters']), {
    code: 'UNKNOWN_NAME',
    message: /^the name, 'load \{inputs\[0\]\}', has \{inputs\[0\]\}\. A name .*: \{inputs\.0\}\.$/,
  });
});
