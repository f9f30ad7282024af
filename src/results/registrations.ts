// What has a name: kinds of results, serializers. Some come with the library; each that a user made known tells where
// it was registered, so that another thread or process can find the very same. Of a bundle of code there may be several
// versions in one worker, and then a name stands for what was registered, or asked for, last.

import { isBundled } from '../code/call-site.ts';
import { register, type Reference } from '../code/registry.ts';
import { UsageError } from '../lib/heddle-error.ts';
import { didYouMean } from '../lib/nearest.ts';
import { processWide } from '../lib/process-wide.ts';

interface Registration<T> {
  readonly entry: T;
  readonly reference: Reference;
}

export class Registrations<T extends object> {
  readonly #what: string;
  readonly #call: string;
  readonly #builtIn: ReadonlyMap<string, T>;
  readonly #registered: Map<string, Registration<T>>;

  /** `what` they are, and the `call` that registers one, for messages. */
  constructor({ what, call, builtIn }: { what: string; call: string; builtIn: ReadonlyMap<string, T> }) {
    this.#what = what;
    this.#call = call;
    this.#builtIn = builtIn;
    this.#registered = processWide(`registered as ${what}`, () => new Map<string, Registration<T>>());
  }

  /** Throws for a name that stands for something else. */
  add(name: string, entry: T): void {
    if (this.#builtIn.has(name)) throw this.#taken(name);
    const holder = this.get(name);
    if (holder === entry) return;
    const reference = register(`${this.#what} '${name}'`, entry);
    if (holder !== undefined && !isBundled(reference.module ?? '')) throw this.#taken(name);
    this.#registered.set(name, { entry, reference });
  }

  /** Lets the name stand for what was found by its reference. */
  use(name: string, found: Registration<T>): void {
    this.#registered.set(name, found);
  }

  get(name: string): T | undefined {
    return this.#builtIn.get(name) ?? this.#registered.get(name)?.entry;
  }

  /** Where it was registered; nothing when only code that was running then knows that. */
  referenceTo(name: string): Reference | undefined {
    const reference = this.#registered.get(name)?.reference;
    return reference?.module === undefined ? undefined : reference;
  }

  /** The end of a message that nothing has this name. */
  hintFor(name: string): string {
    const hint = ` Call ${this.#call}() at the top level of a module that the flow imports.`;
    return didYouMean(name, [...this.#builtIn.keys(), ...this.#registered.keys()]) || hint;
  }

  #taken(name: string): UsageError {
    return new UsageError('INVALID_OPTION', `there is another ${this.#what} called '${name}'; take another name`);
  }
}
