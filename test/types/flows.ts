// What the compiler makes of flows and their states. It is the test: nothing here is run.

import { context, Flow, Parameter, task, type LogRecord, type Node, type State } from 'heddle';
import { DistributedExecutor, LocalCluster, LocalExecutor } from 'heddle/executors';
import { exactly } from './exactly.ts';

interface Plan {
  readonly scores: Node<number[]>;
  readonly total: Node<number>;
}

const score = task('score', async (row: string) => await Promise.resolve(row.length));
const total = task('total', (scores: readonly number[]) => scores.length);
const since = task('since', () => new Date(0));

export async function outputs(): Promise<void> {
  const flow = new Flow('nightly', () => {
    const scores = score.map(new Parameter<string[]>('rows'));
    return {
      scores,
      total: total(scores),
      nested: [since(), 'text'] as const,
      plain: { at: new Date(0), f: String, ids: new Map([[1, 'a']]) },
    };
  });

  const { output } = await flow.run();

  exactly<number[]>()(output.scores);
  exactly<number>()(output.total);
  exactly<Date>()(output.nested[0]);
  exactly<'text'>()(output.nested[1]);
  exactly<Date>()(output.plain.at);
  exactly<StringConstructor>()(output.plain.f);
  exactly<Map<number, string>>()(output.plain.ids);

  // @ts-expect-error -- nothing of that name was returned
  void output.average;
  // @ts-expect-error -- an output is for reading
  output.total = 5;
}

export async function bareOutputs(): Promise<void> {
  exactly<number>()((await new Flow('one', () => total([1])).run()).output);
  exactly<number[]>()((await new Flow('many', () => score.map(['a'])).run()).output);
  exactly<number>()((await new Flow('list', () => [total([1])]).run()).output[0]!);
  exactly<undefined>()((await new Flow('none', () => void total([1])).run()).output);
}

export async function declaredOutputs(): Promise<void> {
  const flow = new Flow('declared', (): Plan => {
    const scores = score.map(['a']);
    return { scores, total: total(scores) };
  });

  const { output } = await flow.run();

  exactly<number[]>()(output.scores);
  exactly<number>()(output.total);
}

export async function states(): Promise<void> {
  const flow = new Flow('nightly', () => ({ total: total([1]), scores: score.map(['a']) }));
  const state = await flow.run();

  exactly<State<number>>()(state.of(flow.plan.total));
  exactly<number | undefined>()(state.of(flow.plan.total).result);
  exactly<number[] | undefined>()(state.of(flow.plan.scores).result);
  exactly<State>()(state.of('score'));
  exactly<readonly State[]>()(state.of('score').children);
  exactly<number>()(state.statistics.taskRuns);

  // @ts-expect-error -- a task is no node of it
  state.of(total);
}

export function runOptions(flow: Flow, records: LogRecord[]): void {
  void flow.run({
    parameters: { rows: [] },
    executor: new LocalExecutor(),
    flowRunName: 'tuesday',
    signal: AbortSignal.timeout(1),
    cancelGrace: '1.5s',
    onLog: (record) => records.push(record),
  });

  // @ts-expect-error -- an option that there is not
  void flow.run({ paramaters: {} });
  // @ts-expect-error -- a cluster is no executor
  void flow.run({ executor: new LocalCluster() });
  // @ts-expect-error -- an executor is made from a factory, so that each run has a cluster of its own
  void new DistributedExecutor(new LocalCluster());
  // @ts-expect-error -- no unit that there is
  void flow.run({ cancelGrace: 'soon' });
}

export function flows(): void {
  const executor = new DistributedExecutor(({ parameters }) => new LocalCluster({ workers: parameters['workers'] }));
  new Flow('nightly', { executor }, () => {});
  new Flow('nightly', { executor: new DistributedExecutor(async () => await Promise.resolve('ws://ant')) }, () => {});
  exactly<Node<Date>>()(new Flow('later', () => {}).addTask(since));

  // @ts-expect-error -- a task that wants something cannot be added without it
  new Flow('later', () => {}).addTask(total);
  // @ts-expect-error -- an option that there is not
  new Flow('nightly', { excutor: executor }, () => {});
  // @ts-expect-error -- an edge is between nodes
  new Flow('later', () => {}).addEdge(total, since);
}

export function contexts(): void {
  exactly<number | undefined>()(context.mapIndex);
  exactly<AbortSignal>()(context.signal);
  context.logger.info('read', 5, 'rows');

  // @ts-expect-error -- the context is for reading
  context.taskName = 'x';
}
