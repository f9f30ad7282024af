// What it costs to look whether a value arrives exactly, beside what it costs to send it: both for good values of about
// a megabyte, which is when nothing else is done.

import assert from 'node:assert/strict';
import { decodeValue, encodeValue } from '../../src/values/encode.ts';
import { isExact } from '../../src/values/exactness.ts';
import type { Contender, Measurement } from '../lib/measurement.ts';
import { medianOf } from '../lib/statistics.ts';

const times = 20;
/** The scan is to add at most 15 % to the copy. */
const goal = { atLeast: 1 / 0.15 };

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

const pairs = Object.entries(goodValues).map(([name, makeValue]) => [
  contender(`scan of ${name}`, makeValue, (value) => assert.ok(isExact(value))),
  contender(`copy of ${name}`, makeValue, (value) => decodeValue(encodeValue(value))),
]) as readonly (readonly [Contender, Contender])[];

export const values: Measurement = {
  name: 'values',
  title:
    'the time to look whether a good value of about 1 MB arrives exactly (5,200 nested rows, 9,000 flat ones, 131,000 ' +
    'numbers), and to encode and decode it, each the median of 20 times.',
  unit: 'µs',
  contenders: pairs.flat(),
  ratios: pairs.map(([scan, copy]) => [scan.name, copy.name, goal]),
};
