// The parameters of a run, as its tasks, its handlers and the makers of its cluster read them.

import { isCalledByPackage } from '../code/call-site.ts';
import { UsageError } from '../lib/heddle-error.ts';
import { didYouMean } from '../lib/nearest.ts';
import { standsFor } from '../values/deep-frozen.ts';

/**
 * The same object, which throws `UNKNOWN_PARAMETER` from now on when a name is read that is not in it. `'name' in it`,
 * copies, and what every object has stay as they are; and packages, which ask any object for what it may not have, find
 * nothing, as ever. A prototype sees to that, since a Proxy around the object could not be cloned, and would make each
 * read slower.
 */
export function namedParameters<T extends object>(flow: string, parameters: T): T {
  if (latest?.flow !== flow) latest = { flow, prototype: prototypeFor(flow) };
  return Object.setPrototypeOf(parameters, latest.prototype) as T;
}

/** Most often the next one is of the same flow, and to make one takes longer than all the rest. */
let latest: { readonly flow: string; readonly prototype: object } | undefined;

function prototypeFor(flow: string): object {
  // Packages know plain objects by the constructor that is the prototype's own.
  const constructor = { value: Object };
  const prototype = new Proxy(Object.freeze(Object.create(Object.prototype, { constructor }) as object), {
    get(target, name, parameters: object) {
      if (typeof name === 'symbol' || isAskedOfAll.has(name) || name in target || isCalledByPackage()) {
        return Reflect.get(target, name, parameters) as unknown;
      }
      throw unknownParameter({ flow, name, names: Object.keys(parameters), remedy: optionally(name) });
    },
  });
  standsFor(prototype, Object.prototype);
  return prototype;
}

/** What the language itself asks of any object that is awaited, or made JSON of. */
const isAskedOfAll = new Set(['then', 'toJSON']);

interface Unknown {
  readonly flow: string;
  readonly name: string;
  /** Of those that there are. */
  readonly names: readonly string[];
  readonly remedy?: string;
}

export function unknownParameter({ flow, name, names, remedy = '' }: Unknown): UsageError {
  const known = names.join(', ') || `none. Make one in the function that builds the flow: new Parameter('${name}')`;
  const message = `flow '${flow}' has no parameter '${name}'.${didYouMean(name, names)} It has: ${known}.${remedy}`;
  return new UsageError('UNKNOWN_PARAMETER', message, { flow, parameter: name });
}

/** For a task of several flows, or one that looks for whatever there is. */
function optionally(name: string): string {
  return ` What only some flows have is asked for first: '${name}' in parameters.`;
}
