// Finds which variables of the environment a function reads by their names, `process.env.API_URL`, and which it sets.
// Its text is read, and nothing is run. What goes by another name within the function is not followed.

import type { AnyNode } from 'acorn';
import { readFunction } from './function-text.ts';
import { isDeclared, nodesIn, targetsOf, textIn } from './scope.ts';

/** Whether a name that is not the function's own stands for the environment, or for the process that has it. */
export interface OuterNames {
  readonly isEnvironment: (name: string) => boolean;
  readonly isProcess: (name: string) => boolean;
}

export interface EnvironmentUse {
  /** The names of what it mentions. */
  readonly read: ReadonlySet<string>;
  /** Those among them that it gives a value to, or deletes. */
  readonly assigned: ReadonlySet<string>;
}

type Expression = AnyNode | null | undefined;

/** Operators that give a value; `+=` is none of them, since it needs the one that is there. */
const assigning = ['=', '??=', '||=', '&&='];

/** Throws for what cannot be read. */
export function environmentUseIn(source: string, { isEnvironment, isProcess }: OuterNames): EnvironmentUse {
  const read = new Set<string>();
  const assigned = new Set<string>();
  for (const [node, scope] of nodesIn(readFunction(source).root)) {
    const seen: SeenNames = {
      isEnvironment: (name) => !isDeclared(name, scope) && isEnvironment(name),
      isProcess: (name) => !isDeclared(name, scope) && isProcess(name),
      isGlobal: (name) => !isDeclared(name, scope) && /^global(?:This)?$/.test(name),
    };
    for (const name of [variableIn(node, seen), ...takenBy(node, seen)]) if (name !== undefined) read.add(name);
    for (const target of replacedBy(node)) {
      const name = variableIn(target, seen);
      if (name !== undefined) assigned.add(name);
    }
  }
  return { read, assigned };
}

/** What names stand for in one place. */
interface SeenNames extends OuterNames {
  readonly isGlobal: (name: string) => boolean;
}

/** The name of the variable of the environment that a node is, if it is one. */
function variableIn(node: AnyNode, seen: SeenNames): string | undefined {
  return node.type === 'MemberExpression' && isEnvironment(node.object, seen) ? keyOf(node) : undefined;
}

/** `A` and `B` in `const { A, B: other = '' } = process.env`. */
function takenBy(node: AnyNode, seen: SeenNames): readonly string[] {
  if (node.type === 'VariableDeclarator') return takenOut(node.id, node.init, seen);
  const isPattern = node.type === 'AssignmentPattern' || node.type === 'AssignmentExpression';
  return isPattern ? takenOut(node.left, node.right, seen) : [];
}

function takenOut(pattern: AnyNode, value: Expression, seen: SeenNames): readonly string[] {
  if (isEnvironment(value, seen)) return membersIn(pattern).map(([key]) => key);
  if (!isProcess(value, seen)) return [];
  return membersIn(pattern).flatMap(([key, inner]) => (key === 'env' ? membersIn(inner).map(([name]) => name) : []));
}

function isEnvironment(node: Expression, seen: SeenNames): boolean {
  if (node?.type === 'ChainExpression') return isEnvironment(node.expression, seen);
  if (node?.type === 'Identifier') return seen.isEnvironment(node.name);
  return node?.type === 'MemberExpression' && keyOf(node) === 'env' && isProcess(node.object, seen);
}

function isProcess(node: Expression, seen: SeenNames): boolean {
  if (node?.type === 'Identifier') return seen.isProcess(node.name);
  const isMember = node?.type === 'MemberExpression' && keyOf(node) === 'process';
  return isMember && node.object.type === 'Identifier' && seen.isGlobal(node.object.name);
}

/** What is given another value by this very node, or none, whatever it had. */
function replacedBy(node: AnyNode): AnyNode[] {
  if (node.type === 'UnaryExpression') return node.operator === 'delete' ? [node.argument] : [];
  const isChange = node.type === 'AssignmentExpression' && !assigning.includes(node.operator);
  return isChange || node.type === 'UpdateExpression' ? [] : targetsOf(node);
}

/** The keys of a pattern that takes an object apart, and what is inside of each. */
function membersIn(pattern: AnyNode): (readonly [key: string, inner: AnyNode])[] {
  if (pattern.type === 'AssignmentPattern') return membersIn(pattern.left);
  if (pattern.type !== 'ObjectPattern') return [];
  return pattern.properties.flatMap((each) => {
    const key = each.type === 'Property' ? nameOf(each.key, each.computed) : undefined;
    return each.type === 'Property' && key !== undefined ? [[key, each.value] as const] : [];
  });
}

function keyOf({ property, computed }: Extract<AnyNode, { type: 'MemberExpression' }>): string | undefined {
  return nameOf(property, computed);
}

function nameOf(key: AnyNode, isComputed: boolean): string | undefined {
  return key.type === 'Identifier' && !isComputed ? key.name : textIn(key);
}
