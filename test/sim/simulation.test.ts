import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import seeds from './seeds.json' with { type: 'json' };
import { drawSettings, replayCommand } from './settings.ts';
import { simulate, type Report } from './simulation.ts';

test('seeds that once failed, or that reach much, still pass', () => {
  for (const seed of seeds) runSeed(seed);
});

test('500 fresh seeds pass [D024 D026]', (t) => {
  const base = randomInt(2 ** 31);
  t.diagnostic(`the first of the fresh seeds is ${base}`);
  for (let seed = base; seed < base + 500; seed += 1) runSeed(seed);
});

test('two runs of one seed give the same commands', () => {
  for (const seed of [1, 2, 3]) assert.equal(runSeed(seed).trace, runSeed(seed).trace);
  assert.notEqual(runSeed(1).trace, runSeed(2).trace);
});

function runSeed(seed: number): Report {
  const settings = drawSettings(seed);
  try {
    return simulate({ settings, checkEvery: 1 });
  } catch (error) {
    const story = error instanceof Error ? error.message : String(error);
    throw new assert.AssertionError({ message: `${story}\nReplay it: ${replayCommand(settings)}` });
  }
}
