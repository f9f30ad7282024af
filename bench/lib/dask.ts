import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Contender } from './measurement.ts';

const script = fileURLToPath(new URL('../peers/dask-cluster.py', import.meta.url));
/** The one that a distribution's packages belong to is not always the first on the path. */
const pythons = ['python3', '/usr/bin/python3'];

/** Dask doing so many of something that `peers/dask-cluster.py` knows, a round. */
export function dask(work: 'map' | 'pipeline' | 'round-trip', count: number): Contender {
  return {
    name: 'Dask',
    lacks: () => (findPython() === undefined ? 'it is not installed (apt-get install python3-distributed)' : undefined),
    open: async (resources) => {
      const ask = await openDask(resources);
      return async () => Number(await ask(`${work} ${count}`));
    },
  };
}

export function daskVersion(): string | undefined {
  const python = findPython();
  if (python === undefined) return undefined;
  return spawnSync(python, ['-c', 'import distributed; print(distributed.__version__)'], {
    encoding: 'utf8',
  }).stdout.trim();
}

function findPython(): string | undefined {
  return pythons.find((python) => spawnSync(python, ['-c', 'import distributed']).status === 0);
}

/** Starts it, and gives the means to send a line and get the next one. */
async function openDask(resources: AsyncDisposableStack): Promise<(line: string) => Promise<string>> {
  const child = spawn(findPython()!, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit').then(([status]) => {
    throw new Error(`Dask ended early, with status ${String(status)}`);
  });
  ended.catch(() => {});
  resources.defer(async () => {
    child.stdin.end();
    await ended.catch(() => {});
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async () => {
    const { value } = await Promise.race([lines.next(), ended]);
    // Its output ends before its process does.
    return value ?? (await ended);
  };
  await next();
  return async (line) => {
    child.stdin.write(`${line}\n`);
    return await next();
  };
}
