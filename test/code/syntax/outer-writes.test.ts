import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outerWritesIn } from '../../../src/code/syntax/outer-writes.ts';

type Row = readonly [source: string, ...targets: string[]];

function rows(sentence: string, table: readonly Row[]): void {
  for (const [source, ...targets] of table) {
    test(`${sentence}: ${source.replaceAll(/\s+/g, ' ')}`, () => {
      assert.deepEqual(
        outerWritesIn(source).map(({ target }) => target),
        targets,
      );
    });
  }
}

rows('an assignment to a variable from outside is found', [
  ['(x) => { count += x; }', 'count'],
  ['(x) => (count = x)', 'count'],
  ['() => count++', 'count'],
  ['() => { --count; }', 'count'],
  ['() => { count **= 2; bits >>>= 1; }', 'count', 'bits'],
  ['() => { last &&= last.next; }', 'last'],
  ['({ a, b }) => { ({ a: first, b: [second = 1, ...third] } = { a, b }); }', 'first', 'second', 'third'],
  ['(xs) => { for (last of xs); }', 'last'],
  ['(x) => { for (key in x); }', 'key'],
  ['async (xs) => { for await (last of xs); }', 'last'],
  ['(n) => { for (index = 0; index < n; index += 1); }', 'index', 'index'],
  ['(x = (count += 1)) => x', 'count'],
  ['({ [(count += 1)]: x }) => x', 'count'],
  ['(x) => `${(count += 1)} of ${x}`', 'count'],
  ['(x) => x ? (count += 1) : 0', 'count'],
  ['async () => { latest = await 1; }', 'latest'],
  ['function (x) { count += x; }', 'count'],
  ['function load(x) { count += x; }', 'count'],
  ['async function (x) { count += x; }', 'count'],
  ['function* (x) { count += yield x; }', 'count'],
  ['async function* (x) { count += yield x; }', 'count'],
]);

rows('it is found in the functions and classes inside, too', [
  ['(xs) => xs.forEach((x) => { total += x; })', 'total'],
  ['(s) => { s.on("end", function () { done = true; }); }', 'done'],
  ['() => { function inner() { count += 1; } inner(); }', 'count'],
  ['() => ({ get x() { return (count += 1); }, run() { count += 1; } })', 'count', 'count'],
  ['() => class { static n = (count += 1); #x() { count += 1; } static { count += 1; } }', 'count', 'count', 'count'],
]);

rows('a name is told by where it is declared', [
  ['() => { let count = 0; count += 1; }'],
  ['(count) => { count += 1; }'],
  ['({ a: { count } }, [sum], ...rest) => { count = 1; sum = 2; rest = 3; }'],
  ['() => { { let count = 0; } count += 1; }', 'count'],
  ['() => { { var count = 0; } count += 1; }'],
  ['() => { count = 1; var count; }'],
  ['() => { if (x) { for (var i = 0, count; ;) {} } count = i = 1; }'],
  ['() => { inner(); function inner() { var count; } count = 1; }', 'count'],
  ['() => { const f = () => { count += 1; }; let count = 0; f(); }'],
  ['() => { const f = (count) => { count += 1; }; count += 1; }', 'count'],
  ['(f = () => { count += 1; }) => { var count; }', 'count'],
  ['() => { try { f(); } catch (error) { error = 1; } error = 2; }', 'error'],
  ['() => { try { f(); } catch ({ code }) { code = 1; } }'],
  ['(xs) => { for (let x of xs) x += 1; x = 1; }', 'x'],
  ['() => { for (let i = 0; i < 3; i++) i += 1; i = 0; }', 'i'],
  ['(k) => { switch (k) { case 1: let x; default: x = 1; } x = 2; }', 'x'],
  ['() => { count: for (;;) { count = 1; break count; } }', 'count'],
  ['() => { const f = function own() { own = 1; }; own = 2; }', 'own'],
  ['() => { class Own { m() { Own = 1; } } Own = 2; }'],
  ['() => { const C = class Own { m() { Own = 1; } }; Own = 2; }', 'Own'],
  ['() => { function inner() {} inner = 1; }'],
  ['function () { arguments = 1; }'],
  ['() => { using file = open(); file.position += 1; }'],
  ['() => { class A { static { var x = 1; x += 1; } } x += 1; }', 'x'],
]);

rows('what is filled once and kept saves work, and is no fault', [
  ['async () => { client ??= await connect(); }'],
  ['() => (client ||= connect())'],
  ['async () => { client = client ?? (await connect()); }'],
  ['async () => { client = await (client || connect()); }'],
  ['() => { if (!client) client = connect(); }'],
  ['() => { if (client === undefined) { client = connect(); client.on("end", () => { client = undefined; }); } }'],
  ['() => { if (null == client) client = connect(); }'],
  ['() => { if (typeof client === "undefined") client = connect(); }'],
  ['() => { if (client) use(client); else client = connect(); }'],
  ['() => { if (!client || client.isClosed()) client = connect(); }'],
  ['() => { if (!(client && client.isOpen)) client = connect(); }'],
  ['() => { if (!client?.isOpen) client = connect(); }'],
  ['() => { if (isRemote && !client) client = connect(); }'],
  ['() => { if (client !== undefined) return client; client = connect(); return client; }'],
  ['() => { if (client) { log("kept"); return client; } return (client = connect()); }'],
  ['() => client || (client = connect())'],
  ['() => client ?? (client = connect())'],
  ['() => (client ? client : (client = connect()))'],
  ['async () => { if (!client) { ({ client, pool } = await connect()); } }', 'pool'],
  ['() => { client.close(); client = null; }'],
]);

rows('what depends on the value before is no such thing', [
  ['(x) => { if (x > max) max = x; }', 'max'],
  ['(x) => { if (max === undefined || x > max) max = x; }', 'max'],
  ['(x) => { if (!count) count = 1; else count += 1; }', 'count'],
  ['(x) => { if (count) return; count += x; }', 'count'],
  ['(x) => { if (count) { log(); } count = x; }', 'count'],
  ['(x) => { last = last && x; }', 'last'],
  ['() => { if (client) client = next(); }', 'client'],
  ['() => { if (client?.isOpen) client = next(); }', 'client'],
]);

rows('a write to a part of an object from outside is found when it builds on what was there', [
  ['() => { stats.count += 1; }', 'stats.count'],
  ['() => stats.runs.count++', 'stats.runs.count'],
  ['(k) => { totals[k] = (totals[k] ?? 0) + 1; }', 'totals[k]'],
  ['(x) => { state.rows = [...state.rows, x]; }', 'state.rows'],
  ['(k) => { counts.set(k, (counts.get(k) ?? 0) + 1); }', 'counts'],
  ['(x) => { seen.push(x); }', 'seen'],
  ['(x) => { seen?.unshift(x); }', 'seen'],
  ['() => { globalThis.count = globalThis.count + 1; }', 'globalThis.count'],
]);

rows('a write to a part of an object is passed over when it may as well save work, or nobody else has the object', [
  ['(k) => { cache[k] = read(k); }'],
  ['(k) => { cache[k] ??= read(k); cache[k] = cache[k] ?? read(k); }'],
  ['(k) => { cache.set(k, read(k)); cache.set(k, cache.get(k) ?? read(k)); }'],
  ['(x) => { warned.add(x); }'],
  ['() => { const buffer = free.pop() ?? make(); free.push(buffer); }'],
  ['() => { process.exitCode = 1; Error.stackTraceLimit += 10; }'],
  ['() => { axios.defaults.timeout = 5; }'],
  ['(row) => { row.count += 1; row.list.push(1); }'],
  ['() => { const stats = { n: 0 }; stats.n += 1; }'],
  ['() => { open().count += 1; open().list.push(1); }'],
  ['() => { delete cache.x; }'],
  ['(xs) => { for (cache.last of xs); }'],
]);

rows('of a class, the methods that run with the task count', [
  ['class A extends Task { run(x) { count += x; } }', 'count'],
  ['class extends Task { #add() { count += 1; } run() { this.#add(); } }', 'count'],
  ['class A extends Task { add = (x) => { count += x; }; id = (made += 1); }', 'count'],
  ['class A extends Task { constructor() { super(); made += 1; } static make() { made += 1; } static { made = 1; } }'],
  ['class A extends Task { static total = 0; run(x) { A.total += x; } }', 'A.total'],
  ['class A extends Task { run(x) { this.seen.push(x); this.stats.n += 1; } }', 'this.seen', 'this.stats.n'],
  ['class A extends Task { run(x) { this.count += x; } }'],
  ['class A extends Task { run(xs) { xs.forEach(function () { this.s.n += 1; }); } }'],
  ['class A extends Task { run() { return class { s = {}; n = (this.s.n += 1); }; } }'],
  ['class A extends Task { run(x) { return new (class { s = {}; m() { this.s.n += 1; } })(); } }'],
]);

rows('the text of a method stands for a function', [
  ['run(x) { count += x; }', 'count'],
  ['async run(x) { count += x; }', 'count'],
  ['*run(x) { count += x; }', 'count'],
  ['async *[name](x) { count += x; }', 'count'],
  ['get value() { return super.value + (count += 1); }', 'count'],
  ['"quoted name"() { count += 1; }', 'count'],
  ['#secret() { count += this.#other; }', 'count'],
  ['if(x) { count += x; }', 'count'],
]);

test('code of modules and code of scripts can both be read', () => {
  assert.deepEqual(outerWritesIn('() => import.meta.url'), []);
  assert.deepEqual(outerWritesIn('() => { with (options) { await = 1; } }').length, 1);
});

test('a write is told with its place in the text, whatever had to be put around that', () => {
  const source = 'run(x) {\n  count += x;\n}';

  assert.deepEqual(outerWritesIn(source), [{ target: 'count', offset: source.indexOf('count') }]);
});

test('a long target is told by its beginning, on one line', () => {
  const [write] = outerWritesIn(`() => { stats[\n  'a key that is far too long to be told in one line'\n] += 1; }`);

  assert.equal(write?.target, `stats[ 'a key that is far too long to b…`);
});

test('what is no function is refused', () => {
  assert.throws(() => outerWritesIn('function () { [native code] }'), SyntaxError);
});
