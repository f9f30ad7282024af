// Takes a function along with what it captures, for a thread that cannot find it by importing its module: it was made
// inside of another function, or there is no module, as in the REPL. Names of a module's top level stay names, which
// are looked up in the other thread's own copy of the module; variables of the functions around it travel as values.

import { types } from 'node:util';
import { HeddleError } from '../../lib/heddle-error.ts';
import { messageIn } from '../../lib/thrown-text.ts';
import { certain } from '../certain.ts';
import {
  isModuleScope,
  ownNames,
  type Captured,
  type CapturedFunction,
  type CapturedText,
  type CodesOf,
} from './captured.ts';
import { identitiesOf } from '../function-identity.ts';
import { settleEarlyParts } from './early-parts.ts';
import { freeNamesIn, hasPrivateMembers, type Tie } from '../syntax/free-names.ts';
import { isClass, placeAt, textOf } from '../function-place.ts';
import { functionsTakenOut, type Taken } from './functions-in.ts';
import { Inspector, type Code, type FunctionFacts, type VisibleScope } from '../../lib/inspector.ts';
import { onceIn } from '../../lib/once.ts';
import { exportOf, pathTo } from './known.ts';
import { readNamesOf, type ModuleText } from '../syntax/module-text.ts';
import { addressOf, Names } from './names.ts';
import { hasUsualPrototype, nameOfKey, propertiesOn, type CapturedProperty } from './properties.ts';
import { find, insideFunction, isOfVite, loadedByVite, registry, viteRemedy } from '../registry.ts';
import type { Reference } from '../registry.ts';
import { scriptOf, type WrittenFunction } from './written-function.ts';

/** What was captured, and by whom each of its values is: `'load' (load.ts:3:10)`. */
export interface Capture extends Captured {
  readonly holders: ReadonlyMap<string, string>;
}

export interface CaptureOptions {
  /** For messages: `task 'load'`. */
  readonly subject: string;
  /** How that was made, so that no module leads to it: `inside a function`. */
  readonly made: string;
  /** Whether a value has no function in it, told fast. */
  readonly isPlain: (value: unknown) => boolean;
  /** The classes of an instance that is to be made again from its fields. */
  readonly classes: readonly Code[];
  readonly codesOf: CodesOf;
}

/**
 * Rejects with `FUNCTION_NOT_SERIALIZABLE`, which says what cannot be taken along and why; and with a
 * `NoInspectorError`.
 */
export async function capture(values: Readonly<Record<string, unknown>>, options: CaptureOptions): Promise<Capture> {
  using inspector = openInspector();
  return await new Capturing(inspector, options).run(values);
}

/** Nobody can be asked what a function captures. */
export class NoInspectorError extends Error {}

function openInspector(): Inspector {
  try {
    return new Inspector();
  } catch (cause) {
    throw new NoInspectorError(messageIn(cause), { cause });
  }
}

/** By script: many tasks are made at the same place. */
const moduleTexts = new Map<string, ModuleText>();

class Capturing {
  readonly #inspector: Inspector;
  readonly #options: CaptureOptions;
  readonly #numbers = new Map<Code, number>();
  readonly #found: { readonly code: Code; readonly at: string }[] = [];
  readonly #functions: CapturedFunction[] = [];
  readonly #values: Record<string, unknown> = {};
  readonly #taken: Taken = { copies: new Map(), gaps: [] };
  readonly #holders = new Map<string, string>();
  /** By variable, as far as one can be told from another: for each function that uses it whether it assigns to it. */
  readonly #uses = new Map<string, boolean[]>();

  constructor(inspector: Inspector, options: CaptureOptions) {
    this.#inspector = inspector;
    this.#options = options;
  }

  async run(values: Readonly<Record<string, unknown>>): Promise<Capture> {
    const hidden = this.#options.classes.find((each) => hasPrivateMembers(textOf(each)));
    if (hidden !== undefined) throw this.#refusal(`class '${hidden.name}'`, ties.private);
    for (const [name, value] of Object.entries(values)) this.#keep(name, value);
    for (let next = 0; next < this.#found.length; next += 1) {
      const { code, at } = this.#found[next]!;
      const reference = types.isProxy(code) ? undefined : referenceOf(code);
      this.#functions.push(reference ? await this.#taskAt(code, reference, at) : this.#recordOf(code, at));
    }
    return { functions: this.#functions, gaps: this.#taken.gaps, values: this.#values, holders: this.#holders };
  }

  /** Gives the key that the value is kept under: its name, unless another one has that. */
  #keep(name: string, value: unknown, holder?: string): string {
    let key = name;
    for (let count = 2; Object.hasOwn(this.#values, key); count += 1) key = `${name} (${count})`;
    const { isPlain } = this.#options;
    const sent = isPlain(value)
      ? value
      : functionsTakenOut(value, { key, taken: this.#taken, number: (code, at) => this.#numberOf(code, at) });
    // An own property even for the one name that a plain assignment would not make one of.
    Object.defineProperty(this.#values, key, { value: sent, enumerable: true, writable: true, configurable: true });
    if (holder !== undefined) this.#holders.set(key, holder);
    return key;
  }

  #numberOf(code: Code, at: string): number {
    const known = this.#numbers.get(code);
    if (known !== undefined) return known;
    const number = this.#found.push({ code, at }) - 1;
    this.#numbers.set(code, number);
    return number;
  }

  /** Workers find it, unless importing its module leads nobody there. */
  async #taskAt(task: Code, reference: Reference, at: string): Promise<CapturedFunction> {
    const { module, made = insideFunction, mayBeThere } = await certain(reference);
    if (module !== undefined || mayBeThere) {
      return { type: 'reference', reference, functions: identitiesOf(this.#options.codesOf(task)) };
    }
    throw this.#refusal(`'${at}'`, { ...ties.task, what: `is itself a task that was made ${made}` });
  }

  #recordOf(code: Code, at: string): CapturedFunction {
    if (types.isProxy(code)) throw this.#refusal(`'${at}'`, ties.proxy);
    if (typeof code === 'object') return this.#namedElsewhere(code, at, ties.native);
    const facts = this.#inspector.factsOf(code);
    if (facts.bound !== undefined) {
      if (propertiesOn(code).length > 0) throw this.#refusal(`'${at}'`, ties.bound);
      return this.#boundOf(facts.bound, at);
    }
    const script = scriptOf(code, facts, this.#inspector);
    if (script === undefined) return this.#namedElsewhere(code, at, ties.native);
    if (script.isCommonJs) return this.#namedElsewhere(code, at, this.#tieOf(script));
    const name = script.isFile ? nameInModule(code, facts, this.#moduleTextOf(script)) : undefined;
    if (name === undefined) return this.#writtenOut(code, { facts, script, at });
    return { type: 'named', module: addressOf(script.url), name, functions: identitiesOf([code]) };
  }

  /** What is not written by the user, or not in a module that can be looked into. */
  #namedElsewhere(code: Code, at: string, tie: Tie): CapturedFunction {
    const exported = exportOf(code);
    if (exported !== undefined) return { type: 'exported', ...exported };
    const path = pathTo(code);
    if (path !== undefined) return { type: 'known', path };
    throw this.#refusal(at === 'run' ? 'its function' : `'${at}'`, tie);
  }

  /** What is no module here may be one that a test runner has rewritten. */
  #tieOf({ scriptId }: WrittenFunction): Tie {
    return isOfVite(this.#inspector.sourceOf(scriptId)) ? ties.vite : ties.commonJs;
  }

  #boundOf({ target, self, args }: NonNullable<FunctionFacts['bound']>, at: string): CapturedFunction {
    return {
      type: 'bound',
      target: this.#numberOf(target, at),
      self: this.#keep(`this of ${at}`, self),
      args: args.map((value, position) => this.#keep(`argument ${position + 1} of ${at}`, value)),
    };
  }

  /** By its text, with what it needs of its module and of the functions around it. */
  #writtenOut(
    code: Code,
    { facts, script, at }: { facts: FunctionFacts; script: WrittenFunction; at: string },
  ): CapturedText {
    const name = String(Object.getOwnPropertyDescriptor(code, 'name')?.value ?? '');
    const here = placeAt(script.url, script.place);
    const holder = `${at === 'run' ? 'its function' : `'${name === '' ? at : name}'`} (${here})`;
    const free = this.#read(code, holder);
    const names = new Names(facts.scopes, script, this.#moduleTextOf(script));
    const { used, replaced, values } = settleEarlyParts(code, free, (variable) => !names.isWithout(variable));
    if (used.tie !== undefined) throw this.#refusal(holder, used.tie);
    const shape = shapeTie(code);
    if (shape !== undefined) throw this.#refusal(holder, shape);
    const locals = new Map<string, string>();
    if (used.names.has('require') && names.isWithout('require')) throw this.#refusal(holder, ties.require);
    for (const [variable, value] of values) locals.set(variable, this.#keep(variable, value, holder));
    for (const variable of used.names) {
      const scope = names.localScopeOf(variable);
      if (scope === undefined) continue;
      locals.set(variable, this.#keep(variable, this.#valueOf(scope, variable, holder), holder));
      this.#noteUse(variable, { scope, holder, isWrite: used.written.has(variable) });
    }
    return {
      type: 'text',
      name,
      source: textOf(code),
      isMethod: free.text.isMethod,
      isStrict: script.isStrict,
      place: { url: script.url, ...script.place },
      ...names.ofModule(used.names),
      // Own properties even for the one name that a plain assignment would not make one of.
      locals: Object.fromEntries(locals),
      properties: this.#propertiesOf(code, at, holder),
      length: code.length,
      replaced: [...replaced, ...used.importMeta.map((place) => ({ ...place, by: ownNames.meta }))],
    };
  }

  #propertiesOf(code: Code, at: string, holder: string): CapturedProperty[] {
    return propertiesOn(code).map(([key, property]) => {
      const name = nameOfKey(key);
      if (name === undefined) throw this.#refusal(holder, ties.symbol);
      const held =
        'value' in property ? (['value'] as const) : (['get', 'set'] as const).filter((part) => property[part]);
      const parts = held.map((part) => [part, this.#keep(`${at}.${String(key)}`, property[part], holder)] as const);
      return { key: name, ...(property.enumerable !== true && { isHidden: true }), parts: Object.fromEntries(parts) };
    });
  }

  #read(code: Code, holder: string): ReturnType<typeof freeNamesIn> {
    try {
      return freeNamesIn(textOf(code));
    } catch (error) {
      throw this.#refusal(holder, { what: `cannot be read: ${String(error)}`, remedy: 'Write it otherwise.' });
    }
  }

  #valueOf({ variables }: VisibleScope, name: string, holder: string): unknown {
    try {
      return variables[name];
    } catch {
      const what = `captures '${name}', which has no value yet`;
      throw this.#refusal(holder, { what, remedy: `Run the flow when '${name}' has one.` });
    }
  }

  /** Who only sees what variables hold cannot tell whether two functions share one; so what would matter is refused. */
  #noteUse(name: string, use: { scope: VisibleScope; holder: string; isWrite: boolean }): void {
    const variable = `${use.scope.description} ${name}`;
    const uses = onceIn(this.#uses, variable, () => []);
    uses.push(use.isWrite);
    if (uses.length === 1 || !uses.includes(true)) return;
    const what = `shares the variable '${name}' with another function that goes with it, and one of them changes it`;
    const remedy = 'Keep what they share in one object that both capture, or hand it from one to the other.';
    throw this.#refusal(use.holder, { what, remedy });
  }

  #moduleTextOf({ scriptId, url }: WrittenFunction): ModuleText {
    // What of a module is reached may change when it comes to wait for a run, say.
    const deeds = registry.deeds.get(url) ?? [];
    const key = `${scriptId} behind ${deeds.length}`;
    return onceIn(moduleTexts, key, () => readNamesOf(this.#inspector.sourceOf(scriptId), deeds));
  }

  #refusal(holder: string, { what, remedy }: Tie): HeddleError {
    const { subject, made } = this.#options;
    const orElse =
      made === loadedByVite
        ? ''
        : ' Or move the call that makes it to the top level of a module, and pass what it captures as inputs.';
    const message =
      `${subject} was made ${made}, so it travels with what it captures, and that cannot be done: ` +
      `${holder} ${what}. ${remedy}${orElse}`;
    return new HeddleError('FUNCTION_NOT_SERIALIZABLE', message, { function: holder, what, remedy });
  }
}

const ties = {
  proxy: { what: 'is a Proxy, whose code cannot be seen', remedy: 'Use the function behind it.' },
  task: { remedy: 'Capture its function instead, or make it at the top level of a module, under no condition.' },
  native: {
    what: 'is native code, and no global or module has it under a name',
    remedy: 'Get it inside of the function that uses it.',
  },
  commonJs: {
    what: 'is code of a CommonJS module, which does not export it, so that nobody else can get at it',
    remedy:
      'Export it, or make its file an ES module (.mjs, or "type": "module" in package.json). Where Jest has made ' +
      'CommonJS of it for a test, run the flow with LocalExecutor, which refuses the same values.',
  },
  vite: {
    what: 'is in a file that Vite has rewritten, as Vitest does, so that no worker can import what is running here',
    remedy: viteRemedy,
  },
  require: {
    what: 'uses `require`, which belongs to the place where it was written',
    remedy: 'Use import() inside of it, or what it needs of the module as a variable.',
  },
  private: {
    what: 'has private members, which cannot be seen from outside',
    remedy: 'Give it ordinary ones.',
  },
  symbol: {
    what: 'has a property under a symbol that no other thread has',
    remedy: 'Name it by a text, or by Symbol.for().',
  },
  bound: {
    what: 'is a bound function that has properties of its own',
    remedy: 'Write it as an arrow function that calls the other one.',
  },
  inherited: {
    what: 'has another prototype than functions have, which does not go with it',
    remedy: 'Put what it needs of that on the function itself, or into a variable.',
  },
  prototype: { what: 'has methods that were put on its prototype', remedy: 'Write it as a class.' },
} as const satisfies Record<string, Partial<Tie>>;

/** What is not in the text of a function, though it belongs to it. */
function shapeTie(code: Code): Tie | undefined {
  if (!hasUsualPrototype(code)) return ties.inherited;
  const prototype: unknown = Object.getOwnPropertyDescriptor(code, 'prototype')?.value;
  if (typeof prototype !== 'object' || prototype === null || isClass(code)) return undefined;
  const isOrdinary = Reflect.ownKeys(prototype).every((key) => key === 'constructor');
  return isOrdinary ? undefined : ties.prototype;
}

/** How workers find a task; tasks are functions too. */
function referenceOf(code: Code): Reference | undefined {
  const { reference } = code as { readonly reference?: Reference };
  return typeof reference === 'object' && find(reference) === code ? reference : undefined;
}

/** What the top level of its own module calls it for good: the name that it was given there, or else another. */
function nameInModule(code: Code, { scopes }: FunctionFacts, text: ModuleText): string | undefined {
  const variables = scopes.find(isModuleScope)?.variables ?? {};
  const names = Object.keys(variables).filter((name) => {
    try {
      return variables[name] === code && !text.changing.has(name) && !text.unreached.has(name);
    } catch {
      return false;
    }
  });
  return names.find((name) => text.functions.has(name)) ?? names[0];
}
