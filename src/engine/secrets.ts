// Secrets that this thread has seen, so that they do not get into the log.

import { config } from '../config/config.ts';
import { findSecret, textsOfSecret } from '../config/find-secret.ts';
import { createMask, type Mask } from '../config/mask.ts';

const seen = new Set<string>();
let mask: Mask | undefined;

/** The value of a secret: from those given to the run, the environment, or the configuration files, in this order. */
export function secretOf(name: string, given: Readonly<Record<string, unknown>>): unknown {
  const value = findSecret(name, { context: given, env: process.env, config: config() });
  hideSecret(value);
  return value;
}

/** From here on, no log line of this thread shows it. */
export function hideSecret(value: unknown): void {
  for (const text of textsOfSecret(value)) {
    if (seen.has(text)) continue;
    seen.add(text);
    mask = undefined;
  }
}

/** The text with `***` for each secret that this thread has seen. */
export function withoutSecrets(text: string): string {
  if (seen.size === 0) return text;
  mask ??= createMask(seen);
  return mask(text);
}
