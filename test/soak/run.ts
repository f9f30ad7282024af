// npm run soak [-- --minutes N] [--seed N]
//
// Real flows on a real scheduler, for minutes, while worker processes are killed, stopped, drained, and join. At the end
// every task run has come to the end that it must come to, exactly once, and the scheduler holds no more than before.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { Flow, unmapped, type State } from 'heddle';
import { DistributedExecutor } from 'heddle/executors';
import { Prng } from '../sim/prng.ts';
import { Fleet } from './fleet.ts';
import { double, endsItsThread, entryLength, failsAlways, failsAtFirst, step } from './tasks.ts';

interface Sample {
  readonly at: number;
  readonly heapUsed: number;
  readonly rss: number;
  readonly settled: number;
  readonly lost: number;
  readonly workers: number;
}

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, seed: { type: 'string', default: '1' } },
});
const width = 5_000;
const flowsAtOnce = 2;
/** More than this, over the second half of the time, is a leak; of all pages, some stay that hold next to nothing. */
const mostGrowth = { heap: 16 * 2 ** 20, rss: 64 * 2 ** 20 };

process.env['HEDDLE_TOKEN'] ??= 'soak';
const folder = mkdtempSync(join(tmpdir(), 'heddle-soak-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
writeFileSync(join(folder, 'ledger'), '');

const samples: Sample[] = [];
const scheduler = spawn(process.execPath, ['--expose-gc', join(import.meta.dirname, 'scheduler.ts')], {
  stdio: ['pipe', 'pipe', 'inherit'],
});
const lines = createInterface({ input: scheduler.stdout });
const [first] = (await once(lines, 'line')) as [string];
const { url } = JSON.parse(first) as { url: string };
lines.on('line', (line) => samples.push(JSON.parse(line) as Sample));

const until = performance.now() + Number(values.minutes) * 60_000;
const fleet = new Fleet({ url, codeDirectory: join(folder, 'code'), prng: new Prng(Number(values.seed)) });
let [flowRuns, taskRuns] = [0, 0];
fleet.trouble();
const calming = setTimeout(() => fleet.calm(), until - performance.now());
await Promise.all(Array.from({ length: flowsAtOnce }, () => runFlows()));
clearTimeout(calming);
fleet.calm();
scheduler.stdin.end();
await once(scheduler, 'exit');
await fleet[Symbol.asyncDispose]();
report();

async function runFlows(): Promise<void> {
  while (performance.now() < until) {
    flowRuns += 1;
    const run = flowRuns;
    const flow = new Flow(`soak-${run}`, () => {
      const xs = Array.from({ length: width }, (_, x) => x);
      const stepped = step.map(xs, unmapped(run), unmapped(folder));
      return { stepped, doubled: double.map(stepped) };
    });
    const state = await flow.run({ executor: new DistributedExecutor(url), onLog: () => {} });
    check(state.of('step'), state.of('double'), run);
    taskRuns += 2 * width;
  }
}

/** Every index has the one state, and the one value, that it must have. */
function check(stepped: State, doubled: State, run: number): void {
  assert.deepEqual([stepped.children.length, doubled.children.length], [width, width]);
  for (let x = 0; x < width; x += 1) {
    const [one, two] = [stepped.children[x]!, doubled.children[x]!];
    const expected = failsAlways(x) ? ['Failed', 'TriggerFailed'] : ['Success', 'Success'];
    assert.deepEqual([one.type, two.type], expected, `index ${x} of run ${run}: ${one.message}; ${two.message}`);
    if (!failsAlways(x)) assert.deepEqual([one.result, two.result], [x + run, 2 * (x + run)]);
  }
}

function report(): void {
  const { starts, fewest } = readLedger();
  const last = samples.at(-1)!;
  const [heap, rss] = [growthOf(({ heapUsed }) => heapUsed), growthOf((sample) => sample.rss)];
  const needed = flowRuns * leastStarts();
  const summary = { minutes: Number(values.minutes), seed: Number(values.seed), flowRuns, taskRuns, ...fleet.counts };
  console.log(
    JSON.stringify({ ...summary, settled: last.settled, lost: last.lost, starts, startedAgain: starts - needed }),
  );
  for (const [name, { from, to, perMinute }] of Object.entries({ heap, rss })) {
    console.log(`scheduler's ${name}: ${mb(from)} to ${mb(to)} over the second half, ${mb(perMinute)} a minute`);
  }

  assert.equal(last.settled, taskRuns, 'the scheduler counts another number of outcomes than there are task runs');
  assert.equal(fewest, '', 'some task runs have an outcome and were not started as often as that takes');
  assert.ok(starts >= needed);
  const mostStarts = needed + last.lost;
  assert.ok(starts <= mostStarts, `${starts - mostStarts} task runs were started again, and none of them was lost`);
  assert.ok(heap.to - heap.from < mostGrowth.heap, 'the scheduler holds more and more');
  assert.ok(rss.to - rss.from < mostGrowth.rss, 'the process of the scheduler takes more and more memory');
  for (let run = 1; run <= flowRuns; run += 1) {
    for (let x = 0; x < width; x += 1) {
      if (endsItsThread(x)) assert.ok(existsSync(join(folder, `ended-${run}-${x}`)), 'no thread was ended');
    }
  }
}

/** How often an index has to be started to come to its end. */
function startsOf(x: number): number {
  return failsAlways(x) || failsAtFirst(x) || endsItsThread(x) ? 2 : 1;
}

function leastStarts(): number {
  let starts = 0;
  for (let x = 0; x < width; x += 1) starts += startsOf(x);
  return starts;
}

/** How many starts there were, and the first task run that was not started often enough. */
function readLedger(): { starts: number; fewest: string } {
  const bytes = readFileSync(join(folder, 'ledger'));
  const counts = new Uint32Array((flowRuns + 1) * width);
  const starts = bytes.length / entryLength;
  assert.ok(Number.isInteger(starts), 'the ledger has half an entry');
  for (let at = 0; at < bytes.length; at += entryLength) {
    counts[bytes.readUInt32LE(at) * width + bytes.readUInt32LE(at + 4)]! += 1;
  }
  for (let run = 1; run <= flowRuns; run += 1) {
    for (let x = 0; x < width; x += 1) {
      if (counts[run * width + x]! < startsOf(x)) return { starts, fewest: `index ${x} of run ${run}` };
    }
  }
  return { starts, fewest: '' };
}

/** The slope of a line through the second half of the samples, by least squares. */
function growthOf(figureOf: (sample: Sample) => number): { from: number; to: number; perMinute: number } {
  const half = samples.slice(Math.floor(samples.length / 2));
  const mean = (figures: readonly number[]) => figures.reduce((sum, figure) => sum + figure, 0) / figures.length;
  const [x, y] = [half.map(({ at }) => at / 60_000), half.map(figureOf)];
  const [meanX, meanY] = [mean(x), mean(y)];
  const perMinute =
    mean(x.map((each, index) => (each - meanX) * (y[index]! - meanY))) / mean(x.map((each) => (each - meanX) ** 2));
  const minutes = x.at(-1)! - x[0]!;
  return { from: meanY - (perMinute * minutes) / 2, to: meanY + (perMinute * minutes) / 2, perMinute };
}

function mb(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MB`;
}
