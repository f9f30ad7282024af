import { readFileSync } from 'node:fs';
import type { TlsOptions } from '../executors/index.ts';
import { UsageError } from '../lib/heddle-error.ts';

/** The options `--tls-…`: paths of PEM files. */
export interface TlsFiles {
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsCa?: string;
}

/** What stands in the files; undefined when none is given. Throws `FILE_NOT_FOUND` with the reason. */
export function readTlsFiles({ tlsCert, tlsKey, tlsCa }: TlsFiles): TlsOptions | undefined {
  if (tlsCert === undefined && tlsKey === undefined && tlsCa === undefined) return undefined;
  const passphrase = process.env['HEDDLE_TLS_PASSPHRASE'];
  return {
    ...(tlsCert !== undefined && { cert: read('--tls-cert', tlsCert) }),
    ...(tlsKey !== undefined && { key: read('--tls-key', tlsKey) }),
    ...(tlsCa !== undefined && { ca: read('--tls-ca', tlsCa) }),
    ...(passphrase !== undefined && { passphrase }),
  };
}

function read(option: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : String(cause);
    throw new UsageError('FILE_NOT_FOUND', `${option}: ${path} cannot be read: ${why}`, { path, cause });
  }
}
