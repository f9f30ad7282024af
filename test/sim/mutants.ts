// Small bugs, planted one at a time: a comparison that is off by one or the wrong way round, a condition inverted, a
// guard or a line dropped, a number changed. The text is only looked at line by line, so a mutant may not even compile;
// the suites run what is there, as Node does.

export interface Mutant {
  readonly file: string;
  /** Counts from 1. */
  readonly line: number;
  readonly before: string;
  readonly after: string;
}

type Change = (line: string) => readonly string[];

const swaps: readonly (readonly [RegExp, string])[] = [
  [/ <= /g, ' < '],
  [/ >= /g, ' > '],
  [/ < /g, ' <= '],
  [/ > /g, ' >= '],
  [/ === /g, ' !== '],
  [/ !== /g, ' === '],
  [/ && /g, ' || '],
  [/ \|\| /g, ' && '],
  [/ \+ 1\b/g, ' + 2'],
  [/ - 1\b/g, ' - 2'],
  [/ \+= /g, ' -= '],
  [/ -= /g, ' += '],
  [/\bMath\.max\(/g, 'Math.min('],
  [/\bMath\.min\(/g, 'Math.max('],
  [/\btrue\b/g, 'false'],
  [/\bfalse\b/g, 'true'],
  [/(?<=[([ ])!(?=[a-z#])/g, ''],
  [/\.start\b/g, '.end'],
];

/** Every place of a line where one of the swaps fits is a mutant of its own. */
const swapped: Change = (line) =>
  swaps.flatMap(([from, to]) =>
    [...line.matchAll(from)].map(({ 0: found, index }) => {
      return line.slice(0, index) + to + line.slice(index + found.length);
    }),
  );

const dropped: Change = (line) => {
  const isStatement =
    /^\s+(?:this\.|array\.|worker\.|chunk\.|dependent\.|upstream\.|run\.|turn\.|member\.|scaling\.|for \(.*\) |if \(.*\) |return ).*;$/;
  return isStatement.test(line) ? [''] : [];
};

/** Lines without behaviour of their own, and those that any order of equals satisfies. */
const exempt = [
  /^\s*(?:\/\/|\/?\*|assert|import |default: unreachable|unreachable)/,
  /^\s*return undefined;$/,
  /new Heap</,
  /^  if \(a\.\w+ !== b\.\w+\)/,
];

/** All mutants of one source, in the order of its lines. Its assertions, types, imports and comments are let be. */
export function mutantsOf(file: string, text: string): Mutant[] {
  let isInBody = false;
  return text.split('\n').flatMap((before, index) => {
    // Interfaces and types have no behaviour.
    if (/^(?:export )?(?:interface|type) /.test(before)) isInBody = false;
    else if (/^(?:export )?(?:class|function|const) /.test(before)) isInBody = true;
    if (!isInBody || exempt.some((pattern) => pattern.test(before))) return [];
    return [...swapped(before), ...dropped(before)].map((after): Mutant => ({ file, line: index + 1, before, after }));
  });
}
