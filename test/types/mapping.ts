// What the compiler makes of mapped tasks. It is the test: nothing here is run.

import { flatten, mapped, Parameter, task, unmapped, type Flattened, type Node, type Unmapped } from 'heddle';
import { exactly } from './exactly.ts';

interface Row {
  readonly id: number;
}
interface Model {
  readonly weights: readonly number[];
}

const load = task('load', async (path: string): Promise<Row[]> => await Promise.resolve([{ id: path.length }]));
const fit = task('fit', (): Model => ({ weights: [1] }));
const score = task('score', (row: Row, model: Model) => row.id * model.weights[0]!);
const total = task('total', (scores: readonly number[]) => scores.reduce((a, b) => a + b, 0));
const split = task('split', (row: Row): Row[] => [row]);

export function mapping(): void {
  const rows = load('a.csv');
  const model = fit();

  exactly<Node<Row[]>>()(rows);
  exactly<Node<number[]>>()(score.map(rows, unmapped(model)));
  exactly<Node<number>>()(total(score.map(rows, unmapped(model))));
  exactly<Node<number[]>>()(score.map([{ id: 1 }], unmapped({ weights: [1] })));
  exactly<Node<number[]>>()(score.map(new Set<Row>(), [{ weights: [] }]));
  exactly<Node<number[]>>()(score.map(rows, fit.map()));
  exactly<Node<Row[][]>>()(load.map(['a.csv', 'b.csv']));
  exactly<Unmapped<Model>>()(unmapped(model));
  exactly<Unmapped<Row[]>>()(unmapped(rows));
}

export function flattened(): void {
  const rows = load('a.csv');

  exactly<Flattened<Row>>()(flatten(split.map(rows)));
  exactly<Flattened<number>>()(flatten([[1], [2]]));
  exactly<Node<Row[][]>>()(split.map(flatten(split.map(rows))));
  exactly<Node<number>>()(total(flatten([[1], [2]])));
  exactly<Node<number[]>>()(score.map(flatten(load.map(['a.csv'])), unmapped(fit())));

  // @ts-expect-error -- a list of rows is no list of lists
  flatten(rows);
  // @ts-expect-error -- the elements are rows, and the task takes numbers
  total(flatten(split.map(rows)));
  // @ts-expect-error -- once flattened they are rows, not paths
  load.map(flatten(split.map(rows)));
}

export function refused(): void {
  const rows = load('a.csv');
  const model = fit();

  // @ts-expect-error -- a forgotten unmapped: a model is no list of models
  score.map(rows, model);
  // @ts-expect-error -- the same with a constant
  score.map(rows, { weights: [1] });
  // @ts-expect-error -- a wrong element type
  score.map([1, 2], unmapped(model));
  // @ts-expect-error -- a wrong element type of a node
  score.map(load.map(['a.csv']), unmapped(model));
  // @ts-expect-error -- a wrong type of what is unmapped
  score.map(rows, unmapped(rows));
  // @ts-expect-error -- a missing argument
  score.map(rows);
  // @ts-expect-error -- one too many
  split.map(rows, rows);
  // @ts-expect-error -- a node that is not a list
  split.map(model);
  // @ts-expect-error -- a number is no list
  total.map(5);
  // @ts-expect-error -- a text is no list
  load.map('a.csv');
  // @ts-expect-error -- nor is one that is a parameter, or that a task returns
  load.map(new Parameter<string>('path'));
  // @ts-expect-error -- nor is one that is marked
  load(mapped(new Parameter<string>('path')));
  // @ts-expect-error -- unmapped means nothing in a call
  split(unmapped({ id: 1 }));
  // @ts-expect-error -- a list of nodes is no list of rows
  split.map([rows, rows]);
}
