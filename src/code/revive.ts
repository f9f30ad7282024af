// Makes functions again of what `capture.ts` took. They stand where they were written, for stack traces and for
// `import()`, and see names of the module as its own functions do.

import { fileURLToPath } from 'node:url';
import { constants, Script } from 'node:vm';
import { HeddleError } from '../lib/heddle-error.ts';
import { unreachable } from '../lib/unreachable.ts';
import { moduleFunction, type Captured, type CapturedFunction, type CapturedText } from './captured.ts';
import type { Code } from './inspector.ts';
import { thingAt } from './known.ts';
import { load } from './load.ts';
import { moduleScope, type LookUp } from './module-scope.ts';

/** What is looked up before anything is made: functions are made without waiting. */
interface Found {
  readonly modules: ReadonlyMap<string, LookUp>;
  /** By the module that imports, and what it imports from. */
  readonly imported: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  readonly referenced: ReadonlyMap<number, object>;
}

/**
 * The values, with the functions in them again. Rejects with what `load` and `moduleScope` reject with, and with
 * `CAPTURE_NOT_FOUND` for a part of the platform that is not there.
 */
export async function revive(captured: Captured): Promise<Readonly<Record<string, unknown>>> {
  const found = await findAll(captured.functions);
  const { values } = new Reviving(captured, found).run();
  return values;
}

async function findAll(functions: readonly CapturedFunction[]): Promise<Found> {
  const modules = new Map<string, LookUp>();
  const imported = new Map<string, Readonly<Record<string, unknown>>>();
  const referenced = new Map<number, object>();
  for (const [number, each] of functions.entries()) {
    if (each.type === 'reference') referenced.set(number, await load(each.reference));
    const module = each.type === 'named' || each.type === 'text' ? each.module : undefined;
    if (module !== undefined && !modules.has(module.url)) modules.set(module.url, await moduleScope(module));
    if (each.type !== 'text') continue;
    const { url } = each.place;
    for (const { from, attributes } of Object.values(each.imports)) {
      const key = importKey(url, from);
      if (!imported.has(key)) imported.set(key, await importFrom(url, from, attributes));
    }
  }
  return { modules, imported, referenced };
}

function importKey(url: string, from: string): string {
  return `${url} ${from}`;
}

/** As a module at that place would. */
async function importFrom(url: string, from: string, attributes: object): Promise<Readonly<Record<string, unknown>>> {
  const importing = scriptAt('(from, options) => import(from, options)', { url, line: 0, column: 0 }) as (
    from: string,
    options: object,
  ) => Promise<Readonly<Record<string, unknown>>>;
  return await importing(from, { with: attributes });
}

/** What a script evaluates to that stands where another one stood. */
function scriptAt(text: string, { url, line, column }: CapturedText['place']): unknown {
  return new Script(text, {
    filename: url,
    lineOffset: line,
    columnOffset: column,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  }).runInThisContext();
}

class Reviving {
  readonly #captured: Captured;
  readonly #found: Found;
  readonly #made = new Map<number, Code>();

  constructor(captured: Captured, found: Found) {
    this.#captured = captured;
    this.#found = found;
  }

  run(): { readonly values: Readonly<Record<string, unknown>> } {
    const { functions, gaps, values } = this.#captured;
    // Each is made before what it captures is put into it: they may capture each other.
    const fillings = [...functions.keys()].map((number) => this.#make(number));
    for (const { path, function: number } of gaps) put(values, path, this.#made.get(number)!);
    for (const fill of fillings) fill();
    return { values };
  }

  /** Gives what is to be done when all functions are there. */
  #make(number: number): () => void {
    const each = this.#captured.functions[number]!;
    switch (each.type) {
      case 'reference':
        this.#made.set(number, this.#found.referenced.get(number) as Code);
        return () => {};
      case 'known':
        this.#made.set(number, knownAt(each.path));
        return () => {};
      case 'named':
        this.#made.set(number, this.#found.modules.get(each.module.url)!([each.name])[0] as Code);
        return () => {};
      case 'bound':
        return this.#makeBound(number, each);
      case 'text':
        return this.#makeText(number, each);
      default:
        return unreachable(each);
    }
  }

  /** What it calls and with what is known when all are there, which is before anybody calls it. */
  #makeBound(number: number, { target, self, args }: Extract<CapturedFunction, { type: 'bound' }>): () => void {
    const { values } = this.#captured;
    let bound: Code | undefined;
    const made = (...rest: unknown[]): unknown => Reflect.apply(bound!, undefined, rest);
    this.#made.set(number, made);
    return () => {
      bound = Function.prototype.bind.call(this.#made.get(target)!, values[self], ...args.map((key) => values[key]));
      Object.defineProperty(made, 'name', { value: bound!.name, configurable: true });
      Object.defineProperty(made, 'length', { value: bound!.length, configurable: true });
    };
  }

  #makeText(number: number, text: CapturedText): () => void {
    const lookUp = text.module && this.#found.modules.get(text.module.url);
    const names = this.#namesOf(text, lookUp);
    const { code, set } = evaluate(text, names);
    this.#made.set(number, code);
    return () => {
      const { values } = this.#captured;
      for (const [name, key] of Object.entries(text.locals)) set(name, values[key]);
      for (const [name, key] of Object.entries(text.properties)) {
        Object.defineProperty(code, name, { value: values[key], configurable: true, enumerable: true, writable: true });
      }
      if (code.name !== text.name) Object.defineProperty(code, 'name', { value: text.name, configurable: true });
    };
  }

  #namesOf({ place, fixed, changing, imports }: CapturedText, lookUp: LookUp | undefined): Names {
    const values = fixed.length === 0 ? [] : lookUp!(fixed);
    const live: PropertyDescriptorMap = {};
    for (const name of changing) live[name] = { get: () => lookUp!([name])[0], enumerable: true };
    for (const [name, { from, name: exported }] of Object.entries(imports)) {
      const module = this.#found.imported.get(importKey(place.url, from))!;
      live[name] = { get: () => (exported === '*' ? module : module[exported]), enumerable: true };
    }
    return { fixed: Object.fromEntries(fixed.map((name, at) => [name, values[at]])), live };
  }
}

interface Names {
  readonly fixed: Readonly<Record<string, unknown>>;
  readonly live: PropertyDescriptorMap;
}

/** Names that no program uses. */
const own = { live: '__heddleLive', fixed: '__heddleFixed', kit: '__heddleKit', meta: '__heddleMeta' } as const;

interface Kit {
  set?: (name: string, value: unknown) => void;
}

/**
 * The function, without its variables: those are set later. Around it are its module, which holds that one's names, and
 * a function that holds variables. All of that is on the line of the function, before it.
 */
function evaluate(
  text: CapturedText,
  { fixed, live }: Names,
): { code: Code; set: (name: string, value: unknown) => void } {
  const { place, isStrict, isMethod, locals } = text;
  const variables = Object.keys(locals);
  const setters = variables.map((name) => `case ${JSON.stringify(name)}: ${name} = value; break;`);
  const lets = variables.length === 0 ? '' : `let ${variables.join(', ')}; `;
  const setting = `${own.kit}.set = (name, value) => { switch (name) { ${setters.join(' ')} } }; `;
  const hasLive = Object.keys(live).length > 0;
  const before =
    `(function ${moduleFunction}({ ${Object.keys(fixed).join(', ')} }, ${own.live}, ${own.kit}, ${own.meta}) { ` +
    `${hasLive ? `with (${own.live}) ` : ''}{ return (function () { ${isStrict ? `'use strict'; ` : ''}` +
    `${lets}${setting}return (${isMethod ? '{' : ''}`;
  const after = `${isMethod ? '}' : ''}); })(); } })`;
  const column = place.column - before.length;
  const make = scriptAt(`${before}${withMeta(text)}${after}`, { ...place, column }) as (
    fixed: object,
    live: object,
    kit: Kit,
    meta: object,
  ) => unknown;
  const kit: Kit = {};
  const made = make(fixed, Object.create(null, live) as object, kit, metaOf(place.url));
  return { code: isMethod ? methodOf(made as object) : (made as Code), set: kit.set! };
}

/** `import.meta` is for modules, which a script is not. */
function withMeta({ source, importMeta }: CapturedText): string {
  return importMeta
    .toSorted((a, b) => b.start - a.start)
    .reduce((text, { start, end }) => `${text.slice(0, start)}${own.meta}${text.slice(end)}`, source);
}

function metaOf(url: string): object {
  if (!url.startsWith('file:')) return { url };
  const filename = fileURLToPath(url);
  const dirname = fileURLToPath(new URL('.', url)).replace(/(?<=.)[/\\]$/, '');
  return { url, filename, dirname, main: false };
}

function methodOf(holder: object): Code {
  const [name] = Reflect.ownKeys(holder);
  const property: Record<string, unknown> = { ...Object.getOwnPropertyDescriptor(holder, name!) };
  return (property['value'] ?? property['get'] ?? property['set']) as Code;
}

function knownAt(path: readonly string[]): Code {
  const thing = thingAt(path);
  if (thing !== undefined) return thing as Code;
  const message = `a task uses ${path.join('.')} of the platform, which a worker does not have`;
  throw new HeddleError('CAPTURE_NOT_FOUND', message, { path });
}

function put(values: object, path: readonly (string | number)[], value: unknown): void {
  const holder = path
    .slice(0, -1)
    .reduce((at, step) => (at as Record<string | number, unknown>)[step] as object, values);
  Object.defineProperty(holder, path.at(-1)!, { value, enumerable: true, writable: true, configurable: true });
}
