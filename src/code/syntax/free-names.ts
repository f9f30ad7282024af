// Which names a function uses that are not its own, and what else ties it to the place where it was written.

import type { AnyNode } from 'acorn';
import { readFunction, type FunctionText } from './function-text.ts';
import { isDeclared, isFunction, outermost, targetsOf, within, type Scope } from './scope.ts';

/** What a piece of code uses that is not its own. */
export interface UsedNames {
  readonly names: ReadonlySet<string>;
  /** Those among them that it assigns to. */
  readonly written: ReadonlySet<string>;
  /** Where `import.meta` is mentioned, as offsets in the source. */
  readonly importMeta: readonly { readonly start: number; readonly end: number }[];
  /** What cannot be taken along, if there is any. */
  readonly tie: Tie | undefined;
}

/** Of a function, without its early parts. */
export interface FreeNames extends UsedNames {
  readonly text: FunctionText;
  readonly early: readonly EarlyPart[];
}

/** What the code around evaluates once, to make a class or a method: the superclass, a computed name. */
export interface EarlyPart extends UsedNames {
  /** Offsets in the source of the whole. */
  readonly start: number;
  readonly end: number;
  readonly source: string;
  /** The source of the member that it names; absent for a superclass. */
  readonly member: string | undefined;
}

/** Something that only makes sense where the function was written. */
export interface Tie {
  /** The end of a sentence that begins with the function. */
  readonly what: string;
  readonly remedy: string;
}

interface Enclosure {
  readonly scope: Scope;
  /** Whether `this`, `arguments` and `new.target` are those of a function in here. */
  readonly hasOwnThis: boolean;
  /** Whether `super` belongs to a method in here. */
  readonly hasOwnSuper: boolean;
  readonly privateNames: readonly string[];
}

type Visit = readonly [node: AnyNode, enclosure: Enclosure];

const inAClass = 'Write it as a function of its own, and pass what it needs.';

/** Throws for what cannot be read. */
export function freeNamesIn(source: string): FreeNames {
  const text = readFunction(source);
  const start: Enclosure = { scope: outermost, hasOwnThis: false, hasOwnSuper: false, privateNames: [] };
  const early = earlyIn(text);
  const apart = new Set(early.map(({ node }) => node));
  const used = usedBy(text.isMethod ? methodIn(text, start) : [[text.root, start]], text, apart);
  const parts = early.map(({ node, member }): EarlyPart => {
    const place = { start: node.start - text.shift, end: node.end - text.shift };
    const sources = { source: sliceOf(text, node), member: member && sliceOf(text, member) };
    return { ...usedBy([[node, start]], text), ...place, ...sources };
  });
  return { ...used, text, early: parts };
}

function sliceOf({ text }: FunctionText, { start, end }: AnyNode): string {
  return text.slice(start, end);
}

function earlyIn({ root, isMethod }: FunctionText): { readonly node: AnyNode; readonly member?: AnyNode }[] {
  if (root.type !== 'ClassExpression') return [];
  const keys = root.body.body.flatMap((member) =>
    member.type !== 'StaticBlock' && member.computed ? [{ node: member.key, member }] : [],
  );
  return root.superClass && !isMethod ? [{ node: root.superClass }, ...keys] : keys;
}

function usedBy(open: Visit[], text: FunctionText, apart: ReadonlySet<AnyNode> = new Set()): UsedNames {
  const names = new Set<string>();
  const written = new Set<string>();
  const importMeta: { start: number; end: number }[] = [];
  let tie: Tie | undefined;
  for (let visit = open.pop(); visit !== undefined; visit = open.pop()) {
    const [node, enclosure] = visit;
    if (apart.has(node)) continue;
    tie ??= tieOf(node, enclosure);
    if (node.type === 'Identifier' && !isDeclared(node.name, enclosure.scope)) names.add(node.name);
    if (node.type === 'MetaProperty' && node.meta.name === 'import') {
      importMeta.push({ start: node.start - text.shift, end: node.end - text.shift });
    }
    for (const name of assignedBy(node)) if (!isDeclared(name, enclosure.scope)) written.add(name);
    open.push(...inside(node, enclosure));
  }
  return { names, written, importMeta, tie };
}

/** The names that a node assigns to, be they whose they may. */
export function assignedBy(node: AnyNode): string[] {
  return targetsOf(node).flatMap((target) => (target.type === 'Identifier' ? [target.name] : []));
}

/** Whether instances of a class have what only the class can see. Throws for what cannot be read. */
export function hasPrivateMembers(source: string): boolean {
  const { root } = readFunction(source);
  if (root.type !== 'ClassExpression') return false;
  return root.body.body.some((member) => member.type !== 'StaticBlock' && member.key.type === 'PrivateIdentifier');
}

/** A method without the class that was put around it: that one has no `super` to offer, nor names. */
function methodIn({ root }: FunctionText, enclosure: Enclosure): Visit[] {
  const [member] = (root as Extract<AnyNode, { type: 'ClassExpression' }>).body.body;
  if (member === undefined || member.type === 'StaticBlock') return [];
  // The name of a private one is a tie as well.
  const isKeyRead = member.computed || member.key.type === 'PrivateIdentifier';
  const key: Visit[] = isKeyRead ? [[member.key, enclosure]] : [];
  return member.value ? [...key, [member.value, enclosure]] : key;
}

function tieOf(node: AnyNode, { scope, hasOwnThis, hasOwnSuper, privateNames }: Enclosure): Tie | undefined {
  switch (node.type) {
    case 'ThisExpression':
      return hasOwnThis ? undefined : ties.this;
    case 'Super':
      return hasOwnSuper ? undefined : ties.super;
    case 'MetaProperty':
      return node.meta.name === 'new' && !hasOwnThis ? ties.newTarget : undefined;
    case 'Identifier':
      return node.name === 'arguments' && !isDeclared('arguments', scope) ? ties.arguments : undefined;
    case 'PrivateIdentifier':
      if (privateNames.includes(node.name)) return undefined;
      return { what: `uses #${node.name} of the class around it, which exists in that class only`, remedy: inAClass };
    case 'MemberExpression': {
      const { object, property } = node;
      const isResolve = object.type === 'MetaProperty' && property.type === 'Identifier' && property.name === 'resolve';
      return isResolve ? ties.resolve : undefined;
    }
    case 'CallExpression':
      return node.callee.type === 'Identifier' && node.callee.name === 'eval' ? ties.eval : undefined;
    case 'WithStatement':
      return ties.with;
    case 'StaticBlock':
      return ties.static;
    case 'PropertyDefinition':
      return node.static && node.key.type === 'PrivateIdentifier' ? ties.static : undefined;
    default:
      return undefined;
  }
}

const ties = {
  this: {
    what: 'is an arrow function that uses the `this` of what is around it',
    remedy: 'Put what it needs of that in a const before it, and use that.',
  },
  super: { what: 'uses `super`, which belongs to the class or object around it', remedy: inAClass },
  newTarget: { what: 'uses the `new.target` of the function around it', remedy: 'Put that in a const before it.' },
  arguments: {
    what: 'uses the `arguments` of the function around it',
    remedy: 'Give that function named parameters, and use those.',
  },
  eval: {
    what: 'calls eval(), so nobody can tell which variables it uses',
    remedy: 'Say what it does without eval().',
  },
  resolve: {
    what: 'uses import.meta.resolve, which its module alone has',
    remedy: 'Call it at the top level of the module, and use what it gives.',
  },
  with: { what: 'has a `with` statement, so nobody can tell which variables it uses', remedy: 'Name the object.' },
  static: {
    what: 'has a static block or static private members, whose effects and contents cannot be seen from outside',
    remedy: 'Move the class to the top level of a module.',
  },
} as const satisfies Record<string, Tie>;

/** The parts of a node that are code, each with what is known there. */
function inside(node: AnyNode, enclosure: Enclosure): Visit[] {
  return within(node, enclosure.scope)
    .filter(([part]) => !isLabel(part, node))
    .map(([part, scope]) => [part, { ...enclosure, scope, ...ownOf(part, node, enclosure) }]);
}

/** Whether a part of a node is a name that stands for no variable. */
function isLabel(part: AnyNode, node: AnyNode): boolean {
  switch (node.type) {
    case 'MemberExpression':
      return part === node.property && !node.computed && part.type !== 'PrivateIdentifier';
    case 'Property':
    case 'MethodDefinition':
    case 'PropertyDefinition':
      return part === node.key && !node.computed;
    case 'LabeledStatement':
    case 'BreakStatement':
    case 'ContinueStatement':
      return part === node.label;
    default:
      return node.type === 'MetaProperty';
  }
}

/** What a part of a node has for its own, beyond what the node has. */
function ownOf(part: AnyNode, node: AnyNode, { hasOwnThis, privateNames }: Enclosure): Partial<Enclosure> {
  if (isFunction(node)) return { hasOwnThis: hasOwnThis || node.type !== 'ArrowFunctionExpression' };
  switch (node.type) {
    case 'Property':
      return part === node.value && 'method' in node && (node.method || node.kind !== 'init')
        ? { hasOwnSuper: true }
        : {};
    case 'ClassBody': {
      const keys = node.body.flatMap((member) => (member.type === 'StaticBlock' ? [] : [member.key]));
      const names = keys.flatMap((key) => (key.type === 'PrivateIdentifier' ? [key.name] : []));
      return { privateNames: [...privateNames, ...names] };
    }
    case 'MethodDefinition':
    case 'PropertyDefinition':
      return part === node.value ? { hasOwnThis: true, hasOwnSuper: true } : {};
    default:
      return {};
  }
}
