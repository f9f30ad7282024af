// Makes functions again of what `capture.ts` took. They stand where they were written, for stack traces and for
// `import()`, and see names of the module as its own functions do.

import { isAbsolute } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { constants, Script } from 'node:vm';
import { HeddleError } from '../../lib/heddle-error.ts';
import { once } from '../../lib/once.ts';
import { unreachable } from '../../lib/unreachable.ts';
import {
  moduleFunction,
  ownNames,
  type Captured,
  type CapturedFunction,
  type CapturedText,
  type CodesOf,
  type Gap,
} from './captured.ts';
import { assertSame } from '../function-identity.ts';
import type { Code } from '../../lib/inspector.ts';
import { exportAt, thingAt } from './known.ts';
import { load } from '../load.ts';
import { notOfLineBreak } from '../syntax/lines.ts';
import { keyOfName } from './properties.ts';
import { moduleScope, type ModuleScope } from './module-scope.ts';

/** What is looked up before anything is made: functions are made without waiting. */
interface Found {
  readonly modules: ReadonlyMap<string, ModuleScope>;
  /** By the module that imports, and what it imports from. */
  readonly imported: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  /** What has a name in a module. */
  readonly addressed: ReadonlyMap<number, Code>;
}

/**
 * The values, with the functions in them again. Rejects with what `load`, `assertSame` and `moduleScope` reject with,
 * and with `CAPTURE_NOT_FOUND` for a part of the platform that is not there.
 */
export async function revive(captured: Captured, codesOf: CodesOf): Promise<Readonly<Record<string, unknown>>> {
  warnNobody();
  const found = await findAll(captured.functions, codesOf);
  return new Reviving(captured, found).run();
}

async function findAll(functions: readonly CapturedFunction[], codesOf: CodesOf): Promise<Found> {
  const modules = new Map<string, ModuleScope>();
  const imported = new Map<string, Readonly<Record<string, unknown>>>();
  const addressed = new Map<number, Code>();
  for (const [number, each] of functions.entries()) {
    if (each.type === 'reference') addressed.set(number, await taskOf(each, codesOf));
    const module = each.type === 'named' || each.type === 'text' ? each.module : undefined;
    if (module !== undefined && !modules.has(module.url)) modules.set(module.url, await moduleScope(module));
    if (each.type === 'named') addressed.set(number, namedIn(modules.get(each.module.url)!, each));
    if (each.type !== 'text') continue;
    const { url } = each.place;
    for (const { from, attributes } of Object.values(each.imports)) {
      const key = importKey(url, from);
      if (!imported.has(key)) imported.set(key, await importFrom(url, from, attributes));
    }
  }
  return { modules, imported, addressed };
}

async function taskOf(
  { reference, functions }: Extract<CapturedFunction, { type: 'reference' }>,
  codesOf: CodesOf,
): Promise<Code> {
  const task = await load(reference);
  const { name, module } = reference;
  assertSame(functions, { subject: `task '${name}'`, module, codes: codesOf(task) });
  return task as Code;
}

function namedIn(scope: ModuleScope, { name, module, functions }: Extract<CapturedFunction, { type: 'named' }>): Code {
  const [code] = scope.read([name]) as [Code];
  assertSame(functions, { subject: `a task that captures '${name}'`, module: module.url, codes: [code] });
  return code;
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

/** Node calls it an experiment that a script can import modules, once in a thread. The user has no part in that. */
const warnNobody = once(() => {
  const own = Object.getOwnPropertyDescriptor(process, 'emitWarning')!;
  process.emitWarning = () => {};
  try {
    void scriptAt(`import('node:fs')`, { url: import.meta.url, line: 0, column: 0 });
  } finally {
    Object.defineProperty(process, 'emitWarning', own);
  }
});

/** What a script evaluates to that stands where another one stood: in the folder, if that was no file (`[eval]`). */
function scriptAt(text: string, { url, line, column }: CapturedText['place']): unknown {
  return new Script(text, {
    filename: isAbsolute(url) || URL.canParse(url) ? url : pathToFileURL(url).href,
    lineOffset: line,
    columnOffset: column,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  }).runInThisContext();
}

type Setter = (name: string, value: unknown) => void;

class Reviving {
  readonly #captured: Captured;
  readonly #found: Found;
  readonly #made = new Map<number, Code>();
  readonly #setters = new Map<number, Setter>();
  readonly #bindings: (() => void)[] = [];

  constructor(captured: Captured, found: Found) {
    this.#captured = captured;
    this.#found = found;
  }

  /** Each is made before it is given what it captures: they may capture each other. But classes need it at once. */
  run(): Readonly<Record<string, unknown>> {
    const { functions, values } = this.#captured;
    const classes = new Set([...functions.keys()].filter((number) => isClass(functions[number]!)));
    for (const number of functions.keys()) if (!classes.has(number)) this.#make(number);
    this.#fill();
    while (classes.size > 0) {
      const isReady = (number: number) => this.#usedBy(number).every((used) => used === number || !classes.has(used));
      const next = [...classes].find(isReady) ?? [...classes][0]!;
      this.#make(next);
      classes.delete(next);
      this.#fill();
    }
    for (const describe of this.#bindings) describe();
    return values;
  }

  /** The functions among the variables of one. */
  #usedBy(number: number): number[] {
    const text = this.#captured.functions[number] as CapturedText;
    const keys = new Set<unknown>(Object.values(text.locals));
    return this.#captured.gaps.flatMap(({ path, function: used }) => (keys.has(path[0]) ? [used] : []));
  }

  /** Puts all functions that there are where they belong. */
  #fill(): void {
    const { functions, gaps, values } = this.#captured;
    for (const gap of gaps) {
      const code = this.#made.get(gap.function);
      if (code !== undefined) put(values, gap, code);
    }
    for (const [number, set] of this.#setters) {
      const { locals, properties } = functions[number] as CapturedText;
      for (const [name, key] of Object.entries(locals)) set(name, values[key]);
      const made = this.#made.get(number)!;
      for (const { key, isHidden, parts } of properties) {
        const held = Object.entries(parts).map(([part, each]) => [part, values[each]] as const);
        const property = { ...('value' in parts && { writable: true }), ...Object.fromEntries(held) };
        Object.defineProperty(made, keyOfName(key), { ...property, enumerable: isHidden !== true, configurable: true });
      }
    }
  }

  #make(number: number): void {
    this.#made.set(number, this.#codeOf(this.#captured.functions[number]!, number));
  }

  #codeOf(each: CapturedFunction, number: number): Code {
    switch (each.type) {
      case 'reference':
      case 'named':
        return this.#found.addressed.get(number)!;
      case 'known':
        return knownAt(each.path);
      case 'exported':
        return exportAt(each.file, each.path) as Code;
      case 'bound':
        return this.#bound(each);
      case 'text':
        return this.#written(each, number);
      default:
        return unreachable(each);
    }
  }

  /** What it calls, and with what, is known when all are there, which is before anybody calls it. */
  #bound({ target, self, args }: Extract<CapturedFunction, { type: 'bound' }>): Code {
    const { values } = this.#captured;
    let bound: Code | undefined;
    const bind = () => {
      const given = args.map((key) => values[key]);
      return (bound ??= Function.prototype.bind.call(this.#made.get(target)!, values[self], ...given));
    };
    const made = function (this: unknown, ...rest: unknown[]): unknown {
      return new.target === undefined ? Reflect.apply(bind(), undefined, rest) : Reflect.construct(bind(), rest);
    };
    this.#bindings.push(() => {
      Object.defineProperty(made, 'name', { value: bind().name, configurable: true });
      Object.defineProperty(made, 'length', { value: bind().length, configurable: true });
    });
    return made;
  }

  #written(text: CapturedText, number: number): Code {
    const { values } = this.#captured;
    const variables = Object.fromEntries(Object.entries(text.locals).map(([name, key]) => [name, values[key]]));
    const { code, set } = evaluate(text, { ...this.#namesOf(text), variables });
    for (const key of ['name', 'length'] as const) {
      if (code[key] !== text[key]) Object.defineProperty(code, key, { value: text[key], configurable: true });
    }
    this.#setters.set(number, set);
    return code;
  }

  #namesOf({ place, module, fixed, changing, imports }: CapturedText): Omit<Names, 'variables'> {
    const scope = module && this.#found.modules.get(module.url);
    const values = scope?.read(fixed) ?? [];
    const live: PropertyDescriptorMap = {};
    for (const name of changing) {
      live[name] = { get: () => scope!.read([name])[0], set: (value) => scope!.write(name, value), enumerable: true };
    }
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
  /** Of the functions around it, as far as they are there yet. */
  readonly variables: Readonly<Record<string, unknown>>;
}

function isClass(each: CapturedFunction): boolean {
  return each.type === 'text' && each.source.startsWith('class');
}

interface Kit {
  readonly variables: Names['variables'];
  set?: Setter;
}

/**
 * The function, with a way to set its variables. Around it are its module, which holds that one's names, and a function
 * that holds variables. All of that is on the line of the function, before it.
 */
function evaluate(text: CapturedText, { fixed, live, variables }: Names): { code: Code; set: Setter } {
  const { place, isStrict, isMethod } = text;
  const { kit: kitName, live: liveName, meta, name: nameName, value } = ownNames;
  const names = Object.keys(variables);
  const setters = names.map((name) => `case ${JSON.stringify(name)}: ${name} = ${value}; break;`).join(' ');
  const lets = `let { ${names.join(', ')} } = ${kitName}.variables; `;
  const setting = `${kitName}.set = (${nameName}, ${value}) => { switch (${nameName}) { ${setters} } }; `;
  const hasLive = Object.keys(live).length > 0;
  const before =
    `(function ${moduleFunction}({ ${Object.keys(fixed).join(', ')} }, ${liveName}, ${kitName}, ${meta}) { ` +
    `${hasLive ? `with (${liveName}) ` : ''}{ return (function () { ${isStrict ? `'use strict'; ` : ''}` +
    `${lets}${setting}return (${isMethod ? '{' : ''}`;
  const after = `${isMethod ? '}' : ''}); })(); } })`;
  const column = place.column - before.length;
  const make = scriptAt(`${before}${withReplaced(text)}${after}`, { ...place, column }) as (
    fixed: object,
    live: object,
    kit: Kit,
    meta: object,
  ) => unknown;
  const kit: Kit = { variables };
  const made = make(fixed, Object.create(null, live) as object, kit, metaOf(place.url));
  return { code: isMethod ? methodOf(made as object) : (made as Code), set: kit.set! };
}

/** Lines stay where they are. */
function withReplaced({ source, replaced }: CapturedText): string {
  return replaced
    .toSorted((a, b) => b.start - a.start)
    .reduce((text, { start, end, by }) => {
      const breaks = text.slice(start, end).replaceAll(notOfLineBreak, '');
      return `${text.slice(0, start)}${by}${breaks}${text.slice(end)}`;
    }, source);
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

function put(values: object, { path, as }: Pick<Gap, 'path' | 'as'>, value: unknown): void {
  const holder = path
    .slice(0, -1)
    .reduce((at, step) => (at as Record<string | symbol, unknown>)[keyOfName(step)] as object, values);
  const property = as === undefined ? { value, writable: true } : { [as]: value };
  Object.defineProperty(holder, keyOfName(path.at(-1)!), { ...property, enumerable: true, configurable: true });
}
