import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  allInputs,
  allParameters,
  type CachedEntry,
  type CacheQuestion,
  type CacheValidator,
  durationOnly,
  looksAt,
  nameOfValidator,
  neverUse,
  partialInputsOnly,
  partialParametersOnly,
  type Selection,
  validatorOf,
} from '../../src/results/cache-validators.ts';

const cached: CachedEntry = { expiresAt: 1_000, inputHashes: { x: 'X', y: 'Y' }, parameterHashes: { p: 'P', q: 'Q' } };
const now: CacheQuestion = { time: 999, inputHashes: cached.inputHashes, parameterHashes: cached.parameterHashes };
const validators: Readonly<Record<string, CacheValidator>> = {
  durationOnly,
  allInputs,
  allParameters,
  partialInputsOnly: partialInputsOnly(['x']),
  partialParametersOnly: partialParametersOnly(['p']),
};

for (const [name, validate] of Object.entries(validators)) {
  test(`${name} uses what is the same, until it expires, and not at that moment [P275]`, () => {
    const { expiresAt: _, ...lasting } = cached;

    assert.equal(validate(cached, now), true);
    assert.equal(validate(cached, { ...now, time: 1_000 }), false);
    assert.equal(validate(cached, { ...now, time: 5_000 }), false);
    assert.equal(validate(lasting, { ...now, time: Number.MAX_SAFE_INTEGER }), true);
  });
}

const all: Readonly<Record<string, CacheValidator>> = { neverUse, ...validators };
for (const [name, validate] of Object.entries(all)) {
  test(`${name} is made again from its name`, () => {
    const sent = structuredClone(nameOfValidator(validate)!);

    assert.equal(sent.name, name);
    assert.deepEqual(nameOfValidator(validatorOf(sent)), sent);
    for (const inputHashes of [cached.inputHashes, { x: 'X', y: 'other' }]) {
      assert.equal(validatorOf(sent)(cached, { ...now, inputHashes }), validate(cached, { ...now, inputHashes }));
    }
  });

  test(`${name} needs to know no more than it says that it looks at`, () => {
    const { inputs, parameters } = looksAt(nameOfValidator(validate));
    const only = ({ inputHashes, parameterHashes, ...rest }: CachedEntry & CacheQuestion) => {
      return { ...rest, inputHashes: pick(inputHashes, inputs), parameterHashes: pick(parameterHashes, parameters) };
    };
    const both = { ...cached, ...now };

    assert.equal(validate(only(both), only(both)), validate(cached, now));
  });
}

test("a function of one's own has no name, and may look at everything", () => {
  const own: CacheValidator = () => true;

  assert.equal(nameOfValidator(own), undefined);
  assert.deepEqual(looksAt(undefined), { inputs: 'all', parameters: 'all' });
});

test('neverUse uses nothing', () => {
  const never: CacheValidator = neverUse;

  assert.equal(never(cached, now), false);
});

test('an input more, fewer or other makes the cached result unfit [P277]', () => {
  for (const inputHashes of [{ x: 'X', y: 'Y', z: 'Z' }, { x: 'X' }, { x: 'X', y: 'other' }, { x: 'X', z: 'Y' }, {}]) {
    assert.equal(allInputs(cached, { ...now, inputHashes }), false);
    assert.equal(allParameters(cached, { ...now, inputHashes }), true);
    assert.equal(durationOnly(cached, { ...now, inputHashes }), true);
  }
});

test('a parameter more, fewer or other makes the cached result unfit [P277]', () => {
  for (const parameterHashes of [{ p: 'P', q: 'Q', r: 'R' }, { p: 'P' }, { p: 'P', q: 'other' }, {}]) {
    assert.equal(allParameters(cached, { ...now, parameterHashes }), false);
    assert.equal(allInputs(cached, { ...now, parameterHashes }), true);
  }
});

test('the order of names does not count', () => {
  assert.equal(allInputs(cached, { ...now, inputHashes: { y: 'Y', x: 'X' } }), true);
});

test('a partial validator looks at its names alone', () => {
  const byX = partialInputsOnly(['x']);
  const byP = partialParametersOnly(['p']);

  assert.equal(byX(cached, { ...now, inputHashes: { x: 'X', z: 'Z' } }), true);
  assert.equal(byX(cached, { ...now, inputHashes: { x: 'other', y: 'Y' } }), false);
  assert.equal(byP(cached, { ...now, parameterHashes: { p: 'P' } }), true);
  assert.equal(byP(cached, { ...now, parameterHashes: { p: 'other', q: 'Q' } }), false);
});

test('a name that nobody has makes nothing fit, not everything', () => {
  assert.equal(partialInputsOnly(['typo'])(cached, now), false);
  assert.equal(partialParametersOnly(['p', 'toString'])(cached, now), false);
  assert.equal(partialInputsOnly(['x'])({ ...cached, inputHashes: {} }, { ...now, inputHashes: {} }), false);
});

test('changing the list of names later changes nothing', () => {
  const names = ['x'];
  const validate = partialInputsOnly(names);

  names.push('typo');

  assert.equal(validate(cached, now), true);
});

test('a partial validator without names is refused at once', () => {
  const given: readonly (readonly [unknown, RegExp])[] = [
    [undefined, /got undefined/],
    ['x', /got 'x'/],
    [[], /got an array of 0/],
    [['x', 1], /got 1/],
  ];

  for (const [names, message] of given) {
    assert.throws(() => partialInputsOnly(names as string[]), { code: 'INVALID_OPTION', message });
    assert.throws(() => partialParametersOnly(names as string[]), { code: 'INVALID_OPTION', message });
  }
});

function pick(hashes: Readonly<Record<string, string>>, selection: Selection): Record<string, string> {
  return Object.fromEntries(Object.entries(hashes).filter(([name]) => selection === 'all' || selection.includes(name)));
}
