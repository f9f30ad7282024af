// Finds `items.forEach(async …)` in the text of a function, a method or a class, and `items.map(async …)` where nothing
// is done with the promises. Nothing is run.

import type { AnyNode } from 'acorn';
import { readFunction } from './function-text.ts';
import { isFunction, nodesIn } from './scope.ts';

export interface AsyncForEach {
  readonly method: 'forEach' | 'map';
  /** Where that stands, counted from the beginning of the text. */
  readonly offset: number;
}

/** The first one. Throws for what cannot be read. */
export function asyncForEachIn(source: string): AsyncForEach | undefined {
  const { root, shift } = readFunction(source);
  const found = [...nodesIn(root)].flatMap(([node]) => [...calledAt(node, 'forEach'), ...droppedAt(node)]);
  const [first] = found.toSorted((a, b) => a.offset - b.offset);
  return first && { ...first, offset: first.offset - shift };
}

function droppedAt(node: AnyNode): AsyncForEach[] {
  return node.type === 'ExpressionStatement' ? calledAt(node.expression, 'map') : [];
}

/** With more arguments it is a stream's, which waits. */
function calledAt(node: AnyNode, method: AsyncForEach['method']): AsyncForEach[] {
  if (node.type !== 'CallExpression' || node.callee.type !== 'MemberExpression') return [];
  const { property } = node.callee;
  const [first, ...more] = node.arguments;
  const isCalled = property.type === 'Identifier' && property.name === method && more.length === 0;
  return isCalled && first !== undefined && isFunction(first) && first.async
    ? [{ method, offset: property.start }]
    : [];
}
