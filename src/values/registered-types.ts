/**
 * The classes that `registerType` was told of, for the compiler, which cannot see that call. Add yours, under any name:
 *
 *     declare module 'heddle' {
 *       interface RegisteredTypes { Money: Money }
 *     }
 */
// oxlint-disable-next-line typescript/no-empty-object-type -- users add to it
export interface RegisteredTypes {}
