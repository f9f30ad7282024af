// `if (client === undefined) client = connect()`: the ways to ask whether a variable has been filled already. Whoever
// asks so fills it once and keeps it, as with `client ??= connect()`, which saves work and changes no result.

import type { AnyNode } from 'acorn';

/** The variables that are known to be empty yet (or of no more use) where `test` came out as `outcome`. */
export function emptyWhen(test: AnyNode, outcome: boolean): readonly string[] {
  switch (test.type) {
    case 'Identifier':
      return outcome ? [] : [test.name];
    case 'ChainExpression':
      return emptyWhen(test.expression, outcome);
    case 'MemberExpression':
    case 'CallExpression':
      return outcome ? [] : optionalRootOf(test);
    case 'UnaryExpression':
      return test.operator === '!' ? emptyWhen(test.argument, !outcome) : [];
    case 'BinaryExpression':
      return comparedWithNothing(test, outcome);
    case 'LogicalExpression':
      return test.operator === '??' ? [] : emptyWhenJoined(test, outcome);
    default:
      return [];
  }
}

/** `null`, `undefined`, `void 0`: to assign it is to let go of what was kept. */
export function isNothing(node: AnyNode): boolean {
  if (node.type === 'Literal') return node.raw === 'null';
  if (node.type === 'Identifier') return node.name === 'undefined';
  return node.type === 'UnaryExpression' && node.operator === 'void';
}

/** `client?.isOpen` is false where there is no client. */
function optionalRootOf(node: AnyNode): readonly string[] {
  for (let link = node; ;) {
    const inner: AnyNode | undefined =
      link.type === 'MemberExpression' ? link.object : link.type === 'CallExpression' ? link.callee : undefined;
    if (inner === undefined) return [];
    const isOptional = (link.type === 'MemberExpression' || link.type === 'CallExpression') && link.optional;
    if (isOptional && inner.type === 'Identifier') return [inner.name];
    link = inner;
  }
}

function comparedWithNothing(
  { operator, left, right }: Extract<AnyNode, { type: 'BinaryExpression' }>,
  outcome: boolean,
): readonly string[] {
  const isEquality = operator === '==' || operator === '===';
  const isInequality = operator === '!=' || operator === '!==';
  if (!(outcome ? isEquality : isInequality)) return [];
  for (const [asked, other] of [
    [left, right],
    [right, left],
  ] as const) {
    if (asked.type === 'Identifier' && isNothing(other)) return [asked.name];
    const isType = asked.type === 'UnaryExpression' && asked.operator === 'typeof';
    const isUndefined = other.type === 'Literal' && other.value === 'undefined';
    if (isType && isUndefined && asked.argument.type === 'Identifier') return [asked.argument.name];
  }
  return [];
}

/** One reason is enough where all hold; otherwise each must be about the same variable, as in `!c || c.closed`. */
function emptyWhenJoined(
  { operator, left, right }: Extract<AnyNode, { type: 'LogicalExpression' }>,
  outcome: boolean,
): readonly string[] {
  const names = [...emptyWhen(left, outcome), ...emptyWhen(right, outcome)];
  if ((operator === '&&') === outcome) return names;
  const isAbout = (node: AnyNode, name: string) => emptyWhen(node, outcome).includes(name) || subjectOf(node) === name;
  return names.filter((name) => isAbout(left, name) && isAbout(right, name));
}

/** The variable at the left end of `!a.b.c()[0]`. */
function subjectOf(node: AnyNode): string | undefined {
  let subject = node;
  for (;;) {
    if (subject.type === 'UnaryExpression' && subject.operator === '!') subject = subject.argument;
    else if (subject.type === 'MemberExpression') subject = subject.object;
    else if (subject.type === 'CallExpression') subject = subject.callee;
    else if (subject.type === 'ChainExpression') subject = subject.expression;
    else return subject.type === 'Identifier' ? subject.name : undefined;
  }
}
