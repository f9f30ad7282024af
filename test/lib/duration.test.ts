import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatDuration, toMilliseconds } from '../../src/lib/duration.ts';

const durations: [duration: unknown, milliseconds: number][] = [
  [0, 0],
  [1_500, 1_500],
  [0.5, 0.5],
  ['250ms', 250],
  ['10s', 10_000],
  ['1.5m', 90_000],
  ['2h', 7_200_000],
  ['1d', 86_400_000],
  [' 3 s ', 3_000],
  ['0s', 0],
];

for (const [duration, milliseconds] of durations) {
  test(`${JSON.stringify(duration)} is ${milliseconds} ms`, () => {
    assert.equal(toMilliseconds(duration, 'option x'), milliseconds);
  });
}

const nonsense: [duration: unknown, shown: string][] = [
  ['10', `'10'`],
  ['10 seconds', `'10 seconds'`],
  ['-5s', `'-5s'`],
  ['1e3ms', `'1e3ms'`],
  ['', `''`],
  [-1, '-1'],
  [Number.NaN, 'NaN'],
  [Infinity, 'Infinity'],
  [undefined, 'undefined'],
  [null, 'null'],
  [5n, '5'],
  [{ seconds: 5 }, 'an object'],
  [Object.create(null), 'an object'],
  [[5], 'an array of 1'],
  [new Date(0), 'a Date'],
];

for (const [duration, shown] of nonsense) {
  test(`a duration of ${shown} is refused, by the name of its option`, () => {
    assert.throws(() => toMilliseconds(duration, `option 'timeout' of task 'load'`), {
      name: 'TypeError',
      code: 'INVALID_DURATION',
      option: `option 'timeout' of task 'load'`,
      value: duration,
      message: `option 'timeout' of task 'load' should be a number of milliseconds or a text like '250ms', '10s', '5m', '2h', '1d'; got ${shown}`,
    });
  });
}

const texts: [milliseconds: number, text: string][] = [
  [0, '0 ms'],
  [0.4, '0 ms'],
  [850, '850 ms'],
  [999.4, '999 ms'],
  [999.5, '1.0 s'],
  [12_400, '12.4 s'],
  [59_949, '59.9 s'],
  [59_950, '1 min 0 s'],
  [119_600, '2 min 0 s'],
  [185_000, '3 min 5 s'],
  [3_599_600, '1 h 0 min'],
  [7_800_000, '2 h 10 min'],
  [93_600_000, '26 h 0 min'],
];

for (const [milliseconds, text] of texts) {
  test(`${milliseconds} ms reads as ${text}`, () => {
    assert.equal(formatDuration(milliseconds), text);
  });
}

test('no part of a duration that reads as text reaches the next larger unit', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), (milliseconds) => {
      const [, , small] = /^(\d+ (?:min|h) )?(\d+(?:\.\d)?) (?:ms|s|min)$/.exec(formatDuration(milliseconds)) ?? [];

      const limit = milliseconds < 999.5 ? 1_000 : 60;
      assert.ok(Number(small) < limit, `${milliseconds} ms reads as ${formatDuration(milliseconds)}`);
    }),
  );
});
