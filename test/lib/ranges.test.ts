import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Range } from '../../src/lib/range.ts';
import { Ranges } from '../../src/lib/ranges.ts';

test('ranges that overlap or touch become one', () => {
  const ranges = setOf([0, 3], [5, 8]);

  ranges.add(range(3, 5));

  assert.deepEqual([...ranges], [range(0, 8)]);
});

test('a range that is taken out of the middle leaves both sides', () => {
  const ranges = setOf([0, 10]);

  ranges.remove(range(4, 6));

  assert.deepEqual([...ranges], [range(0, 4), range(6, 10)]);
  assert.equal(ranges.size, 8);
});

test('taking from the front never reaches over a gap', () => {
  const ranges = setOf([0, 3], [5, 8]);

  assert.deepEqual(
    [ranges.take(2), ranges.take(2), ranges.take(9), ranges.take(1)],
    [range(0, 2), range(2, 3), range(5, 8), undefined],
  );
});

test('what is taken with gaps lies no further behind the first than is said', () => {
  const ranges = setOf([0, 3], [5, 8], [10, 20]);

  assert.deepEqual([...ranges.takeWithin(4, 99)!], [range(0, 3), range(5, 6)]);
  assert.deepEqual([...ranges.takeWithin(9, 6)!], [range(6, 8), range(10, 12)]);
  assert.deepEqual([...ranges.takeWithin(9, Infinity)!], [range(12, 20)]);
  assert.equal(ranges.takeWithin(1, 1), undefined);
});

test('nothing is taken when nothing is asked for', () => {
  const ranges = setOf([0, 3]);

  assert.equal(ranges.take(0), undefined);
  assert.equal(ranges.size, 3);
});

test('an empty range is in every set, and adds and removes nothing', () => {
  const ranges = setOf([0, 4]);

  ranges.add(range(9, 9));
  ranges.add(range(9, 7));
  ranges.remove(range(2, 2));

  assert.deepEqual([...ranges], [range(0, 4)]);
  assert.equal(ranges.covers(range(9, 9)), true);
  assert.deepEqual(ranges.overlap(range(2, 2)), []);
});

test('the parts of the set inside a range are clipped to it', () => {
  const ranges = setOf([0, 3], [5, 8], [10, 20]);

  assert.deepEqual(ranges.overlap(range(2, 12)), [range(2, 3), range(5, 8), range(10, 12)]);
});

test('clearing leaves an empty set that can be filled again', () => {
  const ranges = setOf([0, 3], [5, 8]);

  ranges.clear();
  assert.deepEqual([ranges.size, ranges.isEmpty, ranges.first], [0, true, undefined]);

  ranges.add(range(1, 2));
  assert.deepEqual([ranges.size, ranges.isEmpty, ranges.first], [1, false, 1]);
});

test('a hundred thousand fragments are filled from any side and emptied from any side', () => {
  const count = 100_000;
  const ranges = new Ranges();

  // Evens from the middle outwards; then the odd ones, by which everything grows together.
  for (let n = 0; n < count; n += 1) ranges.add(unit(n % 2 === 0 ? count + n : count - n - 1));
  assert.equal(ranges.size, count);
  assert.equal([...ranges].length, count);
  for (let n = 0; n < count; n += 1) ranges.add(unit(2 * ((n * 7919) % count) + 1));
  assert.deepEqual([...ranges], [range(0, 2 * count)]);

  for (let n = 0; n < count; n += 1) ranges.remove(unit(2 * ((n * 7919) % count) + 1));
  for (let n = 0; n < count; n += 1) assert.deepEqual(ranges.take(5), unit(2 * n));
  assert.equal(ranges.isEmpty, true);
});

test('one small range to which another is added, or from which it is removed, is as a plain set of numbers', () => {
  const small = Array.from({ length: 36 }, (_, n) => range(n % 6, Math.floor(n / 6))).filter(
    ({ start, end }) => start <= end,
  );
  const perhaps = ['add', 'remove'].flatMap((type) => small.map((at) => ({ type, at })));
  for (const only of small) {
    for (const { type, at } of perhaps) {
      for (const probe of small) {
        const ranges = setOf([only.start, only.end]);
        const model = new Set(numbersOf(only));

        perform(ranges, model, { type, start: at.start, length: at.end - at.start });

        assertSame(ranges, model, probe);
        ranges.remove(range(0, 9));
        assertSame(ranges, new Set(), probe);
      }
    }
  }
});

test('after any operations it agrees with a plain set of numbers', () => {
  const anyRange = fc.record({ start: fc.nat(1_200), length: fc.nat(40) });
  const operation = fc.oneof(
    { weight: 5, arbitrary: fc.record({ type: fc.constant('add'), range: anyRange }) },
    { weight: 4, arbitrary: fc.record({ type: fc.constant('remove'), range: anyRange }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant('scatter'), range: anyRange }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('take'), range: anyRange }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('take with gaps'), range: anyRange }) },
  );
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 60 }), anyRange, (operations, probe) => {
      const ranges = new Ranges();
      const model = new Set<number>();

      for (const { type, range: at } of operations) perform(ranges, model, { type, ...at });

      assertSame(ranges, model, range(probe.start, probe.start + probe.length));
    }),
    { numRuns: 500 },
  );
});

// Fixtures

function perform(ranges: Ranges, model: Set<number>, step: { type: string; start: number; length: number }): void {
  const { type, start, length } = step;
  if (type === 'take') {
    const taken = ranges.take(length);
    for (const n of numbersOf(taken ?? range(0, 0))) assert.equal(model.delete(n), true);
    return;
  }
  if (type === 'take with gaps') {
    const expected = [...model].toSorted((a, b) => a - b).slice(0, length);
    const within = expected.filter((n) => n < expected[0]! + 2 * length);
    const taken = ranges.takeWithin(length, 2 * length);
    assert.deepEqual([...(taken ?? [])].flatMap(numbersOf), within);
    assert.equal(taken?.size ?? 0, within.length);
    for (const n of within) model.delete(n);
    return;
  }
  if (type === 'scatter') {
    // Many fragments at once, so that sets of several pages are reached.
    for (let n = 0; n < 8 * length; n += 1) {
      ranges.add(unit(start + 2 * n));
      model.add(start + 2 * n);
    }
    return;
  }
  const touched = range(start, start + length);
  if (type === 'add') ranges.add(touched);
  else ranges.remove(touched);
  for (const n of numbersOf(touched)) {
    if (type === 'add') model.add(n);
    else model.delete(n);
  }
}

function assertSame(ranges: Ranges, model: Set<number>, probe: Range): void {
  const listed = [...ranges];
  assert.deepEqual(ranges.all, listed);
  assert.deepEqual(
    listed.flatMap(numbersOf),
    [...model].sort((a, b) => a - b),
  );
  for (const [index, { start }] of listed.entries()) {
    assert(index === 0 || start > listed[index - 1]!.end, 'ranges touch or are out of order');
  }
  assert.equal(ranges.size, model.size);
  assert.equal(ranges.first, listed[0]?.start);
  assert.deepEqual(ranges.last, listed.at(-1));
  assert.equal(ranges.has(probe.start), model.has(probe.start));
  const inside = numbersOf(probe).filter((n) => model.has(n));
  const parts = ranges.overlap(probe);
  assert.deepEqual(parts.flatMap(numbersOf), inside);
  assert(parts.every(({ start, end }) => start < end));
  assert.equal(ranges.covers(probe), inside.length === numbersOf(probe).length);
}

function range(start: number, end: number): Range {
  return { start, end };
}

function unit(number: number): Range {
  return range(number, number + 1);
}

function setOf(...bounds: [number, number][]): Ranges {
  const ranges = new Ranges();
  for (const [start, end] of bounds) ranges.add(range(start, end));
  return ranges;
}

function numbersOf({ start, end }: Range): number[] {
  return Array.from({ length: Math.max(0, end - start) }, (_, offset) => start + offset);
}

test('the first number of the next range is removed too', () => {
  const ranges = new Ranges();
  ranges.add({ start: 0, end: 3 });
  ranges.add({ start: 4, end: 6 });

  ranges.remove({ start: 1, end: 5 });

  assert.deepEqual(
    [...ranges],
    [
      { start: 0, end: 1 },
      { start: 5, end: 6 },
    ],
  );
});
