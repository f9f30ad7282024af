// The rules of the house that a machine can keep.

import assert from 'node:assert/strict';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { blank, filesOf, read, sourceOf, type Source } from './source.ts';

/** From the ground up. What stands on one floor never sees its neighbours. */
const floors = [
  ['lib'],
  ['values', 'code', 'config', 'schedules'],
  ['results', 'protocol'],
  ['flow'],
  ['views'],
  ['engine', 'comm'],
  ['scheduler', 'worker'],
  ['executors', 'notifications', 'workers/thread.ts', 'workers/remote.ts'],
  ['cli', 'index.ts'],
];

/** What each room may import. A new arrow here is a decision, and a commit of its own. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  values: ['lib'],
  code: ['lib'],
  config: ['lib'],
  schedules: ['lib'],
  results: ['values', 'code', 'config', 'lib'],
  views: ['flow', 'lib'],
  flow: ['results', 'values', 'code', 'config', 'lib'],
  protocol: ['lib'],
  engine: ['views', 'flow', 'results', 'schedules', 'config', 'values', 'code', 'lib'],
  comm: ['protocol', 'lib'],
  scheduler: ['comm', 'protocol', 'lib'],
  worker: ['comm', 'protocol', 'lib'],
  executors: ['engine', 'scheduler', 'worker', 'comm', 'protocol', 'code', 'lib'],
  notifications: ['engine', 'views', 'flow', 'lib'],
  cli: ['comm', 'executors', 'engine', 'scheduler', 'config', 'lib'],
  'index.ts': ['executors', 'notifications', 'engine', 'results', 'config', 'flow', 'values', 'lib'],
  'workers/thread.ts': ['engine', 'values', 'code', 'lib'],
  'workers/remote.ts': ['worker', 'comm', 'protocol', 'code', 'lib'],
};

/** Which room may know which package: what is wrapped once is wrapped for all. */
const packages: Readonly<Record<string, readonly string[]>> = {
  '@hpcc-js/wasm-graphviz': ['views'],
  acorn: ['code'],
  commander: ['cli'],
  croner: ['schedules'],
  esbuild: ['code'],
  msgpackr: ['results', 'protocol'],
  nanoid: ['engine', 'scheduler'],
  piscina: ['worker'],
  rrule: ['schedules'],
  'smol-toml': ['config'],
  ws: ['comm'],
};

/** Rooms that would hold whatever has no place of its own. */
const noRooms = ['utils', 'util', 'common', 'types', 'helpers', 'core', 'shared', 'misc'];

const maxFileLines = 400;
const maxFunctionLines = 70;
const maxColumns = 120;

const house = filesOf(['src', 'workers'], ['.ts']).map(sourceOf);
const around = filesOf(['test', 'examples', 'bench'], ['.ts']).map(sourceOf);
const sources = [...house, ...around];
const byPath = new Map(sources.map((source) => [source.path, source]));

test('every room of the house is in the table, and none is a drawer for odds and ends', () => {
  const rooms = new Set(house.map(({ path }) => roomOf(path)));

  assert.deepEqual([...rooms].sort(), Object.keys(mayImport).sort());
  assert.deepEqual(floors.flat().sort(), Object.keys(mayImport).sort());
  assert.deepEqual(
    [...rooms].filter((room) => noRooms.includes(room)),
    [],
  );
});

test('arrows of the table go down only', () => {
  const floorOf = (room: string) => floors.findIndex((rooms) => rooms.includes(room));

  const upward = Object.entries(mayImport).flatMap(([room, others]) =>
    others.filter((other) => floorOf(other) >= floorOf(room)).map((other) => `${room} → ${other}`),
  );

  assert.deepEqual(upward, []);
});

test('rooms import what the table lets them', () => {
  const strays = house.flatMap(({ path, imports }) => {
    const room = roomOf(path);
    const allowed = [room, ...(mayImport[room] ?? [])];
    const files = imports.flatMap(({ file }) => file ?? []);
    return files.filter((file) => !allowed.includes(roomOf(file))).map((file) => `${path} → ${file}`);
  });

  assert.deepEqual(strays, []);
});

test('a package is imported by the rooms that wrap it, and is a dependency', () => {
  const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> };

  const strays = house.flatMap(({ path, imports }) =>
    imports
      .filter(({ from, file }) => file === undefined && !from.startsWith('node:'))
      .map(({ from }) => /^(?:@[^/]+\/)?[^/]+/.exec(from)![0])
      .filter((name) => dependencies[name] === undefined || packages[name]?.includes(roomOf(path)) !== true)
      .map((name) => `${path} → ${name}`),
  );

  assert.deepEqual(strays, []);
});

test('invariant 1: scheduler and worker never import flow or engine, not even by way of others', () => {
  assert.deepEqual(pathsBetween(['scheduler', 'worker'], ['flow', 'engine']), []);
});

test('invariant 2: engine never imports comm, protocol, scheduler or worker, not even by way of others', () => {
  assert.deepEqual(pathsBetween(['engine'], ['comm', 'protocol', 'scheduler', 'worker']), []);
});

test('what runs a flow and what runs its tasks know nothing of each other: they meet in the room around them', () => {
  const [flowRun, taskRun] = ['src/engine/flow-run/', 'src/engine/task-run/'];
  const filesIn = (folder: string) => house.filter(({ path }) => path.startsWith(folder));
  const importsOf = (files: readonly Source[], folder: string) =>
    files.flatMap(({ path, imports }) =>
      imports.filter(({ file }) => file?.startsWith(folder)).map(({ file }) => `${path} → ${file}`),
    );

  assert.ok(filesIn(flowRun).length > 10 && filesIn(taskRun).length > 10);
  assert.deepEqual([...importsOf(filesIn(flowRun), taskRun), ...importsOf(filesIn(taskRun), flowRun)], []);
});

const impure: Readonly<Record<string, RegExp>> = {
  await: /\b(?:await|async)\b/,
  promise: /\bnew Promise\b|\bPromise\./,
  clock: /\bDate\.now\b|\bnew Date\(\)|(?<!new )\bDate\(|\bperformance\b|\bhrtime\b|\bTemporal\b/,
  timer: /\b(?:set(?:Timeout|Interval|Immediate)|queueMicrotask|nextTick)\b/,
  chance: /\bMath\.random\b|\bcrypto\b|\brandomUUID\b|\bnanoid\b/,
  log: /\bconsole\b/,
  world: /\bprocess\b|\bglobalThis\b/,
};

/** They decide: events in, commands out. What they import is as pure as they are. */
const cores = ['src/scheduler/core.ts', 'src/worker/core.ts', 'src/worker/thread-life.ts', 'src/executors/roster.ts'];

test('invariant 3: the cores have no await, clock, timer, chance or log', () => {
  const files = new Set(cores.flatMap((core) => reachableFrom(core)));

  assert.ok(files.size > 10);
  assert.deepEqual([...files].flatMap(impuritiesOf), []);
});

test('a flow as written is pure: building it does nothing but note it', () => {
  // Signals are thrown while tasks run, and one of them says when to try again.
  const files = house.filter(({ path }) => roomOf(path) === 'flow' && path !== 'src/flow/signals.ts');

  assert.deepEqual(files.flatMap(impuritiesOf), []);
});

test('the ground floor is pure, but for our version, what a thread shares, clocks, late parts of Node, stderr', () => {
  const impureOnes = [
    'version',
    'process-wide',
    'alarm',
    'vigil',
    'in-time',
    'lazy-node',
    'inspector',
    'standard-error',
  ].map((name) => `src/lib/${name}.ts`);
  const files = house.filter(({ path }) => roomOf(path) === 'lib' && !impureOnes.includes(path));

  assert.deepEqual(files.flatMap(impuritiesOf), []);
});

test('progress is text made from numbers, and nothing else', () => {
  assert.deepEqual(impuritiesOf(byPath.get('src/engine/flow-run/progress.ts')!), []);
});

test(`a file has at most ${maxFileLines} lines`, () => {
  const long = sources.filter(({ lines }) => lines.length - 1 > maxFileLines);

  assert.deepEqual(
    long.map(({ path, lines }) => `${path}: ${lines.length - 1}`),
    [],
  );
});

test(`a line has at most ${maxColumns} columns; in tests, a text may make it longer`, () => {
  const inHouse = house.flatMap(({ path, lines }) => longLinesOf(path, lines));
  const outside = around.flatMap(({ path, lines, code }) => {
    const withoutTexts = code.split('\n').map((line, index) => {
      return `${/^\s*/.exec(lines[index]!)![0]}${line.trim().replaceAll(/\s+/g, ' ')}`;
    });
    return longLinesOf(path, withoutTexts);
  });

  assert.deepEqual([...inHouse, ...outside], []);
});

test(`a function has at most ${maxFunctionLines} lines`, () => {
  const long = house.flatMap((source) =>
    functionsOf(source)
      .filter(({ length }) => length > maxFunctionLines)
      .map(({ line, length }) => `${source.path}:${line}: ${length}`),
  );

  assert.deepEqual(long, []);
});

test('what is exported is imported somewhere', () => {
  const used = new Set<string>(['src/index.ts *', 'src/executors/index.ts *', 'src/schedules/index.ts *']);
  for (const { imports } of sources)
    for (const { names, file } of imports) for (const name of names) used.add(`${file} ${name}`);

  const dead = house
    .filter(({ path }) => !path.startsWith('workers/') && !used.has(`${path} *`))
    .flatMap((source) => exportsOf(source).map((name) => ({ source, name })))
    .filter(({ source, name }) => !used.has(`${source.path} ${name}`) && !isPartOfSignature(source, name))
    .map(({ source, name }) => `${source.path} ${name}`);

  assert.deepEqual(dead, []);
});

test('exports have names, but for the one that piscina asks for', () => {
  const defaults = house.filter(({ code }) => /^export default\b|\bas default\b/m.test(code));

  assert.deepEqual(
    defaults.map(({ path }) => path),
    ['workers/thread.ts'],
  );
});

test('files of ours are imported by their whole name, ending included', () => {
  const strays = sources.flatMap(({ path, imports }) =>
    imports
      .filter(({ from }) => from.startsWith('.') && !/\.(?:ts|json)(?:\?.*)?$/.test(from))
      .map(({ from }) => `${path} → ${from}`),
  );

  assert.deepEqual(strays, []);
});

test('nothing is left to do, and nothing is left lying about', () => {
  const marks = ['TODO', 'FIXME', 'XXX', 'HACK'].filter((mark) => mark.length > 0);
  const found = sources
    .filter(({ path }) => path !== 'test/tidy.test.ts')
    .flatMap(({ path, lines }) =>
      lines.flatMap((line, index) =>
        marks.some((mark) => new RegExp(`\\b${mark}\\b`).test(line)) ? `${path}:${index + 1}` : [],
      ),
    );

  assert.deepEqual(found, []);
  assert.deepEqual(
    sources.filter(({ code }) => /\bdebugger\b|\b(?:test|it|describe)\.only\(/.test(code)).map(({ path }) => path),
    [],
  );
});

test('only the command line writes to the console, one file listens to it, and one tells it from other values', () => {
  const free = ['src/engine/task-run/output-capture.ts', 'src/values/kinds.ts'];
  const isFree = (path: string) => roomOf(path) === 'cli' || free.includes(path);
  const chatty = house.filter(({ path, code }) => !isFree(path) && /\bconsole\b/.test(code));

  assert.deepEqual(
    chatty.map(({ path }) => path),
    [],
  );
});

test('no file mentions the machine that it was written on, or a registry of packages', () => {
  const endings = ['.ts', '.js', '.cjs', '.mjs', '.json', '.md', '.yml', '.yaml', '.svg', 'run', '.npmrc', 'rc.json'];
  const places = [join(import.meta.dirname, '..'), homedir()].filter((place) => place.split(/[/\\]/).length > 2);
  const patterns = [
    /(?<![\w.])\/(?:work|root|home|Users)\/\w/,
    /\bregistry\.[\w-]+\.(?:org|com|dev|io)\b/,
    /verdaccio/i,
  ];

  const found = filesOf(['.'], endings).flatMap((path) => {
    const text = read(path);
    const mentions = places.some((place) => text.includes(place)) || patterns.some((pattern) => pattern.test(text));
    return mentions && path !== 'test/tidy.test.ts' ? [path] : [];
  });

  assert.deepEqual(found, []);
});

test('the lockfile names versions and hashes, and no address that they came from', () => {
  const addresses = read('package-lock.json').match(/"resolved": "(?!file:)[^"]*:[^"]*"/g);

  assert.deepEqual(addresses ?? [], []);
});

test('what tests write among the sources is in folders that no tool looks into, nor these rules', () => {
  const making = sources.flatMap(({ lines }) => lines.filter((line) => /\bmkdtemp\w*\(/.test(line)));
  const amongUs = making.filter((line) => !line.includes('tmpdir()'));

  assert.deepEqual(
    amongUs.filter((line) => !/'(?:test\/(?:\w+\/)*)?\.[\w-]+'/.test(line)),
    [],
  );
  assert.ok(read('.gitignore').includes('\n/test/**/.*/\n'));
});

test('what this file takes for code is code', () => {
  const text = [
    `const a = 'a // b'; // await`,
    'const b = `x ${call({ c: `y ${d} z` })} await`;',
    `const c = /[/'"]await/.test(e) && f / g / 2; /* await`,
    `await */ const h = "it's";`,
  ].join('\n');

  const code = blank(text, true);

  assert.equal(code.length, text.length);
  assert.equal(
    code.replaceAll(/ +/g, ' ').replaceAll(/ +$/gm, ''),
    ['const a = ;', 'const b = call({ c: d }) ;', 'const c = .test(e) && f / g / 2;', ' const h = ;'].join('\n'),
  );
  assert.match(blank(text, false), /^const a = 'a \/\/ b'; +$/m);
});

function roomOf(path: string): string {
  const [top, room] = path.split('/');
  return top === 'src' ? room! : path;
}

function longLinesOf(path: string, lines: readonly string[]): string[] {
  return lines.flatMap((line, index) => (line.length > maxColumns ? `${path}:${index + 1}` : []));
}

/** Every file of ours that this one imports, itself first, then those that they import, and so on. */
function reachableFrom(path: string): Source[] {
  const reached = new Set([byPath.get(path)!]);
  for (const { imports } of reached) {
    for (const { file = '' } of imports) {
      const source = byPath.get(file);
      if (source !== undefined) reached.add(source);
    }
  }
  return [...reached];
}

function pathsBetween(from: readonly string[], to: readonly string[]): string[] {
  const starts = house.filter(({ path }) => from.includes(roomOf(path)));
  return starts.flatMap(({ path }) =>
    reachableFrom(path)
      .filter((reached) => to.includes(roomOf(reached.path)))
      .map((reached) => `${path} → … → ${reached.path}`),
  );
}

function impuritiesOf({ path, code, imports }: Source): string[] {
  const found = Object.entries(impure).filter(([, pattern]) => pattern.test(code));
  const modules = imports.filter(({ from, file }) => file === undefined && from !== 'node:assert/strict');
  return [...found.map(([what]) => `${path}: ${what}`), ...modules.map(({ from }) => `${path}: ${from}`)];
}

function exportsOf({ code, imports }: Source): string[] {
  const declared =
    /^export (?:declare )?(?:abstract )?(?:async )?(?:function\*?|class|const|let|interface|type) (\w+)/gm;
  const listed = /^export (?:type )?\{([^}]*)\};/gm;
  return [
    ...[...code.matchAll(declared)].map(([, name]) => name!),
    ...[...code.matchAll(listed)].flatMap(([, names]) =>
      names!.split(',').map((name) => name.trim().split(' as ').at(-1)!),
    ),
    ...imports.filter(({ isExport }) => isExport).flatMap(({ names }) => names.filter((name) => name !== '*')),
  ].filter((name) => name !== '');
}

/** A type that another export of its file is written with: whoever imports that one may want to name it. */
function isPartOfSignature({ code }: Source, name: string): boolean {
  const isDeclaredHere = new RegExp(`^export (?:interface|type) ${name}\\b`, 'm').test(code);
  return isDeclaredHere && code.match(new RegExp(`\\b${name}\\b`, 'g'))!.length > 1;
}

/** Blocks that the formatter opens at the end of a line and closes at the same depth, but for classes and the like. */
function functionsOf({ code }: Source): { line: number; length: number }[] {
  const lines = code.split('\n');
  return lines.flatMap((line, index) => {
    const isFunction =
      /(?:=>|\)(?:: [^=]+)?) \{$/.test(line) && !/^\s*(?:\} )?(?:if|for|while|switch|catch|else)\b/.test(line);
    if (!isFunction) return [];
    const depth = /^\s*/.exec(line)![0];
    const end = lines.findIndex((other, at) => at > index && other.startsWith(`${depth}}`));
    return [{ line: index + 1, length: end - index + 1 }];
  });
}
