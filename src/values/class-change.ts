// What is said of an instance of a class, which would arrive without its class.

import { classNames, hasMethod, isForeign, nameOf, prototypesOf } from './kinds.ts';
import { shorten } from './members.ts';
import { homePackage, isOfClientPackage, isOfLimiterPackage } from './origin.ts';
import { refusals } from './refusals.ts';

interface ClassChange {
  readonly why: string;
  readonly remedy: readonly string[];
}

/** `arrivesAs` is the name of the class that the copier makes of it. */
export function classChange(value: object, arrivesAs = 'Object'): ClassChange {
  const prototypes = prototypesOf(value);
  if (isOfLanguage(prototypes[0])) {
    const why = `it was made as something else and given another prototype; it arrives as a plain ${arrivesAs}`;
    return { why, remedy: ['send it as it was made, or plain data'] };
  }
  const has = (name: string) => hasMethod(prototypes, name);
  const isLock = has('runExclusive') || ((has('acquire') || has('lock')) && (has('release') || has('unlock')));
  if (isLock || isOfLimiterPackage(value)) {
    return { why: 'it arrives as a plain object, which holds back nobody', remedy: refusals.lock.remedy };
  }
  if (has('then')) {
    const remedy = ['await it before you return or pass it on'];
    return { why: 'it arrives as a plain object, and what it waits for does not', remedy };
  }
  return { why: lossOf(prototypes, arrivesAs), remedy: classRemedy(value, prototypes) };
}

/** What has the prototype of a class of the language itself, and is no instance of that, was only dressed up. */
function isOfLanguage(prototype: object | undefined): boolean {
  const [name] = prototype === undefined ? [] : classNames([prototype]);
  if (name === undefined) return false;
  return (Reflect.get(globalThis, name) as { prototype?: unknown } | undefined)?.prototype === prototype;
}

function lossOf(prototypes: readonly object[], arrivesAs: string): string {
  if (isForeign(prototypes[0])) return `it arrives as this realm's own ${arrivesAs}`;
  const members = prototypes[0] === undefined ? [] : Object.getOwnPropertyNames(prototypes[0]);
  const gone = members.filter((name) => name !== 'constructor');
  const plain = arrivesAs === 'Object' ? 'a plain object' : `a plain ${arrivesAs}`;
  return `it arrives as ${plain}, without its class${gone.length > 0 ? ` and so without ${list(gone)}` : ''}`;
}

/** Methods by which libraries give what their instances stand for, in the order in which they are preferred. */
const plainForms = ['toJSDate', 'toDate', 'toObject', 'toHexString', 'toJSON'];

function classRemedy(value: object, prototypes: readonly object[]): readonly string[] {
  const rebuild = 'send plain data, and rebuild the instance in the task that uses it';
  const [name] = classNames(prototypes.slice(0, 1));
  if (name === undefined || isForeign(prototypes[0])) return [rebuild];
  const ofNode = ofNodeItself[nameOf(value)];
  if (ofNode !== undefined) return [ofNode];
  // A connection is refused: what is left of such a package is what it gave, like the result of a query.
  if (isOfClientPackage(value)) return ['send what you need of it as plain data, such as result.rows'];
  const register = `register it: registerType(${name}, { tag, encode, decode }), in a module that both sides import`;
  const form = plainForms.find((each) => hasMethod(prototypes, each));
  const asForm = form === undefined ? [] : [`send what it stands for: value.${form}()`];
  const home = homePackage(value);
  if (home === undefined) return [register, ...asForm, ...(form === undefined ? [rebuild] : [])];
  return [...asForm, `make it inside the task that uses it: ${home} can be imported there too`, `or ${register}`];
}

const ofNodeItself: Readonly<Record<string, string>> = {
  'a Stats (node:fs)': 'send what you need of it, such as { size: stats.size, isFile: stats.isFile() }',
  'a Dirent (node:fs)': 'send what you need of it, such as { name: entry.name, isFile: entry.isFile() }',
};

function list(names: readonly string[]): string {
  const shown = names
    .slice(0, 4)
    .map((name) => shorten(name, 40))
    .join(', ');
  return names.length > 4 ? `${shown}, …` : shown;
}
