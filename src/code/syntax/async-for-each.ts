// Finds `items.forEach(async …)` in the text of a function, a method or a class. Nothing is run.

import type { AnyNode } from 'acorn';
import { readFunction } from './function-text.ts';
import { isFunction, nodesIn } from './scope.ts';

/** Where the first one stands, counted from the beginning of the text. Throws for what cannot be read. */
export function asyncForEachIn(source: string): number | undefined {
  const { root, shift } = readFunction(source);
  const places = [...nodesIn(root)].flatMap(([node]) => asyncForEachAt(node) ?? []);
  return places.length === 0 ? undefined : Math.min(...places) - shift;
}

/** With options it is that of a stream, which waits. */
function asyncForEachAt(node: AnyNode): number | undefined {
  if (node.type !== 'CallExpression' || node.callee.type !== 'MemberExpression') return undefined;
  const { property } = node.callee;
  const [first, ...more] = node.arguments;
  if (property.type !== 'Identifier' || property.name !== 'forEach' || more.length > 0) return undefined;
  return first !== undefined && isFunction(first) && first.async ? property.start : undefined;
}
