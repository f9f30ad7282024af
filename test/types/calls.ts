// What the compiler makes of calls of tasks. It is the test: nothing here is run.

import { Parameter, Task, task, triggers, type Node } from 'heddle';
import { exactly } from './exactly.ts';

const add = task('add', (a: number, b: number) => a + b);
const greet = task('greet', (name: string, greeting = 'hello', ...more: string[]) => [greeting, name, ...more].join());
const find = task('find', { retries: 3, retryDelay: '10s' }, async (id: string): Promise<string | undefined> => {
  return await Promise.resolve(id);
});
const pad = task('pad', { retries: 1 }, (text: string, width = 8) => text.padEnd(2 * width));
const note = task('note', (options?: { readonly at: Date }) => void options);

class Count extends Task {
  constructor() {
    super('count', { timeout: '1m' });
  }

  run(from: number): number {
    return from + 1;
  }
}

class TypedCount extends Task<[from: number], number> {
  run(from: number): number {
    return from + 1;
  }
}

export function calls(): void {
  exactly<Node<number>>()(add(1, 2));
  exactly<Node<number>>()(add(add(1, 2), 3));
  exactly<number>()(add.run(1, 2));

  // @ts-expect-error -- a wrong constant
  add('1', 2);
  // @ts-expect-error -- a node of a wrong type
  add(greet('ann'), 2);
  // @ts-expect-error -- a missing argument
  add(1);
  // @ts-expect-error -- one too many
  add(1, 2, 3);
  // @ts-expect-error -- a node may find nothing, and the task wants something
  greet(find('x'));
}

export function optionalArguments(): void {
  exactly<Node<string>>()(greet('ann'));
  exactly<Node<string>>()(greet('ann', 'hi'));
  exactly<Node<string>>()(greet('ann', greet('bob'), 'and', greet('carl')));
  exactly<Node<undefined>>()(note());
  exactly<Node<undefined>>()(note({ at: new Date(0) }));

  exactly<Node<string>>()(pad('ann', pad.run('b', 2).length));

  // @ts-expect-error -- the name is not optional
  greet();
  // @ts-expect-error -- the default is a text
  greet('ann', 5);
  // @ts-expect-error -- a wrong rest argument
  greet('ann', 'hi', 5);
}

export function asyncResults(): void {
  exactly<Node<string | undefined>>()(find('x'));
  exactly<Node<(string | undefined)[]>>()(find.map(['x']));
  exactly<Promise<string | undefined>>()(find.run('x'));
}

export function parameters(): void {
  const count = new Parameter<number>('count');
  const path = new Parameter<string>('path');
  const workers = new Parameter('workers', { default: 2 });

  exactly<Parameter<number>>()(workers);
  exactly<Node<number>>()(add(count, workers));
  exactly<Node<string>>()(greet(path));
  exactly<Node<(string | undefined)[]>>()(find.map(new Parameter<string[]>('ids')));

  // @ts-expect-error -- a text for a number
  add(count, path);
  // @ts-expect-error -- a wrong default
  new Parameter<number>('count', { default: 'two' });
  // @ts-expect-error -- a parameter of one id is no list of them
  find.map(new Parameter<number>('id'));
}

export function classes(): void {
  const count = new Count();
  const typed = new TypedCount('typed');

  exactly<Node>()(count(1));
  exactly<Node<unknown[]>>()(count.map([1, 2]));
  exactly<Node<number>>()(typed(1));
  exactly<Node<number[]>>()(typed.map([1, 2]));

  // @ts-expect-error -- whoever names the types has them checked
  typed('1');
  // @ts-expect-error -- a class without run is no task
  new (class extends Task<[], void> {})('idle');
}

export function options(): void {
  exactly<Task<[a: number, b: number], number>>()(add.with({ name: 'plus', upstreamTasks: [add(1, 2)] }));
  exactly<Node<number>>()(add.with({ trigger: triggers.someFailed({ atLeast: 0.5 }) })(1, 2));
  add.with({ trigger: (upstream) => upstream.every((state) => state.isFinished()) });

  // @ts-expect-error -- an option that there is not
  task('add', { retrys: 3 }, () => 1);
  // @ts-expect-error -- no unit that there is
  task('add', { timeout: '5 minutes' }, () => 1);
  // @ts-expect-error -- a task is no node of it
  add.with({ upstreamTasks: [add] });
  // @ts-expect-error -- a trigger says yes or no
  add.with({ trigger: (upstream) => upstream.length });
  // @ts-expect-error -- a task needs a function
  task('add', { retries: 3 });
  // @ts-expect-error -- nothing says what it takes
  task('add', (a, b: number) => [a, b]);
}
