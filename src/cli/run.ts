// `heddle run FILE`. A file that runs its flow by itself is simply carried out, with what the command line says put
// into that run; a file that only makes a flow has it run here.

import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseAddress } from '../comm/address.ts';
import { awaitRun, isRunAwaited } from '../engine/flow-run/command-line.ts';
import type { Executor } from '../engine/flow-run/executor.ts';
import type { FlowState } from '../engine/flow-run/flow-state.ts';
import { Flow } from '../engine/flow-run/flow.ts';
import { flowRunIdRule } from '../engine/flow-run/flow-options.ts';
import { DistributedExecutor } from '../executors/distributed-executor.ts';
import { LocalCluster } from '../executors/local-cluster.ts';
import { LocalExecutor } from '../executors/local-executor.ts';
import { WebSocketCluster, type WebSocketClusterOptions } from '../executors/web-socket-cluster.ts';
import { UsageError } from '../lib/heddle-error.ts';
import { didYouMean } from '../lib/nearest.ts';
import { once } from '../lib/once.ts';
import { checkOptions } from '../lib/options.ts';
import { readListenAddress, tokenIn } from './flags.ts';
import { tellWhatStays } from './left-behind.ts';
import { loadAdvice, tellOfPackagesNotModule } from './load-advice.ts';
import { readTlsFiles, type TlsFiles } from './tls-files.ts';
import { printError, printValue, say } from './output.ts';

export interface RunArguments extends TlsFiles {
  readonly param?: Readonly<Record<string, string>>;
  readonly flow?: string;
  readonly runId?: string;
  readonly approve?: readonly string[];
  readonly local?: true;
  readonly workers?: number;
  readonly listen?: string;
  readonly scheduler?: string;
  readonly token?: string;
}

/**
 * Resolves when the file, and the flow run that it or we started, are through. Sets the exit status to 1 on failure.
 */
export async function run(file: string, options: RunArguments): Promise<void> {
  checkOptions('heddle run', { '--run-id': options.runId }, { '--run-id': flowRunIdRule });
  const path = resolve(file);
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) throw new UsageError('FILE_NOT_FOUND', `there is no file ${path}.`, { path });
  if (found.isDirectory()) {
    const message = `${path} is a folder: name the file in it that makes the flow.`;
    throw new UsageError('FILE_NOT_FOUND', message, { path });
  }
  const ended = (state: FlowState): void => {
    if (!state.isSuccessful()) process.exitCode ??= 1;
  };
  const { param: parameters = {}, flow, runId: flowRunId, approve = [] } = options;
  const another = once(() => warnOfAnother(options));
  awaitRun({ parameters, executor: executorOf(options), flow, flowRunId, approve, ended, another });
  tellOfPackagesNotModule();
  try {
    await importAndRun(path, { file, flow });
  } catch (error) {
    const advice = await loadAdvice(error, file);
    if (advice !== undefined && error instanceof Error) error.stack += `\nheddle: ${advice}`;
    throw error;
  } finally {
    tellWhatStays();
  }
}

/** What was said for one flow run need not be right for another. */
function warnOfAnother({ param, runId, approve, local, workers, listen, scheduler }: RunArguments): void {
  const all = { param, 'run-id': runId, approve, local, workers, listen, scheduler };
  const given = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`]));
  if (given.length === 0) return;
  const what = `${given.join(', ')} went to the first flow run of the file, and only to that`;
  say(`${what}: what the others are to have, the file says itself, in the options of run()`);
}

/** Imports the file, and runs its flow unless the file has done so. */
async function importAndRun(path: string, { file, flow }: { file: string; flow: string | undefined }): Promise<void> {
  const module = (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>;
  if (!isRunAwaited()) return;
  const state = await flowOf(file, module, flow).run();
  // A script prints what it likes; of a file that only makes a flow, the output would otherwise be lost.
  if (state.isSuccessful()) showOutput(state);
}

function showOutput(state: FlowState): void {
  try {
    if (state.output !== undefined) printValue(state.output);
  } catch (error) {
    // The run succeeded by other tasks than the one whose value it returns.
    printError(error);
  }
}

function executorOf(options: RunArguments): Executor | undefined {
  const { local, workers, listen, scheduler, token } = options;
  if (local) return new LocalExecutor();
  if (workers !== undefined) return new DistributedExecutor(() => new LocalCluster({ workers }));
  const tls = readTlsFiles(options, scheduler);
  const secrets = { ...(token !== undefined && { token }), ...(tls !== undefined && { tls }) };
  if (scheduler !== undefined) {
    parseAddress(scheduler);
    tokenIn(options, 'a flow needs the token of its scheduler');
    return new DistributedExecutor(scheduler, secrets);
  }
  if (listen === undefined) return undefined;
  const address = readListenAddress(listen);
  return new DistributedExecutor(
    () => new WebSocketCluster({ ...address, ...(secrets as Pick<WebSocketClusterOptions, 'token' | 'tls'>) }),
  );
}

function flowOf(file: string, module: Readonly<Record<string, unknown>>, wanted: string | undefined): Flow {
  const flows = [...new Set(Object.values(module).filter((value) => value instanceof Flow))];
  const found = flows.filter(({ name }) => wanted === undefined || name === wanted);
  if (found.length === 1) return found[0]!;
  if (flows.length === 0) {
    const remedy = `Write: export const flow = new Flow('name', () => …)`;
    const message = `${file} neither runs a flow nor exports one. ${remedy}`;
    throw new UsageError('NO_FLOW', message, { file });
  }
  const names = [...new Set(flows.map(({ name }) => name))];
  const facts = { file, flows: names };
  if (found.length > 1 && (wanted !== undefined || names.length === 1)) {
    const what = `${file} exports ${found.length} flows called '${found[0]!.name}', so none of them can be chosen`;
    throw new UsageError('NO_FLOW', `${what}. Give each a name of its own.`, facts);
  }
  const problem = wanted === undefined ? `exports ${found.length} flows` : `exports no flow '${wanted}'`;
  const hint = wanted === undefined ? '' : didYouMean(wanted, names);
  throw new UsageError('NO_FLOW', `${file} ${problem}.${hint} Choose one with --flow: ${names.join(', ')}.`, facts);
}
