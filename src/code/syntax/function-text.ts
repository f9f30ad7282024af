// Reads the text of a function, a method or a class. Nothing is run.

import { parse, parseExpressionAt, type AnyNode, type Options, type Program } from 'acorn';
import { isFunction } from './scope.ts';

export interface FunctionText {
  readonly root: AnyNode;
  /** What was read: the source, with what had to be put around it. */
  readonly text: string;
  /** How much of the text was put before the source. */
  readonly shift: number;
  /** Whether it is the text of a method, which stands in an object or a class only. */
  readonly isMethod: boolean;
}

const options: Options = {
  ecmaVersion: 'latest',
  // Where code comes from does not matter here: what its engine has accepted is right.
  allowImportExportEverywhere: true,
  checkPrivateFields: false,
};

/** Throws for what cannot be read. */
export function readFunction(source: string): FunctionText {
  const { root, error } = parsed(source);
  if (root !== undefined && (isFunction(root) || root.type === 'ClassExpression'))
    return { root, text: source, shift: 0, isMethod: false };
  // The text of a method cannot stand alone. A class has room for each kind there is.
  const before = 'class extends Object {';
  const text = `${before}${source}}`;
  const method = parsed(text);
  if (method.root === undefined) throw error ?? method.error;
  return { root: method.root, text, shift: before.length, isMethod: true };
}

/** Throws for what cannot be read. */
export function readModule(source: string): Program {
  return parse(source, { ...options, sourceType: 'module', allowHashBang: true });
}

function parsed(text: string): { readonly root?: AnyNode; readonly error?: unknown } {
  try {
    return { root: parseExpressionAt(text, 0, options) };
  } catch (error) {
    return { error };
  }
}
