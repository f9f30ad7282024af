// Finds where a function keeps something in a variable that is not its own: `count += 1`, where `count` belongs to the
// module. Each thread of each worker has such a variable for itself, so what is kept there is not what it seems to be.
// The text of the function is read, and nothing is run. What a function that it calls does is not known.

import type { AnyNode, IfStatement } from 'acorn';
import { emptyWhen } from './absence.ts';
import { readFunction } from './function-text.ts';
import { isFunction, outermost, within } from './scope.ts';
import { writtenBy, type Enclosure } from './written.ts';

export interface OuterWrite {
  /** What is written to, as it stands in the source: `count`, `stats.count`. */
  readonly target: string;
  /** Where, counted from the beginning of the text. */
  readonly offset: number;
}

type Visit = readonly [node: AnyNode, enclosure: Enclosure];

const maxTargetLength = 40;

/**
 * The writes of a function, a method or a class, given the text of it. Of a class, its methods count. Throws for what
 * cannot be read.
 */
export function outerWritesIn(source: string): OuterWrite[] {
  const { root, text, shift } = readFunction(source);
  const parts = codeOf(root).flatMap((code) => within(code, outermost));
  const open = parts.map(([part, scope]): Visit => [part, { scope, empty: [], hasOwnThis: true }]);
  const whole = { root, text };
  const writes: OuterWrite[] = [];
  for (let visit = open.pop(); visit !== undefined; visit = open.pop()) {
    const [node, enclosure] = visit;
    for (const { start: from, end } of writtenBy(node, enclosure, whole)) {
      writes.push({ target: shortened(text.slice(from, end)), offset: from - shift });
    }
    open.push(...inside(node, enclosure));
  }
  return writes.sort((a, b) => a.offset - b.offset);
}

/** The functions that run when a task does. A class's constructor and its static parts have run before. */
function codeOf(root: AnyNode): AnyNode[] {
  if (isFunction(root)) return [root];
  if (root.type !== 'ClassExpression') return [];
  return root.body.body.flatMap((member) => {
    if (member.type === 'StaticBlock' || member.static || !member.value) return [];
    if (member.type === 'MethodDefinition' && member.kind === 'constructor') return [];
    return isFunction(member.value) ? [member.value] : [];
  });
}

/** The parts of a node, each with what is known there. */
function inside(node: AnyNode, enclosure: Enclosure): Visit[] {
  const bringsThis = (isFunction(node) && node.type !== 'ArrowFunctionExpression') || node.type === 'ClassBody';
  const hasOwnThis = enclosure.hasOwnThis && !bringsThis;
  return within(node, enclosure.scope).map(([part, scope]) => {
    return [part, { scope, hasOwnThis, empty: [...enclosure.empty, ...emptyAt(part, node)] }];
  });
}

/** The variables that are empty wherever a part of a node is reached. */
function emptyAt(part: AnyNode, node: AnyNode): readonly string[] {
  switch (node.type) {
    case 'IfStatement':
    case 'ConditionalExpression':
      return part === node.test ? [] : emptyWhen(node.test, part === node.consequent);
    case 'LogicalExpression':
      return part === node.right ? emptyWhen(node.left, node.operator === '&&') : [];
    case 'BlockStatement':
      return node.body
        .filter((each) => each.end <= part.start && each.type === 'IfStatement' && isExit(each.consequent))
        .flatMap((each) => emptyWhen((each as IfStatement).test, false));
    default:
      return [];
  }
}

/** `if (client) return client;`: what follows is only reached without. */
function isExit(statement: AnyNode): boolean {
  const last = statement.type === 'BlockStatement' ? statement.body.at(-1) : statement;
  return last?.type === 'ReturnStatement' || last?.type === 'ThrowStatement';
}

function shortened(target: string): string {
  const line = target.replaceAll(/\s+/g, ' ');
  return line.length <= maxTargetLength ? line : `${line.slice(0, maxTargetLength - 1)}…`;
}
