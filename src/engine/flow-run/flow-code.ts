import type { CodeAddress } from '../../lib/chunk.ts';
import type { Graph } from '../../flow/graph.ts';
import { Resource } from '../../flow/resource.ts';
import { codeAddressOf, type Reference } from '../../code/registry.ts';
import type { Result } from '../../results/result.ts';
import { storagePlanOf } from '../storage-plan.ts';
import { typeReferences } from '../types.ts';

/** Where the code of a flow's tasks is. All its modules are bundled together, so that what they share is there once. */
export class FlowCode {
  readonly #references: readonly Reference[];
  readonly #addresses = new Map<Reference, CodeAddress | undefined>();
  #types: readonly Reference[] = [];

  /** `result` is the flow's own. */
  constructor({ nodes }: Graph, result: Result | undefined) {
    this.#references = nodes.flatMap((node) => {
      const { task } = node;
      if (task === undefined) return [];
      const sources = storagePlanOf(task.settings.storing, result)?.sources ?? {};
      return [task.reference, ...(node instanceof Resource ? [node.reference] : []), ...Object.values(sources)];
    });
  }

  addressOf(reference: Reference): CodeAddress | undefined {
    const types = typeReferences();
    // Types may be registered while the flow runs. None is ever removed.
    if (types.length !== this.#types.length) this.#addresses.clear();
    this.#types = types;
    if (!this.#addresses.has(reference)) {
      this.#addresses.set(reference, codeAddressOf(reference, [...this.#references, ...types]));
    }
    return this.#addresses.get(reference);
  }
}
