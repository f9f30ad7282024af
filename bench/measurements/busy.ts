import { Flow, Parameter } from 'heddle';
import { Piscina } from 'piscina';
import { onThreads, runQuietly } from '../lib/heddle.ts';
import type { Contender, Measurement, Round } from '../lib/measurement.ts';
import { busy as busyTask } from '../tasks/busy.ts';

const threads = 2;
const usualMs = 10;
const even = Array.from({ length: 400 }, () => usualMs);
const uneven = heavyTailed(400);

const works = { 'all of 10 ms': even, 'heavy-tailed': uneven };
const contenders = Object.entries(works).flatMap(([kind, durations]): Contender[] => [
  {
    name: `heddle, ${kind}`,
    goal: { atLeast: kind === 'heavy-tailed' ? 100 / 1.1 : 97 },
    open: (resources) => openFlow(resources, durations),
  },
  { name: `piscina, ${kind}`, open: (resources) => openByHand(resources, durations) },
]);

export const busy: Measurement = {
  name: 'busy',
  title:
    `400 tasks that are busy for 10 ms each on ${threads} warm threads, and 400 of heavy-tailed durations, the longest ` +
    'of them in the middle: the share of the time taken that is the least possible.',
  unit: '% of ideal',
  mostRounds: 3,
  warmUpRounds: 1,
  contenders,
  ratios: Object.keys(works).map((kind) => [`heddle, ${kind}`, `piscina, ${kind}`]),
};

async function openFlow(resources: AsyncDisposableStack, durations: readonly number[]): Promise<Round> {
  const executor = await onThreads(resources, threads);
  const flow = new Flow('busy', { executor }, () => ({ done: busyTask.map(new Parameter<number[]>('durations')) }));
  return () => shareOf(durations, async () => (await runQuietly(flow, { parameters: { durations } })).output.done);
}

function openByHand(resources: AsyncDisposableStack, durations: readonly number[]): Round {
  const filename = new URL('../peers/busy.ts', import.meta.url).href;
  const pool = new Piscina<number, number>({ filename, minThreads: threads, maxThreads: threads });
  resources.defer(() => pool.destroy());
  return () => shareOf(durations, () => Promise.all(durations.map((duration) => pool.run(duration))));
}

/** What the work took at the least, each part being as long as it really was, in percent of what it took. */
async function shareOf(durations: readonly number[], work: () => Promise<readonly number[]>): Promise<number> {
  const startedAt = performance.now();
  const done = await work();
  const tookMs = performance.now() - startedAt;
  if (done.length !== durations.length) throw new Error(`${durations.length} tasks gave ${done.length} results`);
  const busyMs = durations.reduce((sum, duration) => sum + duration, 0);
  return (100 * Math.max(busyMs / threads, ...durations)) / tookMs;
}

/** A Pareto distribution with the mean of the others, the same each time; a few tasks are as long as all the rest. */
function heavyTailed(count: number): number[] {
  const shape = 1.2;
  const raw = Array.from(
    { length: count },
    (_, index) => (1 - (((index * 7_919) % count) + 0.5) / count) ** (-1 / shape),
  );
  const scale = (usualMs * count) / raw.reduce((sum, duration) => sum + duration, 0);
  return raw.map((duration) => duration * scale);
}
