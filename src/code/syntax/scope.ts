// Which names a piece of code declares for itself. Code is told from data here by its syntax tree alone; nothing runs.

import type { AnyNode, Function as FunctionNode } from 'acorn';

/** The names that a piece of code declares, and then those of the code around it. */
export interface Scope {
  readonly names: ReadonlySet<string>;
  readonly outer: Scope | undefined;
}

/** Whether the name is declared somewhere from here outwards. */
export function isDeclared(name: string, scope: Scope): boolean {
  for (let here: Scope | undefined = scope; here !== undefined; here = here.outer) {
    if (here.names.has(name)) return true;
  }
  return false;
}

export function isFunction(node: AnyNode): node is Extract<AnyNode, FunctionNode> {
  const { type } = node;
  return type === 'FunctionDeclaration' || type === 'FunctionExpression' || type === 'ArrowFunctionExpression';
}

/** A piece of code, and what it sees. */
export type Seeing = readonly [node: AnyNode, scope: Scope];

/** What nothing is declared around. */
export const outermost: Scope = { names: new Set(), outer: undefined };

/** All of a piece of code, none before what it stands in. */
export function* nodesIn(code: AnyNode): Generator<Seeing, void> {
  const open: Seeing[] = [[code, outermost]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    yield next;
    open.push(...within(...next));
  }
}

/** What stands directly inside of a node. */
export function within(node: AnyNode, outer: Scope): Seeing[] {
  if (isFunction(node)) return withinFunction(node, outer);
  const names = namesDeclaredBy(node);
  const scope = names.length === 0 ? outer : { names: new Set(names), outer };
  return childrenOf(node).map((child) => [child, scope]);
}

/** Default values of parameters do not see the variables of the body. */
function withinFunction(node: FunctionNode, outer: Scope): Seeing[] {
  const own = node.type === 'ArrowFunctionExpression' ? [] : ['arguments'];
  if (node.type === 'FunctionExpression' && node.id) own.push(node.id.name);
  const head: Scope = { names: new Set([...own, ...node.params.flatMap(namesIn)]), outer };
  const body: Scope = { names: new Set(variablesIn(node.body)), outer: head };
  return [...node.params.map((each): Seeing => [each, head]), [node.body, body]];
}

function namesDeclaredBy(node: AnyNode): string[] {
  switch (node.type) {
    case 'BlockStatement':
      return node.body.flatMap(lexicalNamesIn);
    case 'StaticBlock':
      return [...node.body.flatMap(lexicalNamesIn), ...node.body.flatMap(variablesIn)];
    case 'SwitchStatement':
      return node.cases.flatMap(({ consequent }) => consequent.flatMap(lexicalNamesIn));
    case 'ForStatement':
      return node.init ? lexicalNamesIn(node.init) : [];
    case 'ForInStatement':
    case 'ForOfStatement':
      return lexicalNamesIn(node.left);
    case 'CatchClause':
      return node.param ? namesIn(node.param) : [];
    case 'ClassDeclaration':
    case 'ClassExpression':
      return node.id ? [node.id.name] : [];
    default:
      return [];
  }
}

/** What is declared in the block that this statement stands in; what `var` declares is in no block alone. */
function lexicalNamesIn(statement: AnyNode): string[] {
  let declared = statement;
  while (declared.type === 'LabeledStatement') declared = declared.body;
  if (declared.type === 'FunctionDeclaration' || declared.type === 'ClassDeclaration') {
    return declared.id ? [declared.id.name] : [];
  }
  if (declared.type !== 'VariableDeclaration' || declared.kind === 'var') return [];
  return declared.declarations.flatMap(({ id }) => namesIn(id));
}

/** The declaration that is exported, or the statement itself. */
export function declarationIn(statement: AnyNode): AnyNode {
  const { type } = statement;
  const isExport = type === 'ExportNamedDeclaration' || type === 'ExportDefaultDeclaration';
  return isExport ? (statement.declaration ?? statement) : statement;
}

/** What a statement declares where it stands. */
export function namesDeclaredIn(statement: AnyNode): string[] {
  const declared = declarationIn(statement);
  return [...lexicalNamesIn(declared), ...variablesIn(declared)];
}

/** What `var` declares anywhere in this code, but for the functions in it, which keep theirs. */
function variablesIn(code: AnyNode): string[] {
  const names: string[] = [];
  const open = [code];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (isFunction(node) || node.type === 'StaticBlock') continue;
    if (node.type === 'VariableDeclaration' && node.kind === 'var') {
      names.push(...node.declarations.flatMap(({ id }) => namesIn(id)));
    }
    open.push(...childrenOf(node));
  }
  return names;
}

/** The names in a pattern: `a` and `b` in `{ a, x: [b = 1] }`. */
function namesIn(pattern: AnyNode): string[] {
  return targetsIn(pattern).flatMap((target) => (target.type === 'Identifier' ? [target.name] : []));
}

/** What a node assigns to. */
export function targetsOf(node: AnyNode): AnyNode[] {
  switch (node.type) {
    case 'AssignmentExpression':
      return targetsIn(node.left);
    case 'UpdateExpression':
      return [node.argument];
    case 'ForInStatement':
    case 'ForOfStatement':
      return node.left.type === 'VariableDeclaration' ? [] : targetsIn(node.left);
    default:
      return [];
  }
}

/** What a pattern puts values into: names, and, when it is assigned to, members of objects. */
export function targetsIn(pattern: AnyNode): AnyNode[] {
  const targets: AnyNode[] = [];
  const open = [pattern];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node.type === 'ObjectPattern') open.push(...node.properties);
    else if (node.type === 'ArrayPattern') open.push(...node.elements.filter((element) => element !== null));
    else if (node.type === 'Property') open.push(node.value);
    else if (node.type === 'RestElement') open.push(node.argument);
    else if (node.type === 'AssignmentPattern') open.push(node.left);
    else targets.push(node);
  }
  return targets;
}

/** The text that a node stands for by itself. */
export function textIn(node: AnyNode | undefined): string | undefined {
  if (node?.type === 'Literal') return typeof node.value === 'string' ? node.value : undefined;
  if (node?.type !== 'TemplateLiteral' || node.expressions.length > 0) return undefined;
  return node.quasis[0]?.value.cooked ?? undefined;
}

export function childrenOf(node: AnyNode): AnyNode[] {
  return Object.values(node).flat().filter(isNode);
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';
}
