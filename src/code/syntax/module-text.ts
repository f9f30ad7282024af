// What the text of a module says of the names at its top level. Nothing is run.

import type { AnyNode, Program } from 'acorn';
import type { Place } from '../call-site.ts';
import { assignedBy } from './free-names.ts';
import { Places } from './places.ts';
import { declarationIn, isDeclared, isFunction, namesDeclaredIn, outermost, within, type Scope } from './scope.ts';

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
  /** Names of its own that are declared as a function or a class which is written there. */
  readonly functions: ReadonlySet<string>;
  /** Names of its own that stand behind a run of a flow it waits for, say, so that no worker has them. */
  readonly unreached: ReadonlySet<string>;
}

const unread: ModuleText = { imports: new Map(), changing: new Set(), functions: new Set(), unreached: new Set() };

/** Nothing for what cannot be read, a script that is no module for example. Its deeds are in order. */
export function readNamesOf(source: string, deeds: readonly Place[]): ModuleText {
  let places: Places;
  try {
    places = new Places(source);
  } catch {
    return unread;
  }
  const { program } = places;
  const held = deeds.find((deed) => places.isHeldAt(deed));
  const behind = held === undefined ? [] : places.statementsFrom(held);
  return {
    imports: new Map(program.body.flatMap(importsOf)),
    changing: changedLater(program),
    functions: new Set(program.body.flatMap(functionsNamedIn)),
    unreached: new Set(behind.flatMap(namesDeclaredIn)),
  };
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

function functionsNamedIn(statement: AnyNode): string[] {
  const declared = declarationIn(statement);
  const named = declared.type === 'VariableDeclaration' ? declared.declarations : [declared];
  return named.flatMap((each) => {
    const made = each.type === 'VariableDeclarator' ? each.init : each;
    const isWritten = made != null && (isFunction(made) || /^Class(?:Declaration|Expression)$/.test(made.type));
    return isWritten && 'id' in each && each.id?.type === 'Identifier' ? [each.id.name] : [];
  });
}

function nameIn(node: Extract<AnyNode, { type: 'Identifier' | 'Literal' }>): string {
  return node.type === 'Identifier' ? node.name : String(node.value);
}

/** Outside of all functions, what is assigned is assigned while the module is loaded. */
function changedLater(program: Program): Set<string> {
  const changed = new Set<string>();
  const open: [node: AnyNode, scope: Scope, isLater: boolean][] = [[program, outermost, false]];
  for (let visit = open.pop(); visit !== undefined; visit = open.pop()) {
    const [node, scope, isLater] = visit;
    const assigned = isLater ? assignedBy(node).filter((name) => !isDeclared(name, scope)) : [];
    for (const name of assigned) changed.add(name);
    for (const part of within(node, scope)) open.push([...part, isLater || isFunction(node)]);
  }
  return changed;
}
