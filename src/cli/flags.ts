// Options that were given on the command line: what they mean, and what they are called there.

import { UsageError } from '../lib/heddle-error.ts';

const flags: Readonly<Record<string, string>> = {
  cert: '--tls-cert',
  key: '--tls-key',
  ca: '--tls-ca',
  spillDirectory: '--spill-directory',
  resultMemory: '--memory-limit',
  record: '--record',
};

/** What `make` gives. What it says of an option names the flag that its user wrote. */
export function sayingFlags<Value>(make: () => Value): Value {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(error.code, inFlags(error.message), { cause: error });
  }
}

function inFlags(message: string): string {
  const flagOf = (text: string, option: string) => flags[option] ?? text;
  return message
    .replaceAll(/option '(\w+)' of (?:tls of )?\w+/g, flagOf)
    .replace(/(?<= needs )'(\w+)'/, flagOf)
    .replace(/^tls of \w+ should have 'cert' and 'key'/, 'who listens with TLS needs --tls-cert and --tls-key')
    .replace(/^tls of \w+/, '--tls-cert, --tls-key, --tls-ca');
}

/** The token that a command was given. Throws `TOKEN_REQUIRED` when it was given none, and says why it needs one. */
export function tokenIn({ token = '' }: { readonly token?: string }, why: string): string {
  if (token !== '') return token;
  throw new UsageError('TOKEN_REQUIRED', `${why}: pass --token, or set HEDDLE_TOKEN.`);
}

/** Reads `8786`, `0.0.0.0:8786` or `[::1]:8786`; the host is 127.0.0.1 when it is not said. */
export function readListenAddress(text: string): { host: string; port: number } {
  const [, host = '127.0.0.1', digits] = /^(?:(.+):)?(\d+)$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits !== undefined && port <= 65_535) return { host: host.replace(/^\[(.*)\]$/, '$1'), port };
  const message = `--listen should be a port or host:port, like 8786 or 0.0.0.0:8786; got '${text}'`;
  throw new UsageError('BAD_ADDRESS', message, { received: text });
}
