// The classes of Heddle whose instances are of no use elsewhere: they are refused, and each with advice of its own.
// Whatever users pass is asked whether it is one of them, and that must never be what fails.

import { sharedByCopies } from './shared-by-copies.ts';

const advices = new Map<object, string>();

/**
 * From here on, instances of the class are refused; `advice` is what to do instead. A Proxy that does not let itself be
 * asked, or what inherits from one, is no `instanceof` it.
 */
export function keepFromTravelling(type: abstract new (...args: never) => object, advice: string): void {
  advices.set(type.prototype as object, advice);
  sharedByCopies(type);
}

/** Given the prototypes of a thing, nearest first. */
export function adviceFor(prototypes: readonly object[]): string | undefined {
  const own = prototypes.find((prototype) => advices.has(prototype));
  return own && advices.get(own);
}
