// Hands bundles of code from clients, who make them, to workers, who ask for them. A client is asked once for each
// module, and a bundle is kept for as long as some client is there that made it. Nothing in it is ever looked into.

import { modulesOf } from '../lib/chunk.ts';
import type { ArrayDefinition, FromClient } from '../protocol/messages.ts';
import { type ClientPeer, type HeldArray, type WorkerPeer } from './peers.ts';

/** The bundle of some modules: who waits for its id, and then its id, or why there is none. */
interface Entry {
  /** What its client was asked for, as that calls it. It may be released by the time of the answer. */
  readonly askedFor: number;
  readonly waiting: (readonly [WorkerPeer, HeldArray])[];
  answer?: { readonly id: string } | { readonly problem: string };
}

export class CodeDesk {
  readonly #entries = new Map<ClientPeer, Map<string, Entry>>();
  readonly #bundles = new Map<string, Uint8Array>();

  /** What workers are told of an array: also its bundle, once that is made, so that those that have it need not ask. */
  definitionOf(array: HeldArray): ArrayDefinition {
    const { definition } = array;
    const answer = this.#entries.get(array.client)?.get(moduleOf(array))?.answer;
    if (definition.code === undefined || answer === undefined || !('id' in answer)) return definition;
    return { ...definition, code: { ...definition.code, bundle: answer.id } };
  }

  /** A worker asks which bundle holds the code of an array. */
  asked(worker: WorkerPeer, array: HeldArray | undefined): void {
    // The array was forgotten meanwhile, which the worker is told as well.
    if (array === undefined) return;
    const { client, clientArray } = array;
    const module = moduleOf(array);
    let modules = this.#entries.get(client);
    if (modules === undefined) this.#entries.set(client, (modules = new Map<string, Entry>()));
    let entry = modules.get(module);
    if (entry === undefined) {
      modules.set(module, (entry = { askedFor: clientArray, waiting: [] }));
      client.comm.send({ type: 'need-code', array: clientArray });
    }
    if (entry.answer === undefined) entry.waiting.push([worker, array]);
    else worker.line.send({ type: 'code', array: array.id, ...entry.answer });
  }

  /** The client has made the bundle, or could not. */
  answered(client: ClientPeer, message: Extract<FromClient, { type: 'code' }>): void {
    const { array, bundle, problem = 'there is none' } = message;
    const isThere = bundle !== undefined && (bundle.bytes !== undefined || this.#bundles.has(bundle.id));
    const entry = this.#entries
      .get(client)
      ?.values()
      .find(({ askedFor }) => askedFor === array);
    if (entry === undefined || entry.answer !== undefined) return;
    entry.answer = isThere ? { id: bundle.id } : { problem };
    // The first bytes of an id stay: no client can replace what another one has made.
    if (bundle?.bytes !== undefined && !this.#bundles.has(bundle.id)) this.#bundles.set(bundle.id, bundle.bytes);
    for (const [worker, { id }] of entry.waiting) worker.line.send({ type: 'code', array: id, ...entry.answer });
    entry.waiting.length = 0;
  }

  /** No answer when the client that made it is gone: then nothing of that client runs any more either. */
  bundleAsked(worker: WorkerPeer, id: string): void {
    const bytes = this.#bundles.get(id);
    if (bytes !== undefined) worker.line.send({ type: 'bundle', id, bytes });
  }

  clientLeft(client: ClientPeer): void {
    this.#entries.delete(client);
    const wanted = new Set<string>();
    for (const modules of this.#entries.values()) {
      for (const { answer } of modules.values()) if (answer !== undefined && 'id' in answer) wanted.add(answer.id);
    }
    for (const id of this.#bundles.keys()) if (!wanted.has(id)) this.#bundles.delete(id);
  }
}

/** Modules that go together may be in several bundles. */
function moduleOf({ submission: { code } }: HeldArray): string {
  return code === undefined ? '' : `${code.module} of ${modulesOf(code)}`;
}
