// Settles what could only be guessed when something was defined: whether whoever imports its module comes to where it
// was made. An async function of the module may have gone on after an `await`; the module may have waited for a run of
// a flow, say, which workers do not get past; or only the main module of a program comes there, which it is not in a
// worker. The text of the module knows. It is read when a flow is about to run, once.

import { toUrl } from './file-path.ts';
import { Inspector } from '../lib/inspector.ts';
import { onceIn } from '../lib/once.ts';
import type { Places } from './syntax/places.ts';
import { insideFunction, isOfVite, loadedByVite, placeOf, registry, type Doubt, type Reference } from './registry.ts';

const known = new WeakMap<Reference, Promise<Reference>>();

/** The same reference; without a module, where importing that leads nobody there. */
export async function certain(reference: Reference): Promise<Reference> {
  if (reference.doubt === undefined) return reference;
  return await onceIn(known, reference, () => settle(reference));
}

async function settle(reference: Reference): Promise<Reference> {
  const { module, doubt, name, ordinal, definedAt } = reference;
  const places = await placesOf(module!);
  const making = places && makingOf(places, { module: module!, doubt: doubt! });
  return making === undefined ? reference : { name, ordinal, definedAt, ...making };
}

function makingOf(
  places: Places | 'of-vite',
  { module, doubt }: { module: string; doubt: Doubt },
): Pick<Reference, 'made' | 'mayBeThere'> | undefined {
  if (places === 'of-vite') return { made: loadedByVite };
  if (places.isInsideFunction(doubt)) return { made: insideFunction };
  const guard = places.guardOf(doubt);
  if (guard !== undefined) {
    const made = `behind if (${guard.text.replaceAll(/\s+/g, ' ')})`;
    return /^(?:import\.meta\.main|require\.main\s*===?\s*module)$/.test(guard.meaning)
      ? { made }
      : { made, mayBeThere: true };
  }
  const held = registry.deeds
    .get(module)
    ?.slice(0, doubt.deeds)
    .find((done) => places.isHeldAt(done));
  return held && { made: `after the ${held.deed} that ${placeOf(module, held.line)} waits for` };
}

/** By module: it is read once, however many things are defined in it. */
const texts = new Map<string, Promise<Places | 'of-vite' | undefined>>();

/** Nothing where nobody can be asked, or it cannot be read: whoever looks for what the module makes will tell. */
async function placesOf(module: string): Promise<Places | 'of-vite' | undefined> {
  return await onceIn(texts, module, () => readPlaces(module).catch(() => undefined));
}

async function readPlaces(module: string): Promise<Places | 'of-vite' | undefined> {
  const { Places } = await import('./syntax/places.ts');
  using inspector = new Inspector();
  const script = [...inspector.scripts.values()].find(({ url }) => toUrl(url) === module);
  if (script === undefined) return undefined;
  const text = inspector.sourceOf(script.scriptId);
  return isOfVite(text) ? 'of-vite' : new Places(text);
}
