import type { Reference } from '../code/registry.ts';
import type { TaskOptions } from './settings.ts';
import { Task } from './task.ts';

/** A task of our own, which every worker knows. */
export class BuiltIn<Args extends readonly unknown[], Result> extends Task<Args, Result> {
  readonly #function: (...args: Args) => Result;

  constructor(reference: Reference, implementation: (...args: Args) => Result, options?: TaskOptions) {
    // What it hands on is stored by those who made it.
    super(reference.name, { checkpoint: false, ...options }, reference);
    this.#function = implementation;
  }

  override run(...args: Args): Result {
    return this.#function(...args);
  }
}
