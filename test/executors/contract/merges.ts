import assert from 'node:assert/strict';
import { Flow, ifElse, merge, unmapped } from 'heddle';
import { incomparable, number, text, usable } from '../../fixtures/control.ts';
import { check, echo, end, inc, skipOdd } from '../../fixtures/tasks.ts';
import type { Rule } from '../contract.ts';

export function mergeRules(rule: Rule): void {
  rule('merge takes the first in order that was not skipped, also when that is nothing [P316]', async (run) => {
    const flow = new Flow('order', () => [
      merge(text('x'), text('y')),
      merge(end('skip'), text('y')),
      merge(echo(undefined), text('y')),
      merge(...Array.from({ length: 12 }, (_, index) => (index < 9 ? end('skip') : inc(index)))),
    ]);

    const { state } = await run(flow);

    assert.deepEqual([...state.output], ['x', 'y', undefined, 10]);
  });

  rule('merge compares nothing, so what cannot be compared can be merged [P317]', async (run) => {
    const { state } = await run(new Flow('incomparable', () => merge(end('skip'), incomparable(), incomparable())));

    assert.deepEqual(state.output, { id: Number.NaN, frame: new Float64Array([Number.NaN]) });
  });

  rule('merge.map merges index by index; what was skipped as a whole has nothing for any of them', async (run) => {
    const flow = new Flow('indices', () => {
      const nothing = ifElse(number(0), () => inc.map([7, 8, 9]));
      return [merge.map(nothing, skipOdd.map([0, 1, 2]), inc.map([10, 10, 10])), merge.map(nothing, nothing)];
    });

    const { state } = await run(flow);

    assert.deepEqual(state.of('merge-2').result, [0, 11, 2]);
    assert.equal(state.of('merge-3').type, 'Skipped');
  });

  rule('what can be used of a list goes on after some of it failed [P325] [D070]', async (run) => {
    const flow = new Flow('filter', () => [
      usable(check.map([0, 1, 2], unmapped([1]))),
      usable([null, 0, 1, 5, '', new Error('x')]),
    ]);

    const { state } = await run(flow);

    assert.deepEqual([state.of('usable').result, state.of('usable-2').result], [[0, 2], [0, 1, 5, '']]); // prettier-ignore
  });
}
