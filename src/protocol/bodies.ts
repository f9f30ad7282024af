// A big message leaves its bodies behind: they travel on their own, ahead of it, and in it stand their numbers.

import type { Message } from './messages.ts';
import { ProtocolError } from './protocol-error.ts';

/** A body of fewer bytes stays in its message. */
export const minBodyBytes = 64 * 1024;

/** What stands in the place of a body. No message has a field of this name. */
interface Placeholder {
  readonly body: number;
}

/** Where the bodies are that came ahead of their messages. */
export interface BodySource {
  readonly size: number;
  /** Gives a body that is whole, once; undefined for any other number. */
  take(id: number): Uint8Array | undefined;
}

/** A copy of the message without its big bodies. `keep` is given each of them, and gives its number. */
export function withoutBodies(message: Message, keep: (body: Uint8Array) => number): Message {
  return stripped(message, keep) as Message;
}

function stripped(value: unknown, keep: (body: Uint8Array) => number): unknown {
  if (value instanceof Uint8Array) {
    return value.length < minBodyBytes ? value : ({ body: keep(value) } satisfies Placeholder);
  }
  if (Array.isArray(value)) return value.map((item) => stripped(item, keep));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, stripped(field, keep)]));
}

/** Puts the bodies back in their places. Throws a ProtocolError for one that has not come. */
export function putBodies(batch: unknown, bodies: BodySource): void {
  if (typeof batch !== 'object' || batch === null || batch instanceof Uint8Array) return;
  const holder = batch as Record<string, unknown>;
  for (const key of Object.keys(holder)) {
    const id = bodyIn(holder[key]);
    if (id === undefined) putBodies(holder[key], bodies);
    else holder[key] = bodies.take(id) ?? missing(id);
  }
}

function bodyIn(value: unknown): number | undefined {
  if (typeof value !== 'object' || value === null || !('body' in value)) return undefined;
  return typeof value.body === 'number' ? value.body : undefined;
}

function missing(id: number): never {
  throw new ProtocolError(`a message refers to body ${id}, which has not come`);
}
