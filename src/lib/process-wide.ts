/**
 * One value for the whole thread, even when a project holds two copies of this package (a global command line and a
 * local library): tasks that one copy defines must be seen by the other.
 */
export function processWide<T>(name: string, make: () => T): T {
  const slots = globalThis as { [key: symbol]: unknown };
  return (slots[Symbol.for(`heddle.${name}`)] ??= make()) as T;
}
