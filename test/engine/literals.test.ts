import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serialize } from 'node:v8';
import { blocksOf } from '../../src/engine/flow-run/literals.ts';
import { decodeOutcomes } from '../../src/engine/outcomes.ts';

test('short lists of rows share blocks, each taken apart, whatever stands between them', () => {
  const lists: unknown[] = Array.from({ length: 40 }, (_, list) => rows(100 + list));
  lists[7] = [];
  lists[9] = 'a text';
  lists[11] = [...rows(80), lists[12]];

  const blocks = blocksOf(lists, use());

  const values = blocks.flatMap(({ bytes }) => decodeOutcomes(bytes).values);
  assert.deepEqual(values, lists);
  assert.ok(blocks.length < lists.length / 2);
  const size = blocks.reduce((sum, { bytes }) => sum + bytes.length, 0);
  assert.ok(size * 1.5 < serialize(lists).length, `${size} bytes`);
});

test('an element that cannot travel fails alone, also between lists of rows', () => {
  const lists: unknown[] = Array.from({ length: 40 }, () => rows(100));
  lists[20] = [...rows(100), { id: () => {} }];

  const blocks = blocksOf(lists, use());

  const states = blocks.flatMap(({ bytes, count }) => {
    return decodeOutcomes(bytes).states ?? Array.from({ length: count }, () => undefined);
  });
  assert.deepEqual(
    states.flatMap((state, index) =>
      state === undefined ? [] : [[index, state.type, (state.error as { code?: string } | undefined)?.code]],
    ),
    [[20, 'Failed', 'VALUE_NOT_SERIALIZABLE']],
  );
});

function rows(count: number): object[] {
  return Array.from({ length: count }, (_, id) => ({ id, name: `article ${id}`, price: id / 4, city: 'Oslo' }));
}

function use(): Parameters<typeof blocksOf>[1] {
  const destination = { role: 'input', task: 'each', flowRunId: 'a run', warn: () => {} } as const;
  return { destination: () => destination, limitBytes: 2 ** 30 };
}
