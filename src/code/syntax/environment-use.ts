// Finds which variables of the environment a function reads by their names, `process.env.API_URL`, and which it sets.
// Its text is read, and nothing is run. What goes by another name within the function is not followed.

import type { AnyNode } from 'acorn';
import { readFunction } from './function-text.ts';
import { isDeclared, nodesIn, targetsOf, textIn, type Scope } from './scope.ts';

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
export function environmentUseIn(source: string, outer: OuterNames): EnvironmentUse {
  const read = new Set<string>();
  const assigned = new Set<string>();
  for (const [node, scope] of nodesIn(readFunction(source).root)) {
    const seen = new SeenFrom(scope, outer);
    for (const name of [seen.variable(node), ...seen.takenBy(node)]) if (name !== undefined) read.add(name);
    for (const target of replacedBy(node)) {
      const name = seen.variable(target);
      if (name !== undefined) assigned.add(name);
    }
  }
  return { read, assigned };
}

/** What expressions stand for in one place. */
class SeenFrom {
  readonly #scope: Scope;
  readonly #outer: OuterNames;

  constructor(scope: Scope, outer: OuterNames) {
    this.#scope = scope;
    this.#outer = outer;
  }

  /** The name of the variable of the environment that it is, if it is one. */
  variable(node: AnyNode): string | undefined {
    return node.type === 'MemberExpression' && this.#isEnvironment(node.object) ? keyOf(node) : undefined;
  }

  /** `A` and `B` in `const { A, B: other = '' } = process.env`. */
  takenBy(node: AnyNode): readonly string[] {
    if (node.type === 'VariableDeclarator') return this.#takenOut(node.id, node.init);
    const isPattern = node.type === 'AssignmentPattern' || node.type === 'AssignmentExpression';
    return isPattern ? this.#takenOut(node.left, node.right) : [];
  }

  #takenOut(pattern: AnyNode, value: Expression): readonly string[] {
    if (this.#isEnvironment(value)) return membersIn(pattern).map(([key]) => key);
    if (!this.#isProcess(value)) return [];
    return membersIn(pattern).flatMap(([key, inner]) => (key === 'env' ? membersIn(inner).map(([name]) => name) : []));
  }

  #isEnvironment(node: Expression): boolean {
    if (node?.type === 'ChainExpression') return this.#isEnvironment(node.expression);
    if (node?.type === 'Identifier') return this.#isOuter(node.name) && this.#outer.isEnvironment(node.name);
    return node?.type === 'MemberExpression' && keyOf(node) === 'env' && this.#isProcess(node.object);
  }

  #isProcess(node: Expression): boolean {
    if (node?.type === 'Identifier') return this.#isOuter(node.name) && this.#outer.isProcess(node.name);
    return node?.type === 'MemberExpression' && keyOf(node) === 'process' && this.#isGlobal(node.object);
  }

  #isGlobal(node: AnyNode): boolean {
    return node.type === 'Identifier' && this.#isOuter(node.name) && /^global(?:This)?$/.test(node.name);
  }

  #isOuter(name: string): boolean {
    return !isDeclared(name, this.#scope);
  }
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
