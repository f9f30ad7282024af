// From the arguments of a call of a task, inside a flow, to the bindings of its node.

import { UsageError } from '../lib/heddle-error.ts';
import { describe } from '../lib/options.ts';
import { isPromise } from '../lib/thenable.ts';
import { adviceOn } from '../values/kinds.ts';
import { stepTo } from '../values/members.ts';
import { lookingAt, type Destination } from '../values/travels.ts';
import { Flattened, isMark, Mapped, Node, Unmapped, type Binding, type Gap } from './node.ts';
import { refuseResource, Resource } from './resource.ts';

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

/** What to do with what is no list to map over. */
const paced = 'Collect it before, or in a task that returns the list: await Array.fromAsync(it).';
const promised = 'Await it before the flow is made, or map over what a task returns that does the waiting.';
const wrapped = 'Wrap it in unmapped() to give every child the whole value, or pass a list.';

/** `upstreamTasks` are those that are waited for without their values: they may say how often there is to be a run. */
export function bindMap(task: string, args: readonly unknown[], upstreamTasks: readonly unknown[] = []): Binding[] {
  const bindings = args.map((argument, position): Binding => {
    if (argument instanceof Unmapped) return bindWhole(task, position, argument.value);
    if (argument instanceof Resource) return { type: 'resource', node: argument };
    const list = argument instanceof Mapped ? argument.value : argument;
    const isFlattened = list instanceof Flattened;
    const values = isFlattened ? list.value : list;
    refuseResource(values, `what ${task}.map() is to be mapped over`);
    if (values instanceof Node) return { type: 'each-node', node: values, isFlattened };
    const elements = lookingAt(values, inputOf(task, position), () => takenFrom(values));
    if (elements !== undefined) {
      const [gap] = gapsIn(task, position, elements);
      if (gap !== undefined) throw nodeInside(task, position, { path: gap.path, ...listToMap });
      return { type: 'each-constant', values: elements, isFlattened };
    }
    const isPaced = lookingAt(values, inputOf(task, position), () => {
      return typeof values === 'object' && values !== null && Symbol.asyncIterator in values;
    });
    const what = isPaced ? 'an async iterable' : describe(values);
    const message = `argument ${position + 1} of ${task}.map() is ${what}, which cannot be mapped over. `;
    if (isPromise(values)) values.catch(() => {});
    const unlisted = args.length > 1 ? wrapped : `Pass a list, or call ${task}() to run it once.`;
    const remedy = isPaced ? paced : isPromise(values) ? promised : unlisted;
    throw new UsageError('NOT_ITERABLE', message + remedy, { task, position });
  });
  if (bindings.some(({ type }) => type === 'each-node' || type === 'each-constant')) return bindings;
  if (upstreamTasks.some(isElementwise)) return bindings;
  const remedy =
    upstreamTasks.length === 0
      ? ''
      : ` To run it for each element of what one of its upstreamTasks returns, mark that one mapped().`;
  const message =
    `${task}.map() has nothing to map over: ` +
    `${args.length === 0 ? 'it got no arguments' : 'all of its arguments are unmapped()'}. Call ${task}() to run it ` +
    `once.${remedy}`;
  throw new UsageError('NOTHING_TO_MAP', message, { task });
}

/** Whether a mapped task waits index by index for this one of its `upstreamTasks`. */
export function isElementwise(upstream: unknown): boolean {
  return upstream instanceof Mapped || (upstream instanceof Node && upstream.isMapped);
}

/** A text can be iterated, but who maps over one almost always forgot the brackets. */
export function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value;
}

function bindWhole(task: string, position: number, argument: unknown): Binding {
  if (argument instanceof Resource) return { type: 'resource', node: argument };
  const isFlattened = argument instanceof Flattened;
  const value = isFlattened ? argument.value : argument;
  refuseResource(value, `a list to flatten, in argument ${position + 1} of task '${task}'`);
  if (value instanceof Node) return { type: 'node', node: value, isFlattened };
  const gaps = gapsIn(task, position, value);
  if (gaps.length > 0) {
    const template = withPlaces(value as object, gaps, () => undefined);
    return { type: 'filled', template, gaps, isFlattened };
  }
  if (!isFlattened) return { type: 'constant', value };
  return lookingAt(value, inputOf(task, position), () => {
    return { type: 'constant', value: flattened(task, position, value) };
  });
}

function inputOf(task: string, position: number): Destination {
  return { role: 'input', task, name: `argument ${position + 1}` };
}

/** An iterator is empty after the first run, so what it gives is taken now. */
function takenFrom(values: unknown): readonly unknown[] | undefined {
  if (!isIterable(values)) return undefined;
  return Array.isArray(values) ? values : [...values];
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

/** An array or a plain object: the only places that a value can be put into without changing what they are. */
type Container = Record<string | number, unknown>;

/** A value on the way through another. */
interface Visit {
  readonly value: unknown;
  readonly path: Path;
  readonly outer: Visit | undefined;
}

type Path = readonly (string | number)[];

/** A value in which no node was seen for so many parts is data, and may be long. */
const maxLooks = 1_000;

/** Where nodes are in a value. Throws `NODE_INSIDE_VALUE` for one in a place that nothing can be put into. */
function gapsIn(task: string, position: number, value: unknown): Gap[] {
  const gaps: Gap[] = [];
  let looks = 0;
  let circle: Path | undefined;
  for (const visit of everythingIn(value)) {
    const node = nodeOf(visit.value);
    if (node !== undefined) {
      refuseResource(node, `${pathText(visit.path)} of argument ${position + 1} of task '${task}'`);
      const closed = closedPlaceOf(visit);
      if (closed !== undefined) throw inClosed(task, position, { closed, path: visit.path });
      gaps.push({ path: visit.path, node, isFlattened: visit.value instanceof Flattened });
      looks = 0;
    }
    if (isWithinItself(visit)) circle = visit.path;
    looks += 1;
    if (looks > maxLooks) break;
  }
  const [gap] = gaps;
  if (gap === undefined || circle === undefined) return gaps;
  throw nodeInside(task, position, { path: gap.path, where: `a value that holds itself at ${pathText(circle)}` });
}

/** All that is inside a value, however deep, and first what is not; of what holds itself, one round. */
function* everythingIn(value: unknown): Iterable<Visit> {
  const visits: Visit[] = [{ value, path: [], outer: undefined }];
  for (const outer of visits) {
    if (nodeOf(outer.value) !== undefined || isWithinItself(outer)) continue;
    for (const [key, part] of partsOf(outer.value)) {
      const visit = { value: part, path: [...outer.path, key], outer };
      if (isObject(part)) visits.push(visit);
      yield visit;
    }
  }
}

/** A copy of `value` with other things in these places. What is on the way to none of them is not copied. */
export function withPlaces<Place extends { readonly path: Path }>(
  value: object,
  places: readonly Place[],
  contentOf: (place: Place) => unknown,
): object {
  const copy = copyOf(value as Container);
  const copies = new Set<unknown>([copy]);
  for (const place of places) {
    let container = copy;
    for (const key of place.path.slice(0, -1)) {
      if (!copies.has(container[key])) copies.add((container[key] = copyOf(container[key] as Container)));
      container = container[key] as Container;
    }
    container[place.path.at(-1)!] = contentOf(place);
  }
  return copy;
}

function copyOf(value: Container): Container {
  return Array.isArray(value) ? (value.slice() as unknown as Container) : { ...value };
}

function nodeOf(value: unknown): Node | undefined {
  try {
    const inner = value instanceof Flattened ? value.value : value;
    return inner instanceof Node ? inner : undefined;
  } catch {
    // A Proxy that does not let itself be asked.
    return undefined;
  }
}

interface NodePlace {
  readonly path: Path;
  readonly where: string;
  readonly remedy?: string;
}

const anotherPlace = 'Put it in a plain array or object, or pass the node as an argument of its own.';
const listToMap = {
  where: 'a list to map over',
  remedy: 'Map over what a task returns that is given these nodes as a list.',
};

function nodeInside(task: string, position: number, { path, where, remedy = anotherPlace }: NodePlace): UsageError {
  const message =
    `argument ${position + 1} of task '${task}' holds a node at ${pathText(path)}, in ${where}, where its value ` +
    `cannot be put. ${remedy}`;
  return new UsageError('NODE_INSIDE_VALUE', message, { task, position, path: pathText(path) });
}

/** A part of ours that has nodes, like a flow, was not given for their sake. */
function inClosed(task: string, position: number, { closed, path }: { closed: Visit; path: Path }): UsageError {
  const where = describe(closed.value);
  const advice = isMark(closed.value) ? undefined : adviceOn(closed.value);
  if (advice === undefined) return nodeInside(task, position, { path, where });
  const what = closed.path.length === 0 ? `is ${where}` : `holds ${where} at ${pathText(closed.path)}`;
  const message = `argument ${position + 1} of task '${task}' ${what}, which has no value. Instead, ${advice}.`;
  return new UsageError('NODE_INSIDE_VALUE', message, { task, position, path: pathText(closed.path) });
}

/** What keeps a value from being put there: the nearest thing around it that is neither array nor plain object. */
function closedPlaceOf({ outer }: Visit): Visit | undefined {
  for (let around = outer; around !== undefined; around = around.outer) {
    const prototype: unknown = Object.getPrototypeOf(around.value);
    if (prototype !== Object.prototype && prototype !== Array.prototype) return around;
  }
  return undefined;
}

function isWithinItself({ value, outer }: Visit): boolean {
  if (!isObject(value)) return false;
  for (let around = outer; around !== undefined; around = around.outer) if (around.value === value) return true;
  return false;
}

/** What cannot be read (a getter threw) holds no node of ours; that it cannot travel either is told by others. */
function* partsOf(value: unknown): Iterable<readonly [key: string | number, part: unknown]> {
  try {
    yield* readParts(value);
  } catch {}
}

function* readParts(value: unknown): Iterable<readonly [key: string | number, part: unknown]> {
  if (!isObject(value) || ArrayBuffer.isView(value)) return;
  if (Array.isArray(value)) yield* value.entries();
  else if (value instanceof Set) for (const part of value) yield ['item', part];
  else if (value instanceof Map) {
    for (const [key, part] of value) {
      yield ['key', key];
      yield [typeof key === 'string' ? key : 'item', part];
    }
  } else yield* Object.entries(value);
}

function pathText(path: Path): string {
  return path.map((key) => stepTo(String(key))).join('');
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
