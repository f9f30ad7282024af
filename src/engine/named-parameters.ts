// The parameters of a run, as its tasks, its handlers and the makers of its cluster read them.

import { prototypeOfKnown } from '../code/known-names.ts';
import { UsageError } from '../lib/heddle-error.ts';
import { didYouMean } from '../lib/nearest.ts';
import { standsFor } from '../values/deep-frozen.ts';

/**
 * The same object, which from now on throws `UNKNOWN_PARAMETER` when a name is read that is not in it. Its prototype
 * does this: see `prototypeOfKnown`.
 */
export function namedParameters<T extends object>(flow: string, parameters: T): T {
  if (latest?.flow !== flow) latest = { flow, prototype: prototypeFor(flow) };
  return Object.setPrototypeOf(parameters, latest.prototype) as T;
}

/** Kept, since the next parameters are most often those of the same flow, and making a prototype is slow. */
let latest: { readonly flow: string; readonly prototype: object } | undefined;

function prototypeFor(flow: string): object {
  const prototype = prototypeOfKnown((name, names) => {
    return unknownParameter({ flow, name, names, remedy: optionally(name) });
  });
  standsFor(prototype, Object.prototype);
  return prototype;
}

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
