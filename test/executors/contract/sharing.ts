import assert from 'node:assert/strict';
import { Flow, Parameter, unmapped } from 'heddle';
import {
  addOwn,
  changeEach,
  fillMap,
  giveShared,
  pollTurn,
  reuse,
  runFlow,
  sortInPlace,
} from '../../fixtures/sharing.ts';
import type { Rule } from '../contract.ts';

export function sharingRules(rule: Rule): void {
  rule('a task that returns the same object each time loses nothing that was in it', async (run) => {
    const indices = Array.from({ length: 40 }, (_, index) => index);

    const { state } = await run(new Flow('reuse', () => reuse.map(indices)));

    assert.deepEqual(
      state.output,
      indices.map((index) => [index]),
    );
  });

  rule('children cannot change what they share', async (run) => {
    const { state } = await run(new Flow('shared', () => addOwn.map(unmapped([0]), [1, 2, 3])));

    const messages = state.of('add-own').children.map(({ message }) => message);
    assert.equal(messages.length, 3);
    for (const message of messages) {
      assert.match(message, /^TypeError: task 'add-own' tried to change what is frozen: Cannot add property 1/);
      assert.match(message, /What many runs share \(.*\) is frozen: each thread .* Change a copy:/);
    }
  });

  rule('nor can they change a map, set, date, URL, its parameters or headers, with one text for each', async (run) => {
    const shared = {
      counts: new Map([['a', { n: 1 }]]),
      ids: new Set([1]),
      day: new Date(0),
      url: new URL('http://a.b/?c=1'),
      search: new URLSearchParams('c=1'),
      headers: new Headers({ c: '1' }),
      reason: Object.assign(new Error('late'), { by: { ms: 1 } }),
    };
    const flow = new Flow('shared-maps', () => {
      const more = new Parameter('more', { default: new Set([1]) });
      return {
        told: changeEach.map(unmapped(shared), unmapped(more), [0, 1]),
        back: giveShared.map(unmapped(shared), [0, 1]),
      };
    });

    const { state, logs } = await run(flow);

    const told = [
      'set() would change a frozen Map',
      'VALUE_IS_FROZEN',
      'clear() would change a frozen Map',
      'add() would change a frozen Set',
      'setTime() would change a frozen Date',
      'to set its pathname would change a frozen URL',
      'append() would change a frozen URLSearchParams',
      'set() would change a frozen URLSearchParams',
      'set() would change a frozen Headers',
      'add() would change a frozen Set',
      'add() would change a frozen Set',
      "Cannot assign to read only property 'n' of object '#<Object>'",
      "Cannot assign to read only property 'ms' of object '#<Object>'",
    ];
    assert.deepEqual(state.output.told, [told, told]);
    const { url, search, headers, ...rest } = state.output.back[1]!;
    assert.deepEqual(rest, { counts: shared.counts, ids: shared.ids, day: shared.day, reason: shared.reason });
    assert.deepEqual([url.href, String(search), [...headers]], ['http://a.b/?c=1', 'c=1', [['c', '1']]]);
    assert.deepEqual(
      logs.filter(({ level }) => level === 'warn'),
      [],
    );
  });

  rule("a map that is not shared is its run's own", async (run) => {
    const { state } = await run(new Flow('own-map', () => fillMap(new Map([[1, 1]]))));

    assert.deepEqual(
      state.output,
      new Map([
        [1, 1],
        [2, 2],
      ]),
    );
  });

  rule('a single run may do with its inputs what it likes', async (run) => {
    const { state } = await run(new Flow('own', () => sortInPlace([3, 1, 2])));

    assert.deepEqual(state.output, [1, 2, 3]);
  });

  rule('a flow that a task runs is not mistaken for the one around it', async (run) => {
    const { state } = await run(new Flow('outer', () => runFlow.map([7, 8, 9])));

    assert.deepEqual(state.output, [
      [7, 6, 12],
      [8, 6, 12],
      [9, 6, 12],
    ]);
  });

  rule('a loop that polls lets happen what it waits for', async (run) => {
    const { state } = await run(new Flow('poll', () => pollTurn()));

    assert.equal(state.type, 'Success');
  });
}
