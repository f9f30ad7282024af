// What one thread has open, as its slot knows it: opened by chunks, closed in between, lost with the thread.

import type { LogRecord } from '../lib/log-record.ts';
import type { ResourceOpened } from '../lib/chunk.ts';

export class ThreadResources {
  readonly #open = new Map<string, ResourceOpened>();
  /** What was open on threads that ended. */
  readonly #lost = new Map<string, ResourceOpened>();

  opened(resource: ResourceOpened): void {
    this.#open.set(resource.resource, resource);
  }

  has(key: string): boolean {
    return this.#open.has(key) || this.#lost.has(key);
  }

  get(key: string): ResourceOpened | undefined {
    return this.#open.get(key);
  }

  /** All that is open is gone with the thread. */
  threadEnded(): void {
    for (const [key, resource] of this.#open) this.#lost.set(key, resource);
    this.#open.clear();
  }

  /** It is over with this one. Gives what is to be said of it in the log, if it was not closed everywhere. */
  closed(key: string): LogRecord | undefined {
    this.#open.delete(key);
    const lost = this.#lost.get(key);
    this.#lost.delete(key);
    if (lost === undefined) return undefined;
    const message = `resource '${lost.name}' was open on a thread that ended, so it was not closed there`;
    return { time: Date.now(), level: 'warn', message, task: lost.name };
  }
}
