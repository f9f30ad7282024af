// What the engine knows of a function and tells to debuggers only: where it stands, and which variables it can see. So
// for a moment there is one, of this very thread. It is loaded when somebody asks, which takes tens of milliseconds.

import util from 'node:util';
import type * as NodeInspector from 'node:inspector';
import type { Debugger, Runtime, Session } from 'node:inspector';
import { onceIn } from './once.ts';

// oxlint-disable-next-line typescript/no-unsafe-function-type -- functions and classes alike, whatever they take
export type Code = Function;

/** Where a function stands in its script; of its parameters, as it happens. Both count from 0. */
export interface Location {
  readonly scriptId: string;
  readonly line: number;
  readonly column: number;
}

/** Variables that a function sees, as they are now; to read one that has no value yet throws. */
export interface VisibleScope {
  /** As debuggers name it: `Closure (makeLoader)`, `Block`, `Module`, `Script`, `Global`. */
  readonly description: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

export interface FunctionFacts {
  /** Absent for what the engine has written itself. */
  readonly location: Location | undefined;
  /** From the inside out. */
  readonly scopes: readonly VisibleScope[];
  /** What a bound function calls, and with what. */
  readonly bound: { readonly target: Code; readonly self: unknown; readonly args: readonly unknown[] } | undefined;
}

export type Script = Pick<Debugger.ScriptParsedEventDataType, 'scriptId' | 'url' | 'endLine' | 'isModule'>;

/**
 * Where a thing lies while the inspector is told of it, or hands one out. A module of Node's is the same in every
 * context of this thread; `process` is not, where a test runner (Jest) gives each file of tests its own.
 */
const handover = Symbol.for('heddle.handover');
const hands = util as unknown as { [handover]?: unknown };
const place = `process.getBuiltinModule('node:util')[Symbol.for('${handover.description}')]`;
const taking = `function () { ${place} = this; }`;
const group = 'heddle';

/**
 * What was asked of scripts before, by id, which no two scripts of a thread share. To be told of scripts, the debugger
 * is enabled, which takes some tens of milliseconds, and many functions stand in the same few scripts.
 */
const known = {
  scripts: new Map<string, Script>(),
  sources: new Map<string, string>(),
  /** Where a function stands never changes, and to be told of one takes 10 ms where its module has 20,000 names. */
  locations: new WeakMap<Code, Location | undefined>(),
};

/** Answers questions on the functions of this thread, until it is disposed of. */
export class Inspector implements Disposable {
  readonly #session: Session;
  #scripts: ReadonlyMap<string, Script> | undefined;

  /** Throws where there is none: some builds of Node have no inspector, and permissions may forbid it. */
  constructor() {
    const node = process.getBuiltinModule('node:inspector') as typeof NodeInspector | undefined;
    if (node === undefined) throw new Error('this build of Node has no inspector');
    this.#session = new node.Session();
    this.#session.connect();
  }

  [Symbol.dispose](): void {
    this.#session.disconnect();
  }

  /** All scripts that this thread has loaded, by id. */
  get scripts(): ReadonlyMap<string, Script> {
    return (this.#scripts ??= this.#findScripts());
  }

  /** Whether the script that this is in was told of before. */
  isKnown({ scriptId }: Location): boolean {
    return known.scripts.has(scriptId);
  }

  /** Nothing for a script that is not there any more. */
  scriptAt({ scriptId }: Location): Script | undefined {
    return known.scripts.get(scriptId) ?? this.scripts.get(scriptId);
  }

  locationOf(code: Code): Location | undefined {
    if (!known.locations.has(code)) {
      known.locations.set(
        code,
        this.#held(code, (objectId) => location(this.#internalsOf(objectId))),
      );
    }
    return known.locations.get(code);
  }

  factsOf(code: Code): FunctionFacts {
    return this.#held(code, (objectId) => {
      const internals = this.#internalsOf(objectId);
      const scopes = internals.get('[[Scopes]]')?.objectId;
      const place = location(internals);
      known.locations.set(code, place);
      return {
        location: place,
        scopes: scopes === undefined ? [] : this.#scopesIn(scopes),
        bound: this.#boundOf(internals),
      };
    });
  }

  /** Every function and class of this thread that is in use. It takes as long as collecting its garbage does. */
  allFunctions(): readonly Code[] {
    const { result } = this.#ask<Runtime.EvaluateReturnType>((answered) => {
      this.#session.post('Runtime.evaluate', { expression: 'Function.prototype', objectGroup: group }, answered);
    });
    const { objects } = this.#ask<Runtime.QueryObjectsReturnType>((answered) => {
      const request = { prototypeObjectId: result.objectId!, objectGroup: group };
      this.#session.post('Runtime.queryObjects', request, answered);
    });
    const found = this.#take(objects.objectId!) as unknown[];
    this.#release();
    return found.filter((each) => typeof each === 'function');
  }

  /** The text that the engine was given: for TypeScript, with blanks for the types, so that places stay as they are. */
  sourceOf(scriptId: string): string {
    return onceIn(known.sources, scriptId, () => {
      // It is asked only when it is enabled.
      this.#scripts ??= this.#findScripts();
      const { scriptSource } = this.#ask<Debugger.GetScriptSourceReturnType>((answered) => {
        this.#session.post('Debugger.getScriptSource', { scriptId }, answered);
      });
      return scriptSource;
    });
  }

  #findScripts(): Map<string, Script> {
    const scripts = new Map<string, Script>();
    this.#session.on('Debugger.scriptParsed', ({ params: { scriptId, url, endLine, isModule } }) => {
      const script = { scriptId, url, endLine, ...(isModule !== undefined && { isModule }) };
      scripts.set(scriptId, script);
      known.scripts.set(scriptId, script);
    });
    // It tells of all scripts that there are before this returns.
    this.#session.post('Debugger.enable');
    return scripts;
  }

  #held<Answer>(code: Code, question: (objectId: string) => Answer): Answer {
    hands[handover] = code;
    try {
      const { result } = this.#ask<Runtime.EvaluateReturnType>((answered) => {
        this.#session.post('Runtime.evaluate', { expression: place, objectGroup: group }, answered);
      });
      return question(result.objectId!);
    } finally {
      this.#release();
    }
  }

  #release(): void {
    delete hands[handover];
    this.#session.post('Runtime.releaseObjectGroup', { objectGroup: group });
  }

  #internalsOf(objectId: string): Map<string, Runtime.RemoteObject> {
    const { internalProperties = [] } = this.#ask<Runtime.GetPropertiesReturnType>((answered) => {
      this.#session.post('Runtime.getProperties', { objectId, ownProperties: true }, answered);
    });
    return new Map(internalProperties.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])));
  }

  #scopesIn(objectId: string): VisibleScope[] {
    const listed = this.#take(objectId) as ArrayLike<{ description: string; object: VisibleScope['variables'] }>;
    return Array.from(listed, ({ description, object }) => ({ description, variables: object }));
  }

  #boundOf(internals: ReadonlyMap<string, Runtime.RemoteObject>): FunctionFacts['bound'] {
    const target = internals.get('[[TargetFunction]]')?.objectId;
    if (target === undefined) return undefined;
    const self = internals.get('[[BoundThis]]');
    const args = internals.get('[[BoundArgs]]')?.objectId;
    return {
      target: this.#take(target) as Code,
      self: self?.objectId === undefined ? primitiveIn(self) : this.#take(self.objectId),
      args: args === undefined ? [] : [...(this.#take(args) as unknown[])],
    };
  }

  /** The very object that the inspector speaks of. */
  #take(objectId: string): unknown {
    this.#ask((answered) => {
      this.#session.post('Runtime.callFunctionOn', { objectId, functionDeclaration: taking }, answered);
    });
    return hands[handover];
  }

  /** Of its own thread, it answers before `post` returns. What is thrown in there would end the process. */
  #ask<Answer>(post: (answered: (error: Error | null, answer: Answer) => void) => void): Answer {
    let outcome: { readonly error: Error | null; readonly answer: Answer } | undefined;
    post((error, answer) => {
      outcome = { error, answer };
    });
    if (outcome === undefined || outcome.error !== null) throw outcome?.error ?? new Error('the inspector is silent');
    return outcome.answer;
  }
}

function location(internals: ReadonlyMap<string, Runtime.RemoteObject>): Location | undefined {
  const found = internals.get('[[FunctionLocation]]')?.value as Debugger.Location | undefined;
  return found && { scriptId: found.scriptId, line: found.lineNumber, column: found.columnNumber! };
}

function primitiveIn(object: Runtime.RemoteObject | undefined): unknown {
  const text = object?.unserializableValue;
  if (text === undefined) return object?.value;
  return text.endsWith('n') ? BigInt(text.slice(0, -1)) : Number(text);
}
