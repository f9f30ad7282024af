// node test/sim/run.ts [--seed N] [--seeds COUNT] [--workers N] [--width N] [--stages N] [--check N]
//
// Prints one line a seed and, when a seed fails, the command that replays it. What is not told is drawn from the seed.

import { parseArgs } from 'node:util';
import { drawSettings, replayCommand, type Settings } from './settings.ts';
import { simulate } from './simulation.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '1' },
    workers: { type: 'string' },
    width: { type: 'string' },
    stages: { type: 'string' },
    check: { type: 'string', default: '1' },
  },
});

const first = Number(values.seed);
for (let seed = first; seed < first + Number(values.seeds); seed += 1) {
  const settings = settingsOf(seed);
  const startedAt = performance.now();
  try {
    const report = simulate({ settings, checkEvery: Number(values.check) });
    const wallMs = performance.now() - startedAt;
    const eventsPerSecond = Math.round((report.events / wallMs) * 1_000);
    console.log(JSON.stringify({ ...settings, ...report, wallMs: Math.round(wallMs), eventsPerSecond }));
  } catch (error) {
    console.error(`FAILED: ${replayCommand(settings)}`);
    throw error;
  }
}

function settingsOf(seed: number): Settings {
  const drawn = drawSettings(seed);
  const told = (name: 'workers' | 'width' | 'stages') => Number(values[name] ?? drawn[name]);
  return { seed, workers: told('workers'), width: told('width'), stages: told('stages') };
}
