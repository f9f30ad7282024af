import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatBytes, toBytes } from '../../src/lib/byte-size.ts';

const sizes: [size: unknown, bytes: number][] = [
  [0, 0],
  [1_500, 1_500],
  [1.9, 1],
  ['850B', 850],
  ['64kB', 65_536],
  ['512MB', 536_870_912],
  ['1.5 GB', 1_610_612_736],
  [' 2tb ', 2_199_023_255_552],
];

for (const [size, bytes] of sizes) {
  test(`${JSON.stringify(size)} is ${bytes} bytes`, () => {
    assert.equal(toBytes(size, 'option x'), bytes);
  });
}

for (const [size, shown] of [
  ['512', `'512'`],
  ['2 gigabytes', `'2 gigabytes'`],
  ['-1MB', `'-1MB'`],
  ['', `''`],
  [-1, '-1'],
  [Infinity, 'Infinity'],
  [undefined, 'undefined'],
  [{ megabytes: 5 }, 'an object'],
] as const) {
  test(`a size of ${shown} is refused, by the name of its option`, () => {
    assert.throws(() => toBytes(size, `option 'resultMemory'`), {
      name: 'TypeError',
      code: 'INVALID_SIZE',
      option: `option 'resultMemory'`,
      value: size,
      message: `option 'resultMemory' should be a number of bytes or a text like '64kB', '512MB', '2GB'; got ${shown}`,
    });
  });
}

for (const [bytes, text] of [
  [0, '0 B'],
  [850, '850 B'],
  [1_024, '1 kB'],
  [1_048_500, '1 MB'],
  [12_897_485, '12.3 MB'],
  [536_870_912, '512 MB'],
  [1_073_700_000, '1 GB'],
  [10_737_418_240, '10 GB'],
  [1_073_741_824 * 5_000, '4.9 TB'],
] as const) {
  test(`${bytes} bytes are told as ${text}`, () => {
    assert.equal(formatBytes(bytes), text);
  });
}
