/** Freezes plain objects and arrays, through and through. Maps, dates, bytes and the like stay as they are. */
export function deepFrozen<T>(value: T): T {
  const open: unknown[] = [value];
  for (const next of open) {
    if (typeof next !== 'object' || next === null || Object.isFrozen(next)) continue;
    if (!Array.isArray(next) && Object.getPrototypeOf(next) !== Object.prototype) continue;
    Object.freeze(next);
    for (const inner of Object.values(next)) if (typeof inner === 'object') open.push(inner);
  }
  return value;
}
