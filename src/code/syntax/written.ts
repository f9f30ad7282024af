// What one node of a syntax tree writes to, of what is there before the function is called, and after. Only what is a
// trap for sure is told. To a variable, that is every write but one that fills it once, `client ??= connect()`. To an
// object that is kept elsewhere, only a write that builds on what was there: `totals[key] = value` may as well fill a
// cache, and `seen.add(value)` may as well save work; `totals[key] += value` and `seen.push(value)` do neither.

import type { AnyNode } from 'acorn';
import { isNothing } from './absence.ts';
import { isDeclared, nodesIn, targetsIn, targetsOf, type Scope } from './scope.ts';

/** What is known of the code around a node. */
export interface Enclosure {
  readonly scope: Scope;
  /** Variables that are only filled here because they are empty. */
  readonly empty: readonly string[];
  /** Whether `this` is still that of the function itself: the task, of which nothing but what it holds can change. */
  readonly hasOwnThis: boolean;
}

/** All of the code that a node stands in. */
interface Whole {
  readonly root: AnyNode;
  readonly text: string;
}

type Assignment = Extract<AnyNode, { type: 'AssignmentExpression' }>;
type Call = Extract<AnyNode, { type: 'CallExpression' }>;

/** What this very node writes to, of what is not the function's own. */
export function writtenBy(node: AnyNode, enclosure: Enclosure, whole: Whole): AnyNode[] {
  switch (node.type) {
    case 'UpdateExpression':
      return targetsOf(node).filter((target) => isOuter(target, enclosure));
    case 'ForInStatement':
    case 'ForOfStatement':
      return targetsOf(node).filter((target) => target.type === 'Identifier' && isOuter(target, enclosure));
    case 'AssignmentExpression':
      return assignedBy(node, enclosure, whole);
    case 'CallExpression':
      return [...countedBy(node, whole), ...grownBy(node, whole)].filter((object) => isOuterObject(object, enclosure));
    default:
      return [];
  }
}

function assignedBy(node: Assignment, enclosure: Enclosure, { text }: Whole): AnyNode[] {
  const { operator, left, right } = node;
  if (operator === '??=' || operator === '||=') return [];
  const targets = targetsIn(left).filter((target) => isOuter(target, enclosure));
  if (operator !== '=' && operator !== '&&=') return targets;
  const textOf = ({ start, end }: AnyNode) => text.slice(start, end);
  const kept = keptBy(right);
  return targets.filter((target) => {
    if (isNothing(right) || (kept !== undefined && textOf(kept) === textOf(target))) return false;
    if (target.type === 'Identifier') return !enclosure.empty.includes(target.name);
    return contains(right, (part) => part.type === 'MemberExpression' && textOf(part) === textOf(target));
  });
}

/** `client` in `client ?? connect()`: what is there is kept. */
function keptBy(value: AnyNode): AnyNode | undefined {
  if (value.type === 'AwaitExpression') return keptBy(value.argument);
  if (value.type !== 'LogicalExpression' || value.operator === '&&') return undefined;
  return value.left;
}

/** `counts.set(key, (counts.get(key) ?? 0) + 1)` is `counts[key] += 1` in the language of maps. */
function countedBy({ callee, arguments: given }: Call, { text }: Whole): AnyNode[] {
  const map = objectOf(callee, 'set');
  const value = given[1];
  if (map === undefined || value === undefined) return [];
  const textOf = ({ start, end }: AnyNode) => text.slice(start, end);
  const isRead = (part: AnyNode): boolean => {
    const read = part.type === 'CallExpression' ? objectOf(part.callee, 'get') : undefined;
    return read !== undefined && textOf(read) === textOf(map);
  };
  const kept = keptBy(value);
  const isKept = kept !== undefined && isRead(kept);
  return !isKept && contains(value, isRead) ? [map] : [];
}

/** A list that is only added to is a result. One that is taken from as well is a pool or a queue of this thread. */
function grownBy({ callee }: Call, { root, text }: Whole): AnyNode[] {
  const list = objectOf(callee, 'push') ?? objectOf(callee, 'unshift');
  const isField = list?.type === 'MemberExpression' && list.object.type === 'ThisExpression';
  if (list === undefined || (list.type !== 'Identifier' && !isField)) return [];
  const textOf = ({ start, end }: AnyNode) => text.slice(start, end);
  const isTaken = contains(root, (part) => {
    if (part.type !== 'CallExpression') return false;
    const takenFrom = ['pop', 'shift', 'splice'].flatMap((method) => objectOf(part.callee, method) ?? []);
    return takenFrom.some((from) => textOf(from) === textOf(list));
  });
  return isTaken ? [] : [list];
}

function objectOf(callee: AnyNode, method: string): AnyNode | undefined {
  if (callee.type !== 'MemberExpression' || callee.computed || callee.property.type !== 'Identifier') return undefined;
  return callee.property.name === method ? callee.object : undefined;
}

/** Whether what is assigned to is there before the function is called, and after. */
function isOuter(target: AnyNode, enclosure: Enclosure): boolean {
  if (target.type === 'MemberExpression') return isOuterObject(target.object, enclosure);
  return target.type === 'Identifier' && !isDeclared(target.name, enclosure.scope);
}

/** What is made by a call, `open().count += 1`, may as well be new. */
function isOuterObject(object: AnyNode, { scope, hasOwnThis }: Enclosure): boolean {
  let root = object;
  while (root.type === 'MemberExpression') root = root.object;
  // Of the task itself nobody has to be told: it is frozen, and says so.
  if (root.type === 'ThisExpression') return hasOwnThis && root !== object;
  return root.type === 'Identifier' && !isDeclared(root.name, scope) && !isOfPlatform(root.name);
}

/** `process.exitCode`, `Error.stackTraceLimit`: made to be set. The global object itself is a drawer like any other. */
function isOfPlatform(name: string): boolean {
  return name !== 'globalThis' && name !== 'global' && Object.hasOwn(globalThis, name);
}

function contains(code: AnyNode, holds: (part: AnyNode) => boolean): boolean {
  return nodesIn(code).some(([part]) => holds(part));
}
