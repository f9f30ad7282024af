// What a user made known by a name: kinds of results, serializers. Each knows where it was registered, so that another
// thread or process can find the very same. Of a bundle of code there may be several versions in one worker, and then a
// name stands for what was registered, or asked for, last.

import { isBundled } from '../code/call-site.ts';
import { register, type Reference } from '../code/registry.ts';
import { UsageError } from '../lib/heddle-error.ts';

interface Registration<T> {
  readonly entry: T;
  readonly reference: Reference;
}

export class Registrations<T extends object> {
  readonly #what: string;
  readonly #byName = new Map<string, Registration<T>>();

  /** `what` they are, for messages. */
  constructor(what: string) {
    this.#what = what;
  }

  get names(): Iterable<string> {
    return this.#byName.keys();
  }

  /** Throws for a name that stands for something else. */
  add(name: string, entry: T): void {
    const holder = this.get(name);
    if (holder === entry) return;
    const reference = register(`${this.#what} '${name}'`, entry);
    if (holder !== undefined && !isBundled(reference.module ?? '')) throw nameTaken(this.#what, name);
    this.#byName.set(name, { entry, reference });
  }

  /** Lets the name stand for what was found by its reference. */
  use(name: string, found: Registration<T>): void {
    this.#byName.set(name, found);
  }

  get(name: string): T | undefined {
    return this.#byName.get(name)?.entry;
  }

  /** Where it was registered; nothing when only code that was running then knows that. */
  referenceTo(name: string): Reference | undefined {
    const reference = this.#byName.get(name)?.reference;
    return reference?.module === undefined ? undefined : reference;
  }
}

export function nameTaken(what: string, name: string): UsageError {
  return new UsageError('INVALID_OPTION', `there is another ${what} called '${name}'; take another name`);
}
