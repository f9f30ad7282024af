// Finds which variables of the environment a function reads by their names: `process.env.API_URL`. The text of it is
// read, and nothing is run.

import type { AnyNode, Pattern } from 'acorn';
import { readFunction } from './function-text.ts';
import { childrenOf } from './scope.ts';

/** Whether a name that is not the function's own stands for the environment, or for the process that has it. */
export interface OuterNames {
  readonly isEnvironment: (name: string) => boolean;
  readonly isProcess: (name: string) => boolean;
}

/** The names, without those that the function sets itself. Throws for what cannot be read. */
export function environmentReadIn(source: string, outer: OuterNames): string[] {
  const read = new Set<string>();
  const set = new Set<string>();
  const isEnvironment = (node: AnyNode | null | undefined): boolean => {
    if (node?.type === 'ChainExpression') return isEnvironment(node.expression);
    if (node?.type === 'Identifier') return outer.isEnvironment(node.name);
    return node?.type === 'MemberExpression' && keyOf(node) === 'env' && isProcess(node.object);
  };
  const isProcess = (node: AnyNode): boolean => {
    if (node.type === 'Identifier') return outer.isProcess(node.name);
    return node.type === 'MemberExpression' && keyOf(node) === 'process' && isGlobal(node.object);
  };
  const variableOf = (node: AnyNode) =>
    node.type === 'MemberExpression' && isEnvironment(node.object) ? keyOf(node) : undefined;
  const open: AnyNode[] = [readFunction(source).root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const target = node.type === 'AssignmentExpression' ? variableOf(node.left) : undefined;
    const name = variableOf(node);
    if (target !== undefined) set.add(target);
    else if (name !== undefined) read.add(name);
    for (const taken of takenOut(node, isEnvironment)) read.add(taken);
    open.push(...childrenOf(node));
  }
  return [...read].filter((name) => !set.has(name));
}

/** `A` and `B` in `const { A, B: other = '' } = process.env`. */
function takenOut(node: AnyNode, isEnvironment: (node: AnyNode | null | undefined) => boolean): string[] {
  if (node.type === 'VariableDeclarator') return isEnvironment(node.init) ? keysIn(node.id) : [];
  return node.type === 'AssignmentExpression' && isEnvironment(node.right) ? keysIn(node.left) : [];
}

function keysIn(pattern: Pattern): string[] {
  if (pattern.type !== 'ObjectPattern') return [];
  return pattern.properties.flatMap((each) =>
    each.type === 'Property' ? (nameOf(each.key, each.computed) ?? []) : [],
  );
}

function keyOf({ property, computed }: Extract<AnyNode, { type: 'MemberExpression' }>): string | undefined {
  return nameOf(property, computed);
}

function nameOf(key: AnyNode, isComputed: boolean): string | undefined {
  if (key.type === 'Literal' && typeof key.value === 'string') return key.value;
  return key.type === 'Identifier' && !isComputed ? key.name : undefined;
}

function isGlobal(node: AnyNode): boolean {
  return node.type === 'Identifier' && (node.name === 'globalThis' || node.name === 'global');
}
