// Options that were given on the command line, and that what is made of them calls by another name.

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

/** Of a command that was given no token. */
export function tokenRequired(why: string): UsageError {
  return new UsageError('TOKEN_REQUIRED', `${why}: pass --token, or set HEDDLE_TOKEN.`);
}
