import { once } from 'node:events';
import { UsageError } from '../lib/heddle-error.ts';
import type { ServerTlsOptions } from '../executors/index.ts';
import { WebSocketCluster } from '../executors/web-socket-cluster.ts';
import { readListenAddress } from './address.ts';
import { readTlsFiles, type TlsFiles } from './tls-files.ts';
import type { LogRecord } from '../lib/log-record.ts';
import { version } from '../lib/version.ts';
import { say } from './output.ts';

export interface SchedulerArguments extends TlsFiles {
  readonly listen: string;
  readonly token?: string;
  /** In bytes. */
  readonly memoryLimit?: number;
  readonly spillDirectory?: string;
  readonly record?: string;
}

/** `heddle scheduler`: serves until Ctrl-C or SIGTERM. */
export async function schedule(options: SchedulerArguments): Promise<void> {
  if (options.token === undefined || options.token === '') {
    const message = 'a scheduler needs a token, which workers and flows must know: pass --token, or set HEDDLE_TOKEN.';
    throw new UsageError('TOKEN_REQUIRED', message);
  }
  const { listen, token, memoryLimit, spillDirectory, record } = options;
  const tls = readTlsFiles(options) as ServerTlsOptions | undefined;
  const onLog = ({ message }: LogRecord) => say(message);
  await using cluster = new WebSocketCluster({
    ...readListenAddress(listen),
    token,
    ...(tls && { tls }),
    onLog,
    ...(memoryLimit !== undefined && { resultMemory: memoryLimit }),
    ...(spillDirectory !== undefined && { spillDirectory }),
    ...(record !== undefined && { record }),
  });
  await cluster.start();
  const page = cluster.url!.replace(/^ws/, 'http');
  say(`Heddle ${version}, Node ${process.versions.node}, process ${process.pid}`);
  say(`listening at ${cluster.url}; ${cluster.advice}`);
  say(`run a flow here with: heddle run FILE --scheduler ${cluster.url} (and the same HEDDLE_TOKEN)`);
  say(`for those who watch: ${page}/health, and with "authorization: Bearer <token>" ${page}/metrics`);
  const signal = await Promise.race(['SIGTERM', 'SIGINT'].map((name) => once(process, name).then(() => name)));
  say(`got ${signal}: closing`);
}
