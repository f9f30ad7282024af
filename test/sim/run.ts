// npm run sim [-- --seed N] [--seeds COUNT] [--workers N] [--width N] [--stages N] [--waves N] [--trouble N]
//             [--check N] [--largest]
//
// Without options, 10,000 seeds on all cores. Prints the command that replays a seed that fails; with few seeds, also a
// line for each of them. What is not told is drawn from the seed. The largest run has 10,000 workers and ten million
// indices.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { drawSettings, largest, replayCommand, type Settings } from './settings.ts';
import { simulate, type Report } from './simulation.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string' },
    /** Only every so manieth seed. */
    step: { type: 'string', default: '1' },
    workers: { type: 'string' },
    width: { type: 'string' },
    stages: { type: 'string' },
    waves: { type: 'string' },
    trouble: { type: 'string' },
    largest: { type: 'boolean', default: false },
    check: { type: 'string' },
  },
});

const first = Number(values.seed ?? 1);
const count = Number(values.seeds ?? (values.seed === undefined && !values.largest ? 10_000 : 1));
const step = Number(values.step);
const fewSeeds = 100;
/** Walking through all that the largest run has takes as long as thousands of events. */
const checkEvery = Number(values.check ?? (values.largest ? 200_000 : 1));

const bounds = ['--max-old-space-size=320', '--max-semi-space-size=16'];

if (count > fewSeeds && step === 1) await runOnAllCores();
else if (values.largest && !process.execArgv.includes(bounds[0]!)) await runBounded();
else for (let seed = first; seed < first + count; seed += step) runSeed(seed);

function runSeed(seed: number): void {
  const settings = settingsOf(seed);
  const startedAt = performance.now();
  try {
    const report = simulate({ settings, checkEvery });
    const wallMs = performance.now() - startedAt;
    const eventsPerSecond = Math.round((report.events / wallMs) * 1_000);
    console.log(JSON.stringify({ ...settings, ...report, wallMs: Math.round(wallMs), eventsPerSecond }));
  } catch (error) {
    console.error(`FAILED: ${replayCommand(settings)}`);
    throw error;
  }
}

function settingsOf(seed: number): Settings {
  const drawn = { ...drawSettings(seed), ...(values.largest && largest) };
  const told = (name: 'workers' | 'width' | 'stages' | 'waves' | 'trouble') => Number(values[name] ?? drawn[name]);
  const [workers, width, stages] = [told('workers'), told('width'), told('stages')];
  return { seed, workers, width, stages, waves: told('waves'), trouble: told('trouble') };
}

/** In a process that may not let garbage lie about for long: it needs less than 500 MB. */
async function runBounded(): Promise<void> {
  const args = [...bounds, import.meta.filename, ...process.argv.slice(2)];
  const [code] = (await once(spawn(process.execPath, args, { stdio: 'inherit' }), 'close')) as [number | null];
  process.exitCode = code ?? 1;
}

/** A process for each core takes every so manieth seed. All end when one of them fails. */
async function runOnAllCores(): Promise<void> {
  const startedAt = performance.now();
  const cores = availableParallelism();
  const totals = {
    seeds: 0,
    events: 0,
    chunks: 0,
    ahead: 0,
    recalls: 0,
    returns: 0,
    deaths: 0,
    lies: 0,
    crashed: 0,
    declined: 0,
  };
  const own = process.argv.slice(2);
  const children = Array.from({ length: cores }, (_, core): ChildProcess => {
    const part = ['--seed', String(first + core), '--seeds', String(count - core), '--step', String(cores)];
    const child = spawn(process.execPath, [import.meta.filename, ...own, ...part], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    createInterface({ input: child.stdout }).on('line', (line) => {
      const report = JSON.parse(line) as Report;
      totals.seeds += 1;
      for (const key of [
        'events',
        'chunks',
        'ahead',
        'recalls',
        'returns',
        'deaths',
        'lies',
        'crashed',
        'declined',
      ] as const)
        totals[key] += report[key];
      if (totals.seeds % 1_000 === 0) console.log(`${totals.seeds} of ${count} seeds passed`);
    });
    return child;
  });
  const codes = children.map(async (child) => {
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) for (const other of children) other.kill();
    return code;
  });
  const hasFailed = (await Promise.all(codes)).some((code) => code !== 0);
  const seconds = Math.round((performance.now() - startedAt) / 1_000);
  console.log(JSON.stringify({ ...totals, seconds }));
  if (hasFailed || totals.seeds !== count) process.exitCode = 1;
}
