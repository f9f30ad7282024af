// How a worker gets the code of an array: it asks which bundle holds it, and for the bundle, if it has not got it.

import type { CodeSource } from '../lib/chunk.ts';
import type { Comm } from '../comm/comm.ts';
import type { FromWorker, ToWorker } from '../protocol/messages.ts';

/** Where a worker keeps the code that is sent to it. One without such a place imports what is on its machine. */
export interface CodeKeeper {
  /** URL of the file to import for a bundle, if it is here. */
  find(id: string): string | undefined;
  /** Throws for bytes that are not what the id says. */
  add(id: string, bytes: Uint8Array): void;
}

export class CodeRequests {
  readonly #comm: Comm<ToWorker, FromWorker>;
  readonly #keeper: CodeKeeper;
  /** Arrays whose code was asked for. */
  readonly #arrays = new Map<number, PromiseWithResolvers<CodeSource>>();
  /** Arrays that wait for the bytes of a bundle. */
  readonly #bundles = new Map<string, number[]>();

  constructor(comm: Comm<ToWorker, FromWorker>, keeper: CodeKeeper) {
    this.#comm = comm;
    this.#keeper = keeper;
  }

  /** Resolves also when the array is forgotten, or the connection lost, before there is an answer. */
  async ask(array: number): Promise<CodeSource> {
    const answer = Promise.withResolvers<CodeSource>();
    this.#arrays.set(array, answer);
    this.#comm.send({ type: 'need-code', array });
    return await answer.promise;
  }

  hear(message: Extract<ToWorker, { type: 'code' | 'bundle' }>): void {
    if (message.type === 'bundle') return this.#arrived(message.id, message.bytes);
    const { array, id, problem = 'it was not sent' } = message;
    if (id === undefined) return this.#answer([array], { problem });
    const bundle = this.#keeper.find(id);
    if (bundle !== undefined) return this.#answer([array], { bundle });
    const waiting = this.#bundles.get(id);
    if (waiting !== undefined) waiting.push(array);
    else {
      this.#bundles.set(id, [array]);
      this.#comm.send({ type: 'need-bundle', id });
    }
  }

  forget(array: number): void {
    this.#answer([array], {});
    for (const [id, waiting] of this.#bundles) {
      const still = waiting.filter((each) => each !== array);
      // Whoever needs it later asks anew: who was asked may be gone.
      if (still.length === 0) this.#bundles.delete(id);
      else this.#bundles.set(id, still);
    }
  }

  forgetAll(): void {
    this.#answer([...this.#arrays.keys()], {});
  }

  #arrived(id: string, bytes: Uint8Array): void {
    const waiting = this.#bundles.get(id) ?? [];
    this.#bundles.delete(id);
    try {
      this.#keeper.add(id, bytes);
      const bundle = this.#keeper.find(id);
      this.#answer(waiting, bundle === undefined ? { problem: 'it was removed from the disk' } : { bundle });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const problem = `The code that was sent could not be kept: ${why}`;
      this.#answer(waiting, { problem });
    }
  }

  #answer(arrays: readonly number[], source: CodeSource): void {
    for (const array of arrays) {
      this.#arrays.get(array)?.resolve(source);
      this.#arrays.delete(array);
    }
  }
}
