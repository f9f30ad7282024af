import { once } from 'node:events';
import { UsageError } from '../lib/heddle-error.ts';
import { WebSocketCluster } from '../executors/web-socket-cluster.ts';
import { readListenAddress } from './address.ts';
import { say } from './output.ts';

export interface SchedulerArguments {
  readonly listen: string;
  readonly token?: string;
}

/** `heddle scheduler`: serves until Ctrl-C or SIGTERM. */
export async function schedule(options: SchedulerArguments): Promise<void> {
  if (options.token === undefined || options.token === '') {
    const message = 'a scheduler needs a token, which workers and flows must know: pass --token, or set HEDDLE_TOKEN.';
    throw new UsageError('TOKEN_REQUIRED', message);
  }
  await using cluster = new WebSocketCluster({ ...readListenAddress(options.listen), token: options.token });
  await cluster.start();
  say(`listening at ${cluster.url}; ${cluster.advice}`);
  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
}
