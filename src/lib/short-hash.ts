import { nodeCrypto } from './lazy-node.ts';

/** Tells contents apart, in 12 characters: 72 bits of their SHA-256. */
export function shortHash(content: string | Uint8Array): string {
  return nodeCrypto().hash('sha256', content, 'base64url').slice(0, 12);
}
