// The parameters of a run, as its tasks, its handlers and the makers of its cluster read them.

import { isCalledByPackage } from '../code/call-site.ts';
import { UsageError } from '../lib/heddle-error.ts';
import { didYouMean } from '../lib/nearest.ts';
import { standsFor } from '../values/deep-frozen.ts';

/**
 * The same object, which from now on throws `UNKNOWN_PARAMETER` when a name is read that is not in it. `'name' in it`,
 * copies, and what every object has stay as they are. Packages, which read from any object what it may not have, still
 * get `undefined`. Its prototype does this: a Proxy around the object could not be cloned, and would slow each read.
 */
export function namedParameters<T extends object>(flow: string, parameters: T): T {
  if (latest?.flow !== flow) latest = { flow, prototype: prototypeFor(flow) };
  return Object.setPrototypeOf(parameters, latest.prototype) as T;
}

/** Kept, since the next parameters are most often those of the same flow, and making a prototype is slow. */
let latest: { readonly flow: string; readonly prototype: object } | undefined;

function prototypeFor(flow: string): object {
  // Packages recognize plain objects by the prototype's own constructor.
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
  /** The names of the parameters that the flow has. */
  readonly names: readonly string[];
  readonly remedy?: string;
}

export function unknownParameter({ flow, name, names, remedy = '' }: Unknown): UsageError {
  const known = names.join(', ') || `none. Make one in the function that builds the flow: new Parameter('${name}')`;
  const message = `flow '${flow}' has no parameter '${name}'.${didYouMean(name, names)} It has: ${known}.${remedy}`;
  return new UsageError('UNKNOWN_PARAMETER', message, { flow, parameter: name });
}

/** The remedy for a task that is used in several flows, of which not all have the parameter. */
function optionally(name: string): string {
  return ` What only some flows have is asked for first: '${name}' in parameters.`;
}
