import type { CodeAddress } from '../../lib/chunk.ts';
import type { Graph } from '../../flow/graph.ts';
import { Resource } from '../../flow/resource.ts';
import { codeAddressOf, type Reference } from '../../code/registry.ts';
import type { Result } from '../../results/result.ts';
import { storagePlanOf } from '../storage-plan.ts';
import { typeReferences } from '../types.ts';

/**
 * Tells where the code of a flow's tasks is. All its modules are bundled together, so that what they share is there
 * once. `result` is the flow's own.
 */
export function addressesIn({ nodes }: Graph, result: Result | undefined) {
  const references = nodes.flatMap((node) => {
    const { task } = node;
    if (task === undefined) return [];
    const sources = storagePlanOf(task.settings.storing, result)?.sources ?? {};
    return [task.reference, ...(node instanceof Resource ? [node.reference] : []), ...Object.values(sources)];
  });
  const addresses = new Map<Reference, CodeAddress | undefined>();
  let typeCount = 0;
  return (reference: Reference): CodeAddress | undefined => {
    const types = typeReferences();
    // Types may be registered while the flow runs. None is ever removed.
    if (types.length !== typeCount) addresses.clear();
    typeCount = types.length;
    if (!addresses.has(reference)) addresses.set(reference, codeAddressOf(reference, [...references, ...types]));
    return addresses.get(reference);
  };
}
