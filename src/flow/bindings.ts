// From the arguments of a call of a task, inside a flow, to the bindings of its node.

import { UsageError } from '../lib/heddle-error.ts';
import { describe } from '../lib/options.ts';
import { stepTo } from '../values/members.ts';
import { Flattened, Node, Unmapped, type Binding } from './node.ts';

export function bindCall(task: string, args: readonly unknown[]): Binding[] {
  return args.map((argument, position) => {
    if (argument instanceof Unmapped) {
      const message =
        `argument ${position + 1} of task '${task}' is marked unmapped(), which only means something in .map(); pass ` +
        `the value itself.`;
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
    if (isIterable(values)) {
      // An iterator is empty after the first run, so its elements are taken now.
      const list = Array.isArray(values) ? values : [...values];
      assertNoNodeInside(task, position, list);
      return { type: 'each-constant', values: list, isFlattened };
    }
    const message =
      `argument ${position + 1} of ${task}.map() is ${describe(values)}, which cannot be mapped over. ` +
      `Pass a list, or wrap it in unmapped() to give every child the whole value.`;
    throw new UsageError('NOT_ITERABLE', message, { task, position });
  });
  if (bindings.some(({ type }) => type === 'each-node' || type === 'each-constant')) return bindings;
  const message =
    `${task}.map() has nothing to map over: ` +
    `${args.length === 0 ? 'it got no arguments' : 'all of its arguments are unmapped()'}. Call ${task}() to run it ` +
    `once.`;
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
  assertNoNodeInside(task, position, value);
  return { type: 'constant', value: isFlattened ? flattened(task, position, value) : value };
}

function flattened(task: string, position: number, value: unknown): unknown[] {
  const needs = `flatten() in argument ${position + 1} of task '${task}' needs a list of lists`;
  const fail = (came: string) => new UsageError('NOT_ITERABLE', `${needs}${came}`, { task, position });
  if (!isIterable(value)) throw fail(`; got ${describe(value)}`);
  return [...value].flatMap((inner, index) => {
    if (!isIterable(inner)) throw fail(`, but element ${index} is ${describe(inner)}`);
    return [...inner];
  });
}

function assertNoNodeInside(task: string, position: number, value: unknown): void {
  const path = pathOfNode(value);
  if (path === undefined) return;
  const message =
    `argument ${position + 1} of task '${task}' holds a node at ${path}. Pass the node as an argument of its own, so ` +
    `that the task waits for its value.`;
  throw new UsageError('NODE_INSIDE_VALUE', message, { task, position, path });
}

/** Where a node hides in plain arrays and objects, looking at the first thousand values only. */
function pathOfNode(value: unknown): string | undefined {
  let looks = 0;
  const open = [{ value, path: '' }];
  for (const { value: outer, path } of open) {
    for (const [key, inner] of partsOf(outer)) {
      const innerPath = `${path}${stepTo(String(key))}`;
      if (inner instanceof Node) return innerPath;
      if (isObject(inner)) open.push({ value: inner, path: innerPath });
      looks += 1;
      if (looks >= 1_000) return undefined;
    }
  }
  return undefined;
}

function partsOf(value: unknown): Iterable<[key: string | number, inner: unknown]> {
  if (Array.isArray(value)) return value.entries();
  return isObject(value) && Object.getPrototypeOf(value) === Object.prototype ? Object.entries(value) : [];
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
