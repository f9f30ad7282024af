import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { daskVersion } from './dask.ts';
import { arch, availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';

/** What figures depend on besides the code. */
export interface Setting {
  readonly date: string;
  readonly rounds: number;
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly memoryGiB: number;
    readonly system: string;
  };
  readonly versions: Readonly<Record<string, string>>;
  /** Of the last minute. Before: what else the machine was doing. */
  readonly loadBefore: string;
  readonly loadAfter: string;
}

const peers = ['piscina', 'tinypool', 'workerpool', 'poolifier', 'p-queue', 'ws'];

/** Call it before the first round; the function that it returns, after the last. */
export function observeSetting(rounds: number): () => Setting {
  const loadBefore = currentLoad();
  const dask = daskVersion();
  return () => ({
    date: new Date().toISOString(),
    rounds,
    machine: {
      cpu: cpus()[0]?.model.trim() ?? 'unknown CPU',
      cores: availableParallelism(),
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      system: `${type()} ${release()} ${arch()}`,
    },
    versions: {
      node: process.versions.node,
      heddle: versionIn(findPackageJSON(import.meta.url)),
      ...Object.fromEntries(peers.map((name) => [name, versionIn(findPackageJSON(name, import.meta.url))])),
      ...(dask !== undefined && { dask }),
    },
    loadBefore,
    loadAfter: currentLoad(),
  });
}

function currentLoad(): string {
  return loadavg()[0]!.toFixed(2);
}

function versionIn(path: string | undefined): string {
  if (path === undefined) return 'unknown';
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
}
