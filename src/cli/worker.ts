import { parseAddress } from '../comm/address.ts';
import { config } from '../config/config.ts';
import { memoryHere } from '../executors/memory-here.ts';
import { toMilliseconds } from '../lib/duration.ts';
import { UsageError } from '../lib/heddle-error.ts';
import { traitsOf } from '../lib/placing.ts';
import { attach, type Attachment } from './attached.ts';
import { tokenIn } from './flags.ts';
import { say } from './output.ts';
import { readTlsFiles, type TlsFiles } from './tls-files.ts';

interface WorkerArguments extends TlsFiles {
  readonly threads: number;
  readonly name: string;
  /** In bytes. */
  readonly memoryLimit?: number;
  readonly threadMemory?: number;
  readonly resource?: Readonly<Record<string, number>>;
  readonly label?: readonly string[];
  readonly drain: string | number;
  readonly code: 'bundle' | 'module';
  readonly token?: string;
  readonly attached?: true;
}

/** `heddle worker`: runs tasks for a scheduler until it is told to end. */
export async function work(url: string | undefined, options: WorkerArguments): Promise<void> {
  if (options.attached) {
    using attachment = await attach(process.stdin);
    return await serve(attachment, options);
  }
  if (url === undefined) {
    const message = 'a worker needs the address of its scheduler: heddle worker ws://HOST:8786';
    throw new UsageError('BAD_ADDRESS', message);
  }
  parseAddress(url);
  await serve({ url, token: tokenIn(options, 'a worker needs the token of its scheduler') }, options);
}

type Scheduler = Pick<Attachment, 'url' | 'token'> & { readonly signal?: AbortSignal };

async function serve({ url, token, signal }: Scheduler, options: WorkerArguments): Promise<void> {
  const remote = (await import(new URL(`../../workers/remote.${extension()}`, import.meta.url).href)) as {
    serve: (options: object) => Promise<void>;
  };
  await remote.serve({
    url,
    token,
    tls: readTlsFiles(options, url),
    signal,
    name: options.name,
    threads: options.threads,
    say,
    has: traitsOf({ resources: options.resource ?? {}, labels: options.label ?? [] }),
    memoryLimitMb: options.threadMemory,
    memoryLimitBytes: options.memoryLimit ?? memoryHere(),
    codeDirectory: options.code === 'bundle' ? config().code.directory : undefined,
    drainMs: toMilliseconds(options.drain, 'option --drain'),
  });
}

function extension(): string {
  return import.meta.url.endsWith('.ts') ? 'ts' : 'js';
}
