// npm run mutate [-- --count N] [--from N]
//
// Plants bugs in all cores and in what they are made of, one at a time, and runs the suites that are
// to catch them. A mutant that nobody catches survives; survivors that are known, with the reason, stand in
// survivors.json. Fails when fewer than 95 of 100 are caught, and for a survivor that is not known.

import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { mutantsOf, type Mutant } from './mutants.ts';
import survivors from './survivors.json' with { type: 'json' };

interface Room {
  readonly files: readonly string[];
  readonly suites: readonly string[];
  readonly isSimulated: boolean;
}

const test = (names: readonly string[]) => names.map((name) => `test/${name}.test.ts`);

/** What is mutated, and what sees it. */
const rooms: readonly Room[] = [
  {
    files: [
      'core',
      'array-record',
      'recalls',
      'exclusion',
      'blame',
      'few-chunks',
      'fleet',
      'keeping',
      'lineup',
      'queue',
      'limits',
      'delays',
      'pace',
      'suspects',
      'turns',
      'chunk-news',
    ].map((name) => `src/scheduler/${name}.ts`),
    suites: test(
      [
        'core',
        'ahead',
        'tails',
        'pieces',
        'losses',
        'release',
        'fleet',
        'pace',
        'placing',
        'keeping',
        'explain',
        'inability',
      ].map((name) => `scheduler/${name}`),
    ),
    isSimulated: true,
  },
  {
    files: ['src/scheduler/block-store.ts', 'src/scheduler/code-desk.ts'],
    suites: test(['scheduler/block-store', 'scheduler/code-desk', 'scheduler/scheduler']),
    isSimulated: false,
  },
  {
    files: ['src/lib/ranges.ts', 'src/lib/range-pages.ts', 'src/lib/heap.ts'],
    suites: test(['lib/ranges', 'lib/heap']),
    isSimulated: true,
  },
  {
    files: ['src/worker/core.ts', 'src/worker/thread-life.ts', 'src/worker/thread-turns.ts'],
    suites: test(['core', 'ahead', 'thread-life', 'thread-death', 'held-up'].map((name) => `worker/${name}`)),
    isSimulated: true,
  },
  { files: ['src/worker/memory-watch.ts'], suites: test(['worker/memory-watch']), isSimulated: false },
  { files: ['src/executors/roster.ts'], suites: test(['executors/roster']), isSimulated: false },
];
/** More than any suite takes; a mutant that takes longer runs in circles. */
const timeoutMs = 60_000;
const leastCaught = 0.95;

const { values } = parseArgs({
  options: { count: { type: 'string', default: '100' }, from: { type: 'string', default: '0' } },
});
const known = new Map(survivors.map(({ file, before, after, reason }) => [keyOf({ file, before, after }), reason]));

const folder = mkdtempSync(join(tmpdir(), 'heddle-mutants-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
for (const part of ['src', 'test', 'workers', 'package.json']) cpSync(part, join(folder, part), { recursive: true });
symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));

const roomOf = new Map(rooms.flatMap((room) => room.files.map((file) => [file, room] as const)));
const all = [...roomOf.keys()].flatMap((file) => mutantsOf(file, readFileSync(join(folder, file), 'utf8')));
const chosen = spread(all, Number(values.count), Number(values.from));
let caught = 0;
const strangers: Mutant[] = [];
for (const [number, mutant] of chosen.entries()) {
  const by = catcherOf(mutant);
  const reason = known.get(keyOf(mutant));
  if (by !== undefined) caught += 1;
  else if (reason === undefined) strangers.push(mutant);
  const fate = by === undefined ? `SURVIVED${reason === undefined ? '' : ` (known: ${reason})`}` : `caught by ${by}`;
  console.log(`${number + 1}/${chosen.length} ${mutant.file}:${mutant.line} ${fate}`);
  if (by === undefined) console.log(`  - ${mutant.before.trim()}\n  + ${mutant.after.trim()}`);
}
const share = caught / chosen.length;
console.log(
  `${caught} of ${chosen.length} caught (${(100 * share).toFixed(1)} %), out of ${all.length} possible mutants`,
);
if (share < leastCaught || strangers.length > 0) process.exitCode = 1;

/** Which suite turns red: first the examples, then the simulation. */
function catcherOf(mutant: Mutant): string | undefined {
  const path = join(folder, mutant.file);
  const original = readFileSync(path, 'utf8');
  const lines = original.split('\n');
  lines[mutant.line - 1] = mutant.after;
  writeFileSync(path, lines.join('\n'));
  const { suites, isSimulated } = roomOf.get(mutant.file)!;
  try {
    if (!passes(['--test', '--test-isolation=none', ...suites])) return 'the tests';
    return !isSimulated || passes(['test/sim/run.ts', '--seed', '1', '--seeds', '100']) ? undefined : 'the simulation';
  } finally {
    writeFileSync(path, original);
  }
}

function passes(args: readonly string[]): boolean {
  const options = { cwd: folder, timeout: timeoutMs, killSignal: 'SIGKILL', stdio: 'ignore' } as const;
  return spawnSync(process.execPath, args, options).status === 0;
}

/** So many of them, evenly from all; another `from` takes others. */
function spread(mutants: readonly Mutant[], count: number, from: number): Mutant[] {
  const step = Math.max(1, mutants.length / count);
  const positions = Array.from({ length: Math.min(count, mutants.length) }, (_, index) => Math.floor(index * step));
  return positions.map((position) => mutants[(position + from) % mutants.length]!);
}

function keyOf({ file, before, after }: Pick<Mutant, 'file' | 'before' | 'after'>): string {
  return [file, before.trim(), after.trim()].join('\n');
}
