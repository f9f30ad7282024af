// A fresh process of a project that has the package installed: does one thing, and says how many milliseconds it took.

const starts = {
  'import heddle': () => msOf(() => import('heddle')),
  'import piscina': () => msOf(() => import('piscina')),
  'first result, heddle': async () => {
    const { Flow } = await import('heddle');
    const { DistributedExecutor, LocalCluster } = await import('heddle/executors');
    const { inc } = await import('./task.js');
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
    const filename = new URL('function.js', import.meta.url).href;
    return await msOf(async () => {
      const pool = new Piscina({ filename, minThreads: 2, maxThreads: 2 });
      const result = await pool.run(1);
      if (result !== 2) throw new Error(`expected 2, got ${result}`);
    });
  },
};

// What was started is not closed: the process ends with it.
process.send(await starts[process.argv[2]](), () => process.exit());

async function msOf(work) {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}
