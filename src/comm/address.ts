import { UsageError } from '../lib/heddle-error.ts';

/** The address of a scheduler. Throws `BAD_ADDRESS` for what is none, with what may have been meant. */
export function parseAddress(text: string): URL {
  const url = URL.parse(text);
  if (url !== null && isOfScheduler(url)) return url;
  const received = text.replace(/\/\/[^/]*@/, '//***@');
  const message = `expected the address of a scheduler, like "ws://127.0.0.1:8786" or "wss://…", got "${received}"`;
  throw new UsageError('BAD_ADDRESS', message + remedyFor(received), { received });
}

function isOfScheduler({ protocol, hash, username, password }: URL): boolean {
  return (protocol === 'ws:' || protocol === 'wss:') && hash === '' && username === '' && password === '';
}

function remedyFor(received: string): string {
  if (received.includes('***')) return ': give the token as an option, not in the address';
  const [, scheme, rest] = /^(?:(https?|tcp):\/\/)?([\w.-]+:\d+|\[[\da-f:]+\]:\d+)\/?$/.exec(received) ?? [];
  return rest === undefined ? '' : `. Did you mean ${scheme === 'https' ? 'wss' : 'ws'}://${rest}?`;
}
