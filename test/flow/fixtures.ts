// A graph to build in, and tasks and states to build with.

import { Graph } from '../../src/flow/graph.ts';
import type { Node } from '../../src/flow/node.ts';
import { State, type StateDetails, type StateType } from '../../src/flow/state.ts';
import type { TaskCopyOptions } from '../../src/flow/settings.ts';
import { task, type Task } from '../../src/flow/task.ts';

/** Builds a graph called `f`; its nodes and what the builder returned. */
export function build<Plan>(builder: (graph: Graph) => Plan): { graph: Graph; plan: Plan } {
  const graph = new Graph('f');
  return { graph, plan: graph.build(() => builder(graph)) };
}

/** A task that the compiler lets pass whatever a test gives it, and whose nodes pass for nodes of anything. */
export interface AnyTask extends Pick<Task, 'name' | 'settings' | 'reference'> {
  (...args: unknown[]): Node<never>;
  map(...args: unknown[]): Node<never>;
  with(options: TaskCopyOptions): AnyTask;
}

export function anyTask(name: string): AnyTask {
  return task(name, (...args: unknown[]) => args) as unknown as AnyTask;
}

export function state(type: StateType, message = '', details: StateDetails = {}): State {
  return new State(type, message, details);
}
