// Values that leave the thread that made them: what is encoded in their place, and what is warned of.

import type { Finding } from '../values/diagnosis.ts';
import { isExact } from '../values/exactness.ts';
import { isProxied } from '../values/kinds.ts';
import { describeChange, sendable, type Destination } from '../values/travels.ts';

/** Whose value it is, and in which run. */
export interface OutgoingUse extends Destination {
  readonly flowRunId: string;
  /** Is given the warning, and a key: of all warnings with the same key, a run shows one. */
  readonly warn: (message: string, once: string) => void;
}

/** The changes that this thread has warned of. */
const told = new Set<string>();
const mostTold = 10_000;

/** What is to be encoded for `value`. Throws `VALUE_NOT_SERIALIZABLE` or `VALUE_WOULD_CHANGE`. */
export function outgoing(value: unknown, use: () => OutgoingUse): unknown {
  if (isExact(value)) return value;
  const destination = use();
  const sent = sendable(value, destination);
  for (const change of sent.changed) tell(destination, change);
  return sent.value;
}

/** Throws `VALUE_NOT_SERIALIZABLE` for what even `instanceof` may run code of: a Proxy, or what inherits from one. */
export function refuseProxy(value: unknown, destination: Destination): void {
  const isAnObject = typeof value === 'object' || typeof value === 'function';
  if (isAnObject && isProxied(value)) sendable(value, destination);
}

/** Warns once for each task and path in a run: what is wrong with one row is most likely wrong with all. */
function tell(use: OutgoingUse, change: Finding): void {
  const { flowRunId, role, task = '', name = '' } = use;
  const once = [flowRunId, role, task, name, change.path.replaceAll(/\[\d+\]/g, '[]')].join('/');
  if (told.has(once)) return;
  if (told.size >= mostTold) told.clear();
  told.add(once);
  use.warn(describeChange(use, change), once);
}
