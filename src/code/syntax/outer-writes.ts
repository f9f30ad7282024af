// Finds where a function keeps something in a variable that is not its own: `count += 1`, where `count` belongs to the
// module. Each thread of each worker has such a variable for itself, so what is kept there is not what it seems to be.
// The text of the function is read, and nothing is run. What a function that it calls does is not known.

import type { AnyNode, Function as FunctionNode } from 'acorn';
import { emptyWhen } from './absence.ts';
import { readFunction } from './function-text.ts';
import { childrenOf, isFunction, scopeInside, scopesOfFunction, type Scope } from './scope.ts';
import { writtenBy, type Enclosure } from './written.ts';

export interface OuterWrite {
  /** What is written to, as it stands in the source: `count`, `stats.count`. */
  readonly target: string;
  /** Where, counted from the beginning of the text. */
  readonly offset: number;
}

type Visit = readonly [node: AnyNode, enclosure: Enclosure];

const outermost: Scope = { names: new Set(), outer: undefined };
const maxTargetLength = 40;

/**
 * The writes of a function, a method or a class, given the text of it. Of a class, its methods count. Throws for what
 * cannot be read.
 */
export function outerWritesIn(source: string): OuterWrite[] {
  const { root, text, shift } = readFunction(source);
  const start = { scope: outermost, empty: [], hasOwnThis: true };
  const open = codeOf(root).flatMap((code) => insideFunction(code, start));
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
function codeOf(root: AnyNode): FunctionNode[] {
  if (isFunction(root)) return [root];
  if (root.type !== 'ClassExpression') return [];
  return root.body.body.flatMap((member) => {
    if (member.type === 'StaticBlock' || member.static || !member.value) return [];
    if (member.type === 'MethodDefinition' && member.kind === 'constructor') return [];
    return isFunction(member.value) ? [member.value] : [];
  });
}

function insideFunction(node: FunctionNode, enclosure: Enclosure): Visit[] {
  const { head, body } = scopesOfFunction(node, enclosure.scope);
  const parameters = node.params.map((parameter): Visit => [parameter, { ...enclosure, scope: head }]);
  return [...parameters, [node.body, { ...enclosure, scope: body }]];
}

/** The parts of a node, each with what is known there. */
function inside(node: AnyNode, enclosure: Enclosure): Visit[] {
  if (isFunction(node)) {
    const isArrow = node.type === 'ArrowFunctionExpression';
    return insideFunction(node, { ...enclosure, hasOwnThis: enclosure.hasOwnThis && isArrow });
  }
  const scope = scopeInside(node, enclosure.scope);
  const here = { ...enclosure, scope, hasOwnThis: enclosure.hasOwnThis && node.type !== 'ClassBody' };
  const whereEmpty = (names: readonly string[]) => ({ ...here, empty: [...here.empty, ...names] });
  switch (node.type) {
    case 'IfStatement':
    case 'ConditionalExpression': {
      const { test, consequent, alternate } = node;
      const visits: Visit[] = [
        [test, here],
        [consequent, whereEmpty(emptyWhen(test, true))],
      ];
      return alternate ? [...visits, [alternate, whereEmpty(emptyWhen(test, false))]] : visits;
    }
    case 'LogicalExpression': {
      const { left, right, operator } = node;
      return [
        [left, here],
        [right, whereEmpty(emptyWhen(left, operator === '&&'))],
      ];
    }
    case 'BlockStatement': {
      const names: string[] = [];
      return node.body.map((statement) => {
        const visit: Visit = [statement, whereEmpty([...names])];
        if (statement.type === 'IfStatement' && isExit(statement.consequent)) {
          names.push(...emptyWhen(statement.test, false));
        }
        return visit;
      });
    }
    default:
      return childrenOf(node).map((child): Visit => [child, here]);
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
