// How an order to cancel reaches a running function: through a word of shared memory, which needs no message and no
// turn of the event loop. A function that awaits is told at once; a busy loop finds out when it polls `signal.aborted`.

import { controlOrders, controlWords, type Control } from '../../lib/control.ts';

/** Only one wait for each control at a time: a wait that is never answered stays in memory for good. */
const waiting = new WeakMap<SharedArrayBuffer, Set<() => void>>();

export function isCancelled(control: Control): boolean {
  return Atomics.load(control, controlWords.order) === controlOrders.cancel;
}

/**
 * Calls `told` once, when the order to cancel comes; at once if it has come. Returns a function that unsubscribes.
 */
export function onCancel(control: Control, told: () => void): () => void {
  if (isCancelled(control)) {
    told();
    return () => {};
  }
  const others = waiting.get(control.buffer);
  const listeners = others ?? new Set();
  // Before the wait begins: the order may come at once.
  listeners.add(told);
  if (others === undefined) {
    waiting.set(control.buffer, listeners);
    void tellWhenOrdered(control, listeners);
  }
  return () => listeners.delete(told);
}

async function tellWhenOrdered(control: Control, listeners: Set<() => void>): Promise<void> {
  // When this wakes up, the control may belong to the next chunk already, which nobody told to end.
  while (!isCancelled(control)) await Atomics.waitAsync(control, controlWords.order, controlOrders.none).value;
  waiting.delete(control.buffer);
  for (const told of listeners) told();
}
