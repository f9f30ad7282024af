// A file of tests may define tasks as well. Threads that import it for those must not run its tests once more: for
// them, `node:test` takes tests and does nothing with them.

import nodeModule from 'node:module';
import { once } from '../lib/once.ts';

const source = `
const { mock, snapshot, assert, run } = process.getBuiltinModule('node:test');
const test = async () => {};
const hook = () => {};
const kinds = { test, it: test, describe: test, suite: test };
const members = { ...kinds, skip: test, todo: test, only: test, expectFailure: test };
const hooks = { before: hook, after: hook, beforeEach: hook, afterEach: hook };
Object.assign(test, members, hooks, { mock, snapshot, assert, run });
export const { it, describe, suite, skip, todo, only, before, after, beforeEach, afterEach } = test;
export { test, mock, snapshot, assert, run };
export { test as default, test as 'module.exports' };
`;
const inert = `data:text/javascript,${encodeURIComponent(source)}`;

/** From here on, whoever imports `node:test` in this thread gets one that runs nothing. */
export const runNoTests = once(() =>
  nodeModule.registerHooks({
    resolve(specifier, context, next) {
      if (specifier !== 'node:test') return next(specifier, context);
      return { url: inert, format: 'module', shortCircuit: true };
    },
  }),
);
