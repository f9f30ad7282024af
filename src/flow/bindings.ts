// From the arguments of a call of a task, inside a flow, to the bindings of its node.

import { UsageError } from '../lib/heddle-error.ts';
import { describe } from '../lib/options.ts';
import { Flattened, Node, Unmapped, type Binding } from './node.ts';

export function bindCall(task: string, args: readonly unknown[]): Binding[] {
  return args.map((argument, position) => {
    if (argument instanceof Unmapped) {
      const message = `argument ${position + 1} of task '${task}' is marked unmapped(), which only means something in .map(); pass the value itself.`;
      throw new UsageError('UNMAPPED_IN_CALL', message, { task, position });
    }
    return bindWhole(task, position, argument);
  });
}

export function bindMap(task: string, args: readonly unknown[]): Binding[] {
  const bindings = args.map((argument, position): Binding => {
    if (argument instanceof Unmapped) return bindWhole(task, position, argument.value);
    const isFlattened = argument instanceof Flattened;
    const values = isFlattened ? argument.value : argument;
    if (values instanceof Node) return { type: 'each-node', node: values, isFlattened };
    if (isIterable(values)) return { type: 'each-constant', values, isFlattened };
    const message =
      `argument ${position + 1} of ${task}.map() is ${describe(values)}, which cannot be mapped over. ` +
      `Pass a list, or wrap it in unmapped() to give every child the whole value.`;
    throw new UsageError('NOT_ITERABLE', message, { task, position });
  });
  if (bindings.some(({ type }) => type === 'each-node' || type === 'each-constant')) return bindings;
  const message = `${task}.map() has nothing to map over: ${args.length === 0 ? 'it got no arguments' : 'all of its arguments are unmapped()'}. Call ${task}() to run it once.`;
  throw new UsageError('NOTHING_TO_MAP', message, { task });
}

/** A text can be iterated, but who maps over one almost always forgot the brackets. */
export function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value;
}

function bindWhole(task: string, position: number, argument: unknown): Binding {
  const isFlattened = argument instanceof Flattened;
  const value = isFlattened ? argument.value : argument;
  if (value instanceof Node) return { type: 'node', node: value, isFlattened };
  const path = pathOfNode(value);
  if (path !== undefined) {
    const message = `argument ${position + 1} of task '${task}' holds a node at ${path}. Pass the node as an argument of its own, so that the task waits for its value.`;
    throw new UsageError('NODE_INSIDE_VALUE', message, { task, position, path });
  }
  if (!isFlattened) return { type: 'constant', value };
  return { type: 'constant', value: [...(value as Iterable<Iterable<unknown>>)].flatMap((inner) => [...inner]) };
}

/** Where a node hides in plain arrays and objects, looking at the first thousand values only. */
function pathOfNode(value: unknown): string | undefined {
  const open = [{ value, path: '' }];
  for (const { value: outer, path } of open) {
    if (open.length > 1_000) return undefined;
    const isPlain = Array.isArray(outer) || (isObject(outer) && Object.getPrototypeOf(outer) === Object.prototype);
    if (!isPlain) continue;
    for (const [key, inner] of Object.entries(outer as object)) {
      const innerPath = Array.isArray(outer) ? `${path}[${key}]` : `${path}.${key}`;
      if (inner instanceof Node) return innerPath;
      if (isObject(inner)) open.push({ value: inner, path: innerPath });
    }
  }
  return undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
