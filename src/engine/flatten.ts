import { HeddleError } from '../lib/heddle-error.ts';
import { describe } from '../lib/options.ts';
import { isIterable } from '../flow/bindings.ts';

/** Takes one level of nesting away. Throws `NOT_ITERABLE` in the name of `task` when there is none. */
export function flattenList(task: string, values: unknown): unknown[] {
  const refuse = (what: string, position?: number) => {
    const message = `flatten() for '${task}' needs a list of lists, but ${what}.`;
    return new HeddleError('NOT_ITERABLE', message, { task, ...(position !== undefined && { position }) });
  };
  if (!isIterable(values)) throw refuse(`it got ${describe(values)}`);
  return [...values].flatMap((inner, position) => {
    if (!isIterable(inner)) throw refuse(`element ${position} is ${describe(inner)}`, position);
    return [...inner];
  });
}
