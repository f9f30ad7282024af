// What the text of a module says of places in it. Nothing is run.

import type { AnyNode, Program } from 'acorn';
import type { Place } from '../call-site.ts';
import { readModule } from './function-text.ts';
import { startsOfLines } from './lines.ts';
import { mainGuards } from '../registry.ts';
import { childrenOf, isFunction } from './scope.ts';

export interface Guard {
  /** As it stands there. */
  readonly text: string;
  /** What it stands for, if it is a variable. */
  readonly meaning: string;
}

export class Places {
  readonly program: Program;
  readonly #source: string;

  /** Throws for what cannot be read. */
  constructor(source: string) {
    this.#source = source;
    this.program = readModule(source);
  }

  isInsideFunction(place: Place): boolean {
    return this.#wayTo(place).some(isFunction);
  }

  /** Whether no worker gets past a deed there: it comes there, and waits. */
  isHeldAt(deed: Place): boolean {
    return this.#wayTo(deed).some(({ type }) => type === 'AwaitExpression') && this.guardOf(deed) === undefined;
  }

  /** The condition on which one comes there, if it may not hold where the module is not the main one. */
  guardOf(place: Place): Guard | undefined {
    const way = this.#wayTo(place);
    const texts = way.flatMap((node, depth) => {
      const condition = conditionOf(node);
      if (condition === undefined || way[depth + 1] === condition) return [];
      return [this.#source.slice(condition.start, condition.end)];
    });
    const flags = this.#flags();
    const text = texts.find((each) => isMainGuard(each) || wordsIn(each).some((word) => flags.has(word)));
    return text === undefined ? undefined : { text, meaning: flags.get(text) ?? text };
  }

  /** What variables of the module stand for that hold whether it is the main one. */
  #flags(): ReadonlyMap<string, string> {
    const declared = this.program.body.flatMap((each) =>
      each.type === 'VariableDeclaration' ? each.declarations : [],
    );
    return new Map(
      declared.flatMap(({ id, init }) => {
        const text = init ? this.#source.slice(init.start, init.end) : '';
        return id.type === 'Identifier' && isMainGuard(text) ? [[id.name, text]] : [];
      }),
    );
  }

  /** The statement of the module that a place is in, and those behind it. */
  statementsFrom(place: Place): readonly AnyNode[] {
    const [, statement] = this.#wayTo(place);
    const { body } = this.program;
    return body.slice(body.findIndex((each) => each === statement));
  }

  /** All that a place is in, from the outside inwards. */
  #wayTo(place: Place): AnyNode[] {
    const offset = offsetOf(this.#source, place);
    const way: AnyNode[] = [];
    for (let node: AnyNode | undefined = this.program; node !== undefined;) {
      way.push(node);
      node = childrenOf(node).find(({ start, end }) => start <= offset && offset < end);
    }
    return way;
  }
}

function isMainGuard(text: string): boolean {
  return mainGuards.some((guard) => text.includes(guard));
}

function wordsIn(text: string): readonly string[] {
  return text.match(/[\p{ID_Start}$_][\p{ID_Continue}$]*/gu) ?? [];
}

function conditionOf(node: AnyNode): AnyNode | undefined {
  if (node.type === 'IfStatement' || node.type === 'ConditionalExpression') return node.test;
  return node.type === 'LogicalExpression' ? node.left : undefined;
}

function offsetOf(source: string, { line, column }: Place): number {
  return (startsOfLines(source)[line - 1] ?? source.length) + column - 1;
}
