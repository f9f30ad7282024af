import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callSite } from '../../src/code/call-site.ts';
import { fixture, lineOf } from './fixtures.ts';
import * as sites from './fixtures/call-sites.ts';

const module = fixture('call-sites.ts');
const here = (mark: string) => ({ module, file: module, line: lineOf('call-sites.ts', mark) });

test('at the top level of a module, the module is known', () => {
  assert.deepEqual(sites.atTopLevel, { ...here('atTopLevel'), place: { line: here('atTopLevel').line, column: 27 } });
});

test('a helper called from the top level defines for the module that called it', () => {
  const line = lineOf('helper.ts', 'helper');
  assert.partialDeepStrictEqual(sites.throughHelper, { module, file: fixture('helper.ts'), line });
});

test('a callback, a loop, a class body and a function called while the module loads belong to it', () => {
  assert.partialDeepStrictEqual(sites.inCallback, here('inCallback'));
  assert.partialDeepStrictEqual(sites.inBlock, [here('inBlock'), here('inBlock')]);
  assert.partialDeepStrictEqual(sites.Holder.site, here('inClass'));
  assert.partialDeepStrictEqual(sites.calledAtTopLevel, here('whenCalled'));
});

test('after a top-level await, the module is still known, though only as a guess', () => {
  const place = { line: here('afterAwait').line, column: 27 };

  assert.deepEqual(sites.afterAwait, { ...here('afterAwait'), place, isGuess: true });
});

test('a function called once its module is loaded belongs to no module', () => {
  assert.deepEqual(sites.whenCalled(), { ...here('whenCalled'), module: undefined });
});

test('an async function called later belongs to no module either', async () => {
  const { module, file } = await sites.whenCalledAsync();

  assert.deepEqual({ module, file }, { module: undefined, file: fixture('call-sites.ts') });
});

test('a timer belongs to no module', async () => {
  const { module } = await new Promise<ReturnType<typeof callSite>>((resolve) => {
    setImmediate(() => resolve(callSite()));
  });

  assert.equal(module, undefined);
});
