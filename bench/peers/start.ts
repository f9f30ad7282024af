// A fresh process that does one thing and says how many milliseconds that took.

/** The names of what it can do. */
export type Start = keyof typeof starts;

const starts = {
  'import heddle': () => msOf(() => import('heddle')),
  'import piscina': () => msOf(() => import('piscina')),
  'first result, heddle': async () => {
    const { Flow } = await import('heddle');
    const { DistributedExecutor, LocalCluster } = await import('heddle/executors');
    const { inc } = await import('../tasks/inc.ts');
    return await msOf(async () => {
      const cluster = new LocalCluster({ workers: 2 });
      await cluster.start();
      const executor = new DistributedExecutor(() => cluster);
      const state = await new Flow('first', { executor }, () => ({ result: inc(1) })).run({ onLog: () => {} });
      if (state.output.result !== 2) throw new Error(state.message, { cause: state.error });
    });
  },
  'first result, piscina': async () => {
    const { Piscina } = await import('piscina');
    const filename = new URL('inc.ts', import.meta.url).href;
    return await msOf(async () => {
      const pool = new Piscina({ filename, minThreads: 2, maxThreads: 2 });
      const result: unknown = await pool.run(1);
      if (result !== 2) throw new Error(`expected 2, got ${String(result)}`);
    });
  },
};

// What was started is not closed: the process ends with it.
process.send?.(await starts[process.argv[2] as Start](), () => process.exit());

async function msOf(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}
