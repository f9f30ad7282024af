import type { Node } from '../../flow/node.ts';
import { lengthOf, listsOf } from './mapped-over.ts';

/** How many runs a node would have, as far as that is known without running anything more; upstreams come first. */
export function knownLength(
  node: Node,
  runs: ReadonlyMap<Node, { readonly isList: boolean; readonly length: number }>,
): number | undefined {
  const upstreams = listsOf(node).map(({ upstream, isFlattened }) => {
    const { isList, length } = runs.get(upstream)!;
    return { name: upstream.slug, length, isKnown: isList && !isFlattened };
  });
  const constants = node.bindings
    .filter((binding) => binding.type === 'each-constant')
    .map(({ values, isFlattened }) => {
      return { name: 'a list', length: [...(values as Iterable<unknown>)].length, isKnown: !isFlattened };
    });
  const lists = [...upstreams, ...constants];
  if (!node.isMapped || !lists.every(({ isKnown }) => isKnown)) return undefined;
  try {
    return lengthOf(node, lists);
  } catch {
    // The lengths differ: the node would have failed.
    return undefined;
  }
}
