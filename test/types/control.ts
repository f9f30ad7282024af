// What the compiler makes of branches, of `mapped()` and of values with nodes in them. It is the test: nothing here is
// run.

import { flatten, ifElse, mapped, merge, Parameter, switchCase, task, unmapped } from 'heddle';
import type { Flattened, Mapped, Node } from 'heddle';
import { exactly } from './exactly.ts';

interface Row {
  readonly id: number;
  readonly tags?: readonly string[];
}

type Tree = { readonly left?: Tree; readonly size: number };

const load = task('load', async (path: string): Promise<Row[]> => await Promise.resolve([{ id: path.length }]));
const one = task('one', () => 1);
const text = task('text', () => 'a');
const color = task('color', (): 'red' | 'blue' => 'red');
const isGood = task('is-good', (x: number) => x > 0);
const add = task('add', (a: number, b: number) => a + b);
const total = task('total', (scores: readonly number[]) => scores.length);
const report = task('report', (page: { rows: Row[]; title: string; at: Date }) => page.title);
const pair = task('pair', (both: readonly [number, string]) => both[0]);
const plant = task('plant', (tree: Tree) => tree.size);
const see = task('see', (value: unknown) => String(value));
const kind = task('kind', (options: { readonly kind: 'a' | 'b' }) => options.kind);

export function ordered(): void {
  exactly<Node<number[]>>()(one.with({ upstreamTasks: [mapped(load('a')), unmapped(text()), text()] }).map());

  // @ts-expect-error -- a task is no node of it
  one.with({ upstreamTasks: [mapped(load)] });
}

export function branches(): void {
  exactly<Node<number>>()(ifElse(one(), () => one()));
  exactly<Node<number | string>>()(
    ifElse(
      one(),
      () => one(),
      () => text(),
    ),
  );
  exactly<Node<Row[] | { rows: Row[]; n: number }>>()(
    ifElse(
      one(),
      () => load('a'),
      () => ({ rows: load('b'), n: 5 }),
    ),
  );
  exactly<Node<number | string>>()(switchCase(color(), { red: () => one(), blue: () => text() }));
  exactly<Node<number | boolean>>()(switchCase(one(), { 1: () => one(), 2: () => one() }, () => isGood(1)));
  exactly<Node<number>>()(switchCase(isGood(1), { true: () => one(), false: () => one() }));
  exactly<Node<number>>()(switchCase(new Parameter<string>('mode'), { fast: () => one(), slow: () => one() }));
  exactly<Node<number | string>>()(merge(one(), text()));
  exactly<Node<number>>()(add(merge(one(), one()), 1));

  // @ts-expect-error -- a value of its own is no condition
  ifElse(true, () => one());
  // @ts-expect-error -- a node is no builder
  ifElse(one(), one());
  // @ts-expect-error -- not what the task returns
  switchCase(color(), { red: () => one(), green: () => one() });
  // @ts-expect-error -- a list is compared with no text
  switchCase(load('a'), { a: () => one() });
  // @ts-expect-error -- one of them may be a text
  add(merge(one(), text()), 1);
  // @ts-expect-error -- a value is no node
  merge(one(), 5);
}

export function branchesOfEachIndex(): void {
  const numbers = add.map([1, 2], [3, 4]);

  exactly<Node<(number | boolean)[]>>()(
    ifElse.map(
      isGood.map(numbers),
      () => numbers,
      () => isGood.map(numbers),
    ),
  );
  exactly<Node<number[]>>()(switchCase.map(color.map(), { red: () => numbers, blue: () => numbers }));
  exactly<Node<(number | boolean)[]>>()(merge.map(numbers, isGood.map(numbers)));

  // @ts-expect-error -- not a value for each index
  ifElse.map(isGood.map(numbers), () => one());
  // @ts-expect-error -- not what the task returns
  switchCase.map(color.map(), { green: () => numbers });
  // @ts-expect-error -- not a value for each index
  merge.map(one());
}

export function marked(): void {
  const numbers = add.map([1, 2], [3, 4]);

  exactly<Mapped<number>>()(mapped(numbers));
  exactly<Mapped<number>>()(mapped([1, 2]));
  exactly<Mapped<number>>()(mapped(flatten([[1], [2]])));
  exactly<Mapped<number>>()(flatten(mapped([[1], [2]])));
  exactly<Flattened<number>>()(flatten([numbers, [1]]));
  exactly<Node<number[]>>()(add(mapped(numbers), 5));
  exactly<Node<number[]>>()(add(mapped(numbers), one()));
  exactly<Node<number[]>>()(add(mapped(numbers), mapped([1, 2])));
  exactly<Node<number[]>>()(add(mapped(numbers), unmapped(5)));
  exactly<Node<number[]>>()(add.map(mapped(numbers), unmapped(one())));
  exactly<Node<string[]>>()(see(mapped(numbers)));
  exactly<Node<string>>()(see(numbers));
  exactly<Node<number[]>>()(total.map(unmapped(flatten([[1], [2]]))));

  // @ts-expect-error -- texts for numbers
  add(mapped(['a']), 5);
  // @ts-expect-error -- a text beside what is mapped
  add(mapped(numbers), 'a');
  // @ts-expect-error -- unmapped means nothing where nothing is mapped
  add(unmapped(1), 5);
  // @ts-expect-error -- one too many
  add(mapped(numbers), 5, 6);
}

export function inside(): void {
  exactly<Node<number>>()(total([one(), 2, one()]));
  exactly<Node<string>>()(report({ rows: load('a'), title: 'x', at: new Date(0) }));
  exactly<Node<string>>()(report({ rows: [{ id: one(), tags: [text()] }], title: text(), at: new Date(0) }));
  exactly<Node<number>>()(pair([one(), text()]));
  exactly<Node<number>>()(plant({ left: { left: { size: one() }, size: 2 }, size: 3 }));
  exactly<Node<string>>()(see({ anything: [one()] }));
  exactly<Node<string[]>>()(report.map(unmapped({ rows: load('a'), title: 'x', at: new Date(0) })));
  exactly<Node<('a' | 'b')[]>>()(kind.map(unmapped({ kind: 'a' })));
  exactly<Node<'a' | 'b'>>()(kind({ kind: 'a' }));

  // @ts-expect-error -- a text among numbers
  total([one(), text()]);
  // @ts-expect-error -- a wrong type in a place
  report({ rows: one(), title: 'x', at: new Date(0) });
  // @ts-expect-error -- a place that there is not
  report({ rows: load('a'), title: 'x', at: new Date(0), more: one() });
  // @ts-expect-error -- the other way round
  pair([text(), one()]);
  // @ts-expect-error -- a date has no places
  report({ rows: [], title: 'x', at: { getTime: one() } });
}
