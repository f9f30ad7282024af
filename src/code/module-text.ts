// What the text of a module says of the names at its top level. Nothing is run.

import type { AnyNode, Program } from 'acorn';
import type { Place } from './call-site.ts';
import { assignedBy } from './free-names.ts';
import { readModule } from './function-text.ts';
import { childrenOf, isDeclared, isFunction, scopeInside, scopesOfFunction, type Scope } from './scope.ts';

/** Where a name comes from that a module imports. */
export interface ImportedName {
  /** As the module calls the other one: `./prices.ts`, `node:fs`. */
  readonly from: string;
  /** What it is called there; `*` for all of that module. */
  readonly name: string;
  /** Such as `{ type: 'json' }`, if any. */
  readonly attributes: Readonly<Record<string, string>>;
}

export interface ModuleText {
  readonly imports: ReadonlyMap<string, ImportedName>;
  /** Names of its own that some function in it assigns to, so that they may change after it was loaded. */
  readonly changing: ReadonlySet<string>;
}

const unread: ModuleText = { imports: new Map(), changing: new Set() };

/** Nothing for what cannot be read, a script that is no module for example. */
export function readNamesOf(source: string): ModuleText {
  let program: Program;
  try {
    program = readModule(source);
  } catch {
    return unread;
  }
  return { imports: new Map(program.body.flatMap(importsOf)), changing: changedLater(program) };
}

/** Tells whether a place of a module's text is inside of a function. Throws for what cannot be read. */
export function functionsIn(source: string): (place: Place) => boolean {
  const lengths = source.split('\n').map((line) => line.length + 1);
  const outermost: AnyNode[] = [];
  const open: AnyNode[] = [readModule(source)];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (isFunction(node)) outermost.push(node);
    else open.push(...childrenOf(node));
  }
  return ({ line, column }) => {
    const offset = lengths.slice(0, line - 1).reduce((sum, each) => sum + each, column - 1);
    return outermost.some(({ start, end }) => start <= offset && offset < end);
  };
}

/** Where `import('…')` stands, in order; nowhere in what cannot be read. */
export function importCallsIn(source: string): readonly { readonly start: number; readonly end: number }[] {
  let open: AnyNode[];
  try {
    open = [readModule(source)];
  } catch {
    return [];
  }
  const calls: AnyNode[] = [];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node.type === 'ImportExpression' && node.source.type === 'Literal') calls.push(node);
    open.push(...childrenOf(node));
  }
  return calls.toSorted((a, b) => a.start - b.start);
}

function importsOf(node: AnyNode): [string, ImportedName][] {
  if (node.type !== 'ImportDeclaration') return [];
  const from = String(node.source.value);
  const attributes = Object.fromEntries(node.attributes.map(({ key, value }) => [nameIn(key), String(value.value)]));
  return node.specifiers.map((specifier) => {
    const isNamed = specifier.type === 'ImportSpecifier';
    const fallback = specifier.type === 'ImportDefaultSpecifier' ? 'default' : '*';
    const name = isNamed ? nameIn(specifier.imported) : fallback;
    return [specifier.local.name, { from, name, attributes }];
  });
}

function nameIn(node: Extract<AnyNode, { type: 'Identifier' | 'Literal' }>): string {
  return node.type === 'Identifier' ? node.name : String(node.value);
}

function changedLater(program: Program): Set<string> {
  const changed = new Set<string>();
  const open: { readonly node: AnyNode; readonly scope: Scope | undefined }[] = [{ node: program, scope: undefined }];
  for (let visit = open.pop(); visit !== undefined; visit = open.pop()) {
    const { node, scope } = visit;
    // Outside of all functions, what is assigned is assigned while the module is loaded.
    const assigned = scope === undefined ? [] : assignedBy(node).filter((name) => !isDeclared(name, scope));
    for (const name of assigned) changed.add(name);
    const outer = scope ?? { names: new Set<string>(), outer: undefined };
    if (isFunction(node)) {
      const { head, body } = scopesOfFunction(node, outer);
      open.push(...node.params.map((each) => ({ node: each, scope: head })), { node: node.body, scope: body });
    } else {
      const inner = scope && scopeInside(node, scope);
      open.push(...childrenOf(node).map((child) => ({ node: child, scope: inner })));
    }
  }
  return changed;
}
