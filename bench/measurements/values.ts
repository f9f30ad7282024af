// What it costs that a value is looked at before it is sent: good values of about a megabyte are sent as tasks send
// their results (somebody looks whether they arrive exactly, then they are encoded and decoded), and copied by V8.

import assert from 'node:assert/strict';
import { deserialize, serialize } from 'node:v8';
import { decodeValue, encodeValue } from '../../src/values/encode.ts';
import { isExact } from '../../src/values/exactness.ts';
import { takeTableApart } from '../../src/values/rows.ts';
import type { Contender, Goal, Measurement } from '../lib/measurement.ts';
import { medianOf } from '../lib/statistics.ts';

const times = 20;
/** To look is to add at most 15 % to the copy. */
const goal = { atLeast: 1 / 1.15 };

const goodValues: Readonly<Record<string, () => unknown>> = {
  'nested rows with dates': () =>
    Array.from({ length: 5_200 }, (_, id) => ({
      id,
      at: new Date(id * 1e6),
      tags: ['a', `b${id}`],
      by: { name: 'ann', age: id % 90 },
    })),
  'flat rows': () =>
    Array.from({ length: 9_000 }, (_, id) => ({ id, name: `name ${id}`, price: id / 3, isSold: id % 2 === 0 })),
  numbers: () => Array.from({ length: 131_000 }, (_, index) => index / 3),
  'a tree': () => ({
    type: 'FeatureCollection',
    features: Array.from({ length: 1_250 }, (_, id) => ({
      properties: { name: `place ${id}`, kind: 'lake' },
      coordinates: Array.from({ length: 30 }, (__, at) => [8 + at / 100 + id, 47 + at / 77]),
    })),
  }),
};

function contender(name: string, makeValue: () => unknown, work: (value: unknown) => void): Contender {
  return {
    name,
    open: () => {
      const value = makeValue();
      assert.deepEqual(decodeValue(encodeValue(value)), value);
      return async () => {
        return medianOf(Array.from({ length: times }, () => microsecondsOf(() => work(value))));
      };
    },
  };
}

function microsecondsOf(work: () => void): number {
  const start = performance.now();
  work();
  return (performance.now() - start) * 1_000;
}

function send(value: unknown): void {
  const table = takeTableApart(value);
  assert.ok(table !== undefined || isExact(value));
  decodeValue(encodeValue(table ?? value));
}

/** What no call of Node tells of many objects at a time, and who looks whether a value is exact has to ask of each. */
function askForSymbols(value: object): void {
  if (Object.getOwnPropertySymbols(value).length > 0) throw new Error('it has symbols as keys');
  const members: readonly unknown[] = Array.isArray(value) ? value : Object.values(value);
  for (let at = 0; at < members.length; at += 1) {
    const member = members[at];
    if (typeof member === 'object' && member !== null) askForSymbols(member);
  }
}

const pairs = Object.entries(goodValues).map(([name, makeValue]) => [
  contender(`${name}, looked at`, makeValue, send),
  contender(`${name}, by V8`, makeValue, (value) => deserialize(serialize(value))),
]) as readonly (readonly [Contender, Contender])[];
const tree = 'a tree';
const askedTree = contender(`${tree}, by V8, asked for symbols`, goodValues[tree]!, (value) => {
  askForSymbols(value as object);
  deserialize(serialize(value));
});

export const values: Measurement = {
  name: 'values',
  title:
    'the time to look whether a good value of about 1 MB arrives exactly (5,200 nested rows, 9,000 flat ones, ' +
    '131,000 numbers, 37,500 points in 1,250 places), and to encode and decode it; ' +
    'for scale, V8 alone, which looks at nothing; and for the tree, with nothing looked at but whether objects have ' +
    'symbols as keys. Each is the median of 20 times.',
  unit: 'µs',
  contenders: [...pairs.flat(), askedTree],
  ratios: [
    ...pairs.map(([looked, copied]): [string, string, Goal] => [looked.name, copied.name, goal]),
    [askedTree.name, `${tree}, by V8`],
  ],
};
