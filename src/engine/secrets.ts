// Secrets that this thread has seen, so that they do not get into the log, nor into what is stored.

import { config } from '../config/config.ts';
import { findSecret, textsOfSecret } from '../config/find-secret.ts';
import { createMask, type Mask } from '../config/mask.ts';
import { stepTo } from '../values/members.ts';

/** A shorter secret may be in a text by chance: it is masked only where it is the whole text. */
const leastWithinText = 8;
const leastAlone = 4;

const seen = new Set<string>();
let mask: Mask | undefined;
let longMask: Mask | undefined;

/** The value of a secret: from those given to the run, the environment, or the configuration files, in this order. */
function secretOf(name: string, given: Readonly<Record<string, unknown>>): unknown {
  const value = findSecret(name, { context: given, env: process.env, config: config() });
  hideSecret(value);
  return value;
}

/** The secrets by name, each looked for when it is read. */
export function secretsOf(given: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return new Proxy(Object.freeze({}), {
    get: (_, name) => (typeof name === 'string' ? secretOf(name, given) : undefined),
  });
}

/** From here on, no log line of this thread shows it. */
export function hideSecret(value: unknown): void {
  for (const text of textsOfSecret(value)) {
    if (seen.has(text)) continue;
    seen.add(text);
    mask = undefined;
    longMask = undefined;
  }
}

/** The text with `***` for each secret that this thread has seen. */
export function withoutSecrets(text: string): string {
  if (seen.size === 0) return text;
  mask ??= createMask(seen);
  return mask(text);
}

/** The path of the first place in a value, from `name` on, that shows a secret which this thread has seen. */
export function secretIn(name: string, value: unknown): string | undefined {
  if (seen.size === 0) return undefined;
  const visits: Visit[] = [{ path: name, value }];
  const met = new Set<unknown>();
  for (const { path, value: part } of visits) {
    if (typeof part === 'string' && showsSecret(part)) return path;
    if (typeof part !== 'object' || part === null || met.has(part)) continue;
    met.add(part);
    if (ArrayBuffer.isView(part) || part instanceof ArrayBuffer) {
      if (areSecret(part)) return path;
    } else {
      for (const visit of partsOf(part, path)) visits.push(visit);
    }
  }
  return undefined;
}

interface Visit {
  readonly path: string;
  readonly value: unknown;
}

function showsSecret(text: string): boolean {
  if (text.length >= leastAlone && seen.has(text)) return true;
  longMask ??= createMask([...seen].filter((secret) => secret.length >= leastWithinText));
  return longMask(text) !== text;
}

function areSecret(memory: ArrayBufferView | ArrayBuffer): boolean {
  const bytes = ArrayBuffer.isView(memory)
    ? Buffer.from(memory.buffer, memory.byteOffset, memory.byteLength)
    : Buffer.from(memory);
  return [...seen].some((secret) => secret.length >= leastWithinText && bytes.includes(secret));
}

function* partsOf(value: object, path: string): Iterable<Visit> {
  if (value instanceof Map || value instanceof Set) {
    for (const [key, part] of value.entries()) {
      yield { path: `${path} (a key)`, value: key };
      yield { path: `${path}${typeof key === 'string' ? stepTo(key) : ''}`, value: part };
    }
    return;
  }
  for (const [key, part] of Object.entries(value)) {
    if (!Array.isArray(value)) yield { path: `${path} (a key)`, value: key };
    yield { path: `${path}${stepTo(key)}`, value: part };
  }
  if (!(value instanceof Error)) return;
  yield { path: `${path}.message`, value: value.message };
  yield { path: `${path}.cause`, value: value.cause };
}
