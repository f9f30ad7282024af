/**
 * Has `instanceof` hold for what another copy of this package made of its class of that name. Classes that extend this
 * one are told apart as ever.
 */
export function sharedByCopies(one: abstract new (...args: never) => object): void {
  const mark = Symbol.for(`heddle.class.${one.name}`);
  const isOrdinary = Function.prototype[Symbol.hasInstance];
  Object.defineProperty(one.prototype, mark, { value: true });
  Object.defineProperty(one, Symbol.hasInstance, {
    value(this: unknown, value: unknown): boolean {
      try {
        if (this !== one) return isOrdinary.call(this as typeof one, value);
        if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
        return (value as { readonly [mark: symbol]: unknown })[mark] === true;
      } catch {
        // A Proxy that does not let itself be asked.
        return false;
      }
    },
  });
}
