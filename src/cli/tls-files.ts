import { readFileSync } from 'node:fs';
import type { TlsOptions } from '../executors/index.ts';
import { checkTls } from '../comm/tls.ts';
import { UsageError } from '../lib/heddle-error.ts';
import { sayingFlags } from './flags.ts';

/** The options `--tls-…`: paths of PEM files. */
export interface TlsFiles {
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsCa?: string;
}

/**
 * What stands in the files; undefined when none is given. Throws `FILE_NOT_FOUND`, `CERTIFICATE_INVALID` or
 * `INVALID_OPTION` with the reason, and `BAD_ADDRESS` when `url` is not encrypted.
 */
export function readTlsFiles(files: TlsFiles, url?: string): TlsOptions | undefined {
  const { tlsCert, tlsKey, tlsCa } = files;
  if (tlsCert === undefined && tlsKey === undefined && tlsCa === undefined) return undefined;
  if (url?.startsWith('ws://') === true) throw notEncrypted(files, url);
  const passphrase = process.env['HEDDLE_TLS_PASSPHRASE'];
  const tls = {
    ...(tlsCert !== undefined && { cert: read('--tls-cert', tlsCert) }),
    ...(tlsKey !== undefined && { key: read('--tls-key', tlsKey) }),
    ...(tlsCa !== undefined && { ca: read('--tls-ca', tlsCa) }),
    ...(passphrase !== undefined && { passphrase }),
  };
  sayingFlags(() => checkTls('heddle', tls));
  return tls;
}

function notEncrypted({ tlsCa, tlsCert }: TlsFiles, url: string): UsageError {
  const option = tlsCa !== undefined ? '--tls-ca' : tlsCert !== undefined ? '--tls-cert' : '--tls-key';
  const message = `${option} is for an encrypted connection, whose address begins with wss://; got ${url}`;
  return new UsageError('BAD_ADDRESS', message, { received: url });
}

function read(option: string, path: string): Buffer {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : String(cause);
    throw new UsageError('FILE_NOT_FOUND', `${option}: ${path} cannot be read: ${why}`, { path, cause });
  }
  if (bytes.includes('-----BEGIN ')) return bytes;
  const message = `${option}: ${path} is no PEM file: nothing in it begins "-----BEGIN …"`;
  throw new UsageError('CERTIFICATE_INVALID', message, { path });
}
