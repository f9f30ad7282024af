// Settles what could only be guessed when something was defined: whether its module was being loaded then, or an async
// function of it went on after an `await`. The text of the module knows. It is read when a flow is about to run, once.

import { toUrl, type Place } from './call-site.ts';
import { Inspector } from './inspector.ts';
import type { Reference } from './registry.ts';

const known = new WeakMap<Reference, Promise<Reference>>();
/** By module: it is read once, however many things are defined in it. */
const insides = new Map<string, Promise<(place: Place) => boolean>>();

/** The same reference; without a module, where it was made inside a function after all. */
export async function certain(reference: Reference): Promise<Reference> {
  if (reference.guess === undefined) return reference;
  let settled = known.get(reference);
  if (settled === undefined) known.set(reference, (settled = settle(reference)));
  return await settled;
}

async function settle(reference: Reference): Promise<Reference> {
  const { module, guess, ...rest } = reference;
  try {
    let inside = insides.get(module!);
    if (inside === undefined) insides.set(module!, (inside = readInsideOf(module!)));
    const { name, ordinal, definedAt } = rest;
    return (await inside)(guess!) ? { name, ordinal, definedAt } : reference;
  } catch {
    // Nobody can be asked, or it cannot be read: whoever looks for it will tell.
    return reference;
  }
}

/** What is inside of a function there. Rejects where nobody can be asked, or it cannot be read. */
async function readInsideOf(module: string): Promise<(place: Place) => boolean> {
  const { functionsIn } = await import('./module-text.ts');
  using inspector = await Inspector.open();
  const script = [...inspector.scripts.values()].find(({ url }) => toUrl(url) === module);
  return script === undefined ? () => false : functionsIn(inspector.sourceOf(script.scriptId));
}
