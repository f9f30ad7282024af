// What stands before the modules of a bundle, and what they call. Their names are such as no program uses.

import assert from 'node:assert/strict';

/** On an error for what was imported by a name that is computed: where that was, `file:line:column`. */
export const importedAt: unique symbol = Symbol.for('heddle.imported-at');

/** Where the parts of a bundle are on the worker's disk, whose code is running, and what CommonJS knows of itself. */
const places = `
import { AsyncLocalStorage as __HeddleStorage } from 'node:async_hooks';
import { createRequire as __heddleRequire } from 'node:module';
import { pathToFileURL as __heddleToUrl } from 'node:url';
import __heddlePath from 'node:path';
const require = __heddleRequire(import.meta.url);
const __heddleModule = (globalThis[Symbol.for('heddle.bundled-module')] ??= new __HeddleStorage());
const __heddleEnter = (module) => __heddleModule.enterWith({ bundle: import.meta.url, module });
const __heddleFile = (path) => __heddlePath.join(import.meta.dirname, path);
const __heddleUrl = (path) => __heddleToUrl(__heddleFile(path)).href;
const __heddleFrom = (name, { url }) => (/^\\.{0,2}\\//.test(name) ? new URL(name, url).href : name);
const __heddlePlace = ([path, places]) => {
  const filename = __heddleFile(path);
  const url = __heddleUrl(path);
  const resolve = (name) =>
    Object.hasOwn(places, name) ? __heddleUrl(places[name]) : import.meta.resolve(__heddleFrom(name, { url }));
  return { url, dirname: __heddlePath.dirname(filename), filename, main: false, resolve };
};
const __heddleFacts = ({ dirname: path, filename }, require) => {
  const paths = require.resolve.paths('a');
  return { id: filename, filename, path, paths, parent: require.main ?? {}, children: [], loaded: true, require };
};`;

/** Calls of `import()` and `require()`: what is imported by its place is the very module that others import. */
const imports = `
const __heddleModules = new Map();
const __heddleLazy = (name) => __heddleModules.get(String(name))?.();
const __heddleApart = (load, name, at) => {
  const before = __heddleModule.getStore();
  try {
    return at === undefined ? load(name) : load(name).catch((error) => { throw __heddleTold(error, at); });
  } finally {
    __heddleModule.enterWith(before);
  }
};
const __heddleRequireFrom = (load, { dirname }, name, at) => {
  try {
    return load(/^\\.{1,2}\\//.test(name) ? __heddlePath.resolve(dirname, name) : name);
  } catch (error) {
    throw at === undefined ? error : __heddleTold(error, at);
  }
};
const __heddleTold = (error, at) => {
  try { error[Symbol.for('${importedAt.description}')] = at; } catch {}
  return error;
};`;

/**
 * In place of what esbuild runs modules by. A module is told from those that it imports, however they end; and of
 * modules that import each other none waits for one that waits for it, as with Node.
 */
const running = `
const __heddleRequired = (body, module) => () => {
  const before = __heddleModule.getStore();
  try {
    if (!module) Object.values(body)[0]((module = { exports: {} }).exports, module);
    return module.exports;
  } catch (error) {
    module = undefined;
    throw error;
  } finally {
    __heddleModule.enterWith(before);
  }
};
const __heddleWaiting = new __HeddleStorage();
const __heddleWaitsFor = (one, other) => {
  const all = new Set([one]);
  for (const each of all) for (const next of each) all.add(next);
  return all.has(other);
};
const __heddleInit = (body) => {
  const waits = new Set();
  let run = Object.values(body)[0];
  let result, failure, isOver = false;
  return () => {
    if (failure) throw failure[0];
    const importer = __heddleWaiting.getStore();
    if (isOver) return result;
    if (importer && __heddleWaitsFor(waits, importer)) return undefined;
    importer?.add(waits);
    const through = () => importer?.delete(waits);
    try {
      const first = run;
      run = undefined;
      if (first) result = __heddleModule.run(undefined, () => __heddleWaiting.run(waits, first));
    } catch (error) {
      through();
      failure = [error];
      throw error;
    }
    if (result === undefined) {
      isOver = true;
      through();
      return undefined;
    }
    result.then(() => (isOver = true), () => {});
    result.then(through, through);
    return result;
  };
};
`;

export const prelude = `${places}${imports}${running}`.trim();

const helpers = { __esm: '__heddleInit', __commonJS: '__heddleRequired' };
/** Makes a module of what CommonJS exports, and asks whether what that calls its default is the default. */
const asModule = /^(var __toESM = [^]*?)isNodeMode \|\| !mod \|\| !mod\.__esModule \?/m;

/**
 * The helpers of esbuild are exchanged in what it made. The lines stay where they are, for the map. All that CommonJS
 * exports is the default to Node, though not to a loader that makes CommonJS of modules.
 */
export function withOwnHelpers(text: string, { isOfCommonJs }: { readonly isOfCommonJs: boolean }): string {
  assert(!text.includes('var __toESM = ') || asModule.test(text), 'esbuild writes __toESM otherwise than is known');
  const begun = isOfCommonJs ? text : text.replace(asModule, '$1true ?');
  return Object.entries(helpers).reduce((changed, [name, own]) => {
    const declaration = new RegExp(`^var ${name} = [^]*?\\n};$`, 'm');
    const isUsed = changed.includes(`var ${name} = `);
    assert(!isUsed || declaration.test(changed), `esbuild writes ${name} otherwise than is known`);
    return changed.replace(declaration, (old) => `var ${name} = ${own};${old.replaceAll(/[^\n]/g, '')}`);
  }, begun);
}
