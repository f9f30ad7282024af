// What the tests of several formats store.

import fc from 'fast-check';

/** Plain data and whatever else a program may hold, cycles aside. */
export const anything: fc.Arbitrary<unknown> = fc.anything({
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withNullPrototype: false,
  withSet: true,
  withSparseArray: true,
  withTypedArray: true,
  withUnicodeString: true,
  key: fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', 'toJSON', 'length', '')),
});

/** Ones that formats disagree about. */
export const oddNumbers: readonly number[] = [
  -0,
  Number.NaN,
  Infinity,
  -Infinity,
  2 ** 53,
  -(2 ** 33),
  5e-324,
  0.1 + 0.2,
];
