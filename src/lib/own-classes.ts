// The classes of Heddle whose instances are of no use elsewhere: they are refused, and each with advice of its own.

const advices = new Map<object, string>();

/** From here on, instances of the class are refused; `advice` is what to do instead. */
export function keepFromTravelling(type: { readonly prototype: object }, advice: string): void {
  advices.set(type.prototype, advice);
}

/** Given the prototypes of a thing, nearest first. */
export function adviceFor(prototypes: readonly object[]): string | undefined {
  const own = prototypes.find((prototype) => advices.has(prototype));
  return own && advices.get(own);
}
