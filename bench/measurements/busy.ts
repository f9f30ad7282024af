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
/** Each thread has its half of the work from the start, and is told nothing in between: more is not to be had. */
const halves: Contender = {
  name: 'piscina, a half each, all of 10 ms',
  open: (resources) => {
    const pool = openPool<readonly number[], number[]>(resources, 'busy-list.ts');
    const parts = [even.slice(0, even.length / threads), even.slice(even.length / threads)];
    return () => shareOf(even, async () => (await Promise.all(parts.map((part) => pool.run(part)))).flat());
  },
};

export const busy: Measurement = {
  name: 'busy',
  title:
    `400 tasks that are busy for 10 ms each on ${threads} warm threads, and 400 of heavy-tailed durations, the longest ` +
    'of them in the middle: the share of the time taken that is the least possible. For scale, the even ones with a ' +
    'half given to each thread at once, so that nothing but the machine takes time of theirs.',
  unit: '% of ideal',
  mostRounds: 3,
  warmUpRounds: 1,
  contenders: [...contenders, halves],
  ratios: [
    ...Object.keys(works).map((kind): [string, string] => [`heddle, ${kind}`, `piscina, ${kind}`]),
    ['heddle, all of 10 ms', halves.name],
  ],
};

async function openFlow(resources: AsyncDisposableStack, durations: readonly number[]): Promise<Round> {
  const executor = await onThreads(resources, threads);
  const flow = new Flow('busy', { executor }, () => ({ done: busyTask.map(new Parameter<number[]>('durations')) }));
  return () => shareOf(durations, async () => (await runQuietly(flow, { parameters: { durations } })).output.done);
}

function openByHand(resources: AsyncDisposableStack, durations: readonly number[]): Round {
  const pool = openPool<number, number>(resources, 'busy.ts');
  return () => shareOf(durations, () => Promise.all(durations.map((duration) => pool.run(duration))));
}

function openPool<In, Out>(resources: AsyncDisposableStack, file: string): Piscina<In, Out> {
  const filename = new URL(`../peers/${file}`, import.meta.url).href;
  const pool = new Piscina<In, Out>({ filename, minThreads: threads, maxThreads: threads });
  resources.defer(() => pool.destroy());
  return pool;
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
