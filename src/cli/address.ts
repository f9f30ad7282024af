import { UsageError } from '../lib/heddle-error.ts';

/** Reads `8786`, `0.0.0.0:8786` or `[::1]:8786`; the host is 127.0.0.1 when it is not said. */
export function readListenAddress(text: string): { host: string; port: number } {
  const [, host = '127.0.0.1', digits] = /^(?:(.+):)?(\d+)$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits !== undefined && port <= 65_535) return { host: host.replace(/^\[(.*)\]$/, '$1'), port };
  const message = `--listen should be a port or host:port, like 8786 or 0.0.0.0:8786; got '${text}'`;
  throw new UsageError('BAD_ADDRESS', message, { received: text });
}
