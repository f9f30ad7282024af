import { UsageError } from '../lib/heddle-error.ts';
import { didYouMean } from '../lib/nearest.ts';
import { unknownName } from '../lib/template.ts';
import { isCalledByPackage } from './call-site.ts';

/**
 * A prototype for plain objects: what is read of one under a name that is not in it throws `unknown` of the name and
 * of those that there are. `'name' in it`, copies, and what every object has stay as they are. Packages, which read
 * from any object what it may not have, still get `undefined`. A Proxy around the object itself could not be cloned,
 * and would slow each read.
 */
export function prototypeOfKnown(unknown: (name: string, names: readonly string[]) => Error): object {
  // Packages recognize plain objects by the prototype's own constructor.
  const constructor = { value: Object };
  return new Proxy(Object.freeze(Object.create(Object.prototype, { constructor }) as object), {
    get(target, name, object: object) {
      if (typeof name === 'symbol' || isAskedOfAll.has(name) || name in target || isCalledByPackage()) {
        return Reflect.get(target, name, object) as unknown;
      }
      throw unknown(name, Object.keys(object));
    },
  });
}

/** What users choose from, by name. One that is not there would be `undefined`, and so the default of an option. */
export function choices<Choices extends object>(owner: string, code: string, members: Choices): Choices {
  const prototype = prototypeOfKnown((member, names) => {
    const message = `${owner} has no '${member}'.${didYouMean(member, names)} It has: ${names.join(', ')}.`;
    return new UsageError(code, message, { member });
  });
  return Object.freeze(Object.assign(Object.create(prototype) as object, members));
}

/** What the language itself asks of any object that is awaited, or made JSON of. */
const isAskedOfAll = new Set(['then', 'toJSON']);

const factsForNames = prototypeOfKnown((name, names) => unknownName('the function', name, { name, names }));

/** The same facts, for a function to make a text of, which else would have `undefined` in it where a name is wrong. */
export function forFunction<Facts extends object>(facts: Facts): Facts {
  return Object.setPrototypeOf({ ...facts }, factsForNames) as Facts;
}
