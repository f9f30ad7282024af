import type { Graph } from '../../flow/graph.ts';
import type { Node } from '../../flow/node.ts';
import { lengthOf, listsOf } from './mapped-over.ts';

/** How many runs a node would have, as far as that is known without running anything more; upstreams come first. */
export function knownLength(
  node: Node,
  graph: Graph,
  runs: ReadonlyMap<Node, { readonly isList: boolean; readonly length: number }>,
): number | undefined {
  const upstreams = listsOf(node, graph.orderingsOf(node)).map(({ upstream }) => {
    const { isList, length } = runs.get(upstream)!;
    return { name: upstream.slug, isList, length };
  });
  const isFlattened = node.bindings.some((binding) => {
    return (binding.type === 'each-constant' || binding.type === 'each-node') && binding.isFlattened;
  });
  if (!node.isMapped || isFlattened || !upstreams.every(({ isList }) => isList)) return undefined;
  const constants = node.bindings.flatMap((binding) => {
    return binding.type === 'each-constant' ? [[...(binding.values as Iterable<unknown>)]] : [];
  });
  try {
    return lengthOf(node, [...upstreams, ...constants.map(({ length }) => ({ name: 'a list', length }))]);
  } catch {
    // The lengths differ: the node would have failed.
    return undefined;
  }
}
