import { SchedulerCore, type Command } from '../../src/scheduler/core.ts';
import { usualOptions } from '../../src/scheduler/events.ts';
import { LocalExecutor } from 'heddle/executors';
import { chainedTrips } from '../lib/heddle.ts';
import type { Contender, Measurement } from '../lib/measurement.ts';

interface Size {
  readonly workers: number;
  readonly arrays: number;
  /** Of each array. */
  readonly indices: number;
}

type Run = Extract<Command, { type: 'run-chunk' }>;

const chunks = 200_000;
/** What an index takes: as long as a chunk should, so that each holds one. */
const busyMs = usualOptions.targetChunkMs;
const sizes: readonly Size[] = [
  { workers: 10, arrays: 1, indices: 10_000_000 },
  { workers: 1_000, arrays: 1, indices: 10_000_000 },
  { workers: 10_000, arrays: 1, indices: 10_000_000 },
  { workers: 10_000, arrays: 1_000, indices: 10_000 },
];

/** Each worker is told what to run, and says that it is done, and so through with it. */
function chunksPerSecond({ workers, arrays, indices }: Size): number {
  const core = new SchedulerCore({ heartbeatTimeoutMs: 15_000 });
  /** In the order in which they were handed out, which is that in which they end: nobody keeps what was done. */
  const running: (Run | undefined)[] = [];
  let now = 0;
  const keep = (commands: readonly Command[]) => {
    for (const command of commands) if (command.type === 'run-chunk') running.push(command);
  };
  for (let worker = 0; worker < workers; worker += 1) {
    keep(core.handle({ type: 'worker-joined', worker: `worker-${worker}`, threads: 1 }, now));
  }
  const nothing = { priority: 0, elementwise: [], whole: [], given: [] };
  const spec = (array: number) => ({ array, client: 'run', length: indices, ...nothing });
  keep(core.handle({ type: 'arrays-submitted', arrays: Array.from({ length: arrays }, (_, id) => spec(id)) }, now));

  const startedAt = performance.now();
  for (let done = 0; done < chunks; done += 1) {
    const { worker, attempt, ranges } = running[done]!;
    running[done] = undefined;
    now += 0.001;
    keep(core.handle({ type: 'indices-settled', worker, attempt, range: ranges[0]!, busyMs, isLast: true }, now));
  }
  return chunks / ((performance.now() - startedAt) / 1_000);
}

const contenders = sizes.map((size): Contender => {
  const { workers, arrays } = size;
  const name = `${workers.toLocaleString('en')} workers${arrays === 1 ? '' : `, ${arrays.toLocaleString('en')} arrays`}`;
  return { name, open: () => open(size), goal: { atLeast: 300_000 } };
});

/** All that runs a flow is loaded, as beside any scheduler: the less lives in a heap, the oftener V8 cleans it. */
async function open(size: Size) {
  await chainedTrips(new LocalExecutor(), 1)();
  return () => Promise.resolve(chunksPerSecond(size));
}

export const core: Measurement = {
  name: 'core',
  title:
    `chunks that the scheduler's core hands out and takes back in a second, ${chunks.toLocaleString('en')} of one index ` +
    'each, out of ten million that are there; nothing but the core runs.',
  unit: 'chunks/s',
  contenders,
  ratios: [],
};
