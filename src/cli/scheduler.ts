import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { isIP } from 'node:net';
import type { ServerTlsOptions } from '../executors/index.ts';
import { addressElsewhere, WebSocketCluster } from '../executors/web-socket-cluster.ts';
import { readTlsFiles, type TlsFiles } from './tls-files.ts';
import type { LogRecord } from '../lib/log-record.ts';
import { version } from '../lib/version.ts';
import { readListenAddress, sayingFlags, tokenIn } from './flags.ts';
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
  const token = tokenIn(options, 'a scheduler needs a token, which workers and flows must know');
  const { listen, memoryLimit, spillDirectory, record } = options;
  const tls = readTlsFiles(options) as ServerTlsOptions | undefined;
  const onLog = ({ message }: LogRecord) => say(message);
  const chosen = {
    ...(tls && { tls }),
    ...(memoryLimit !== undefined && { resultMemory: memoryLimit }),
    ...(spillDirectory !== undefined && { spillDirectory }),
    ...(record !== undefined && { record }),
  };
  const address = readListenAddress(listen);
  const told = Promise.race(['SIGTERM', 'SIGINT'].map((name) => once(process, name).then(() => name)));
  await using cluster = sayingFlags(() => new WebSocketCluster({ ...address, token, onLog, ...chosen }));
  await cluster.start();
  const url = addressElsewhere(cluster.url!, address.host);
  const page = url.replace(/^ws/, 'http');
  say(`Heddle ${version}, Node ${process.versions.node}, process ${process.pid}`);
  const way = wayTo(url, tls);
  say(`listening at ${url}; start a worker with: heddle worker ${way}`);
  say(`run a flow here with: heddle run FILE --scheduler ${way}`);
  say(`for those who watch: ${page}/health, and with "authorization: Bearer <token>" ${page}/metrics`);
  say(`got ${await told}: closing`);
}

/** The address and what else has to be said to reach it, for a command line. */
function wayTo(url: string, tls: ServerTlsOptions | undefined): string {
  const token = '(and the same HEDDLE_TOKEN)';
  if (tls === undefined) return `${url} ${token}`;
  const own = tls.ca === undefined ? '' : ' --tls-cert FILE --tls-key FILE';
  return `${certified(url, new X509Certificate(tls.cert))} --tls-ca FILE${own} ${token}`;
}

/** The address under the first name of the certificate, where that is not for the host we listen on. */
function certified(url: string, certificate: X509Certificate): string {
  const { hostname, port } = new URL(url);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const isMeant = isIP(host) ? certificate.checkIP(host) : certificate.checkHost(host);
  const name = /(?:DNS|IP Address):([^,]+)/.exec(certificate.subjectAltName ?? '')?.[1];
  return isMeant !== undefined || name === undefined ? url : `wss://${name}:${port}`;
}
