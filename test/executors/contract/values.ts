import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { Flow, Parameter, unmapped } from 'heddle';
import { echo, list, see } from '../../fixtures/tasks.ts';
import type { Rule } from '../contract.ts';

export function valueRules(rule: Rule): void {
  rule('values arrive exactly as they are, there and back', async (run) => {
    const expected = values();
    const flow = new Flow('values', () => ({ there: see.map(expected), back: echo.map(echo.map(expected)) }));

    const { state } = await run(flow);

    assert.equal(state.type, 'Success');
    for (const [index, value] of expected.entries()) {
      assert.equal(state.output.there[index], inspect(value, { depth: 9 }), `value ${index} there`);
      assert.deepEqual(state.output.back[index], value, `value ${index} back`);
    }
    assert.ok(Object.is(state.output.back[0], -0));
  });

  rule('so do constants, parameters and results that are not mapped', async (run) => {
    const flow = new Flow('single-values', () => {
      const given = new Parameter<unknown>('given');
      return { constant: echo(values()), given: echo(given), both: list.map(values(), unmapped(given)) };
    });

    const { state } = await run(flow, { parameters: { given: values() } });

    assert.deepEqual(state.output.constant, values());
    assert.deepEqual(state.output.given, values());
    assert.deepEqual(state.output.both, values().map((value) => [value, values()])); // prettier-ignore
  });

  rule('a shared reference inside a value is still shared, and a cycle is a cycle', async (run) => {
    const shared = { x: 1 };
    const cycle: { self?: unknown; list: unknown[] } = { list: [] };
    cycle.self = cycle;
    cycle.list.push(cycle);

    const { state } = await run(new Flow('references', () => ({ twice: echo([shared, shared]), cycle: echo(cycle) })));

    const [one, other] = state.output.twice as object[];
    assert.equal(one, other);
    const back = state.output.cycle as typeof cycle;
    assert.ok(back.self === back && back.list[0] === back);
  });

  rule('a value of several megabytes arrives whole', async (run) => {
    const big = { bytes: new Uint8Array(6_000_000).map((_, index) => index * 31), text: 'é'.repeat(1_000_000) };

    const { state } = await run(new Flow('big', () => echo.map([big, 1, big])));

    assert.deepEqual(state.output, [big, 1, big]);
  });
}

function values(): unknown[] {
  return [
    -0,
    Number.NaN,
    Infinity,
    2 ** 53,
    undefined,
    null,
    true,
    '',
    '\u{1F9F5} thread',
    12345678901234567890n,
    [],
    [1, , 3], // oxlint-disable-line no-sparse-arrays -- holes are values too
    [undefined, null, -0, Number.NaN],
    { a: { b: [{ c: undefined }] }, 'odd key': 1 },
    new Date(0),
    new Date(Number.NaN),
    /a+b/giu,
    new Map<unknown, unknown>([
      ['k', 1],
      [{ key: true }, new Set([1, 'two', 3n])],
    ]),
    new Set([new Date(5), -0]),
    new Uint8Array([1, 2, 255]),
    new Float64Array([-0, Number.NaN, 1.5]),
    new BigInt64Array([-1n, 2n]),
    new Uint16Array(new Uint16Array([1, 2, 3, 4]).buffer, 2, 2).slice(),
    new Uint8Array([9, 8]).buffer,
    Object.assign(new RangeError('as a value'), { stack: 'RangeError: as a value' }),
  ];
}
