// What a module names that esbuild does not see: files, modules that are found when the code runs, and imports by a
// name that is computed. Code is told from data by its syntax tree; nothing is run.

import type { AnyNode, Program } from 'acorn';
import { readModule } from '../syntax/function-text.ts';
import { isFunction, namesDeclaredIn, nodesIn, textIn } from '../syntax/scope.ts';

/** A call of `import()` or `require()`, and what stands in its brackets. */
export interface ImportCall {
  readonly start: number;
  readonly end: number;
  /** Where the name is, unless it is written there, or begins with a folder that is. */
  readonly name?: { readonly start: number; readonly end: number };
  /** What is called, in place of `import`; only where the name is computed, since else `esbuild` sees to it. */
  readonly requirer?: { readonly start: number; readonly end: number };
  /** Whether that is `import.meta.resolve('a')` or the like, so that what it names comes along. */
  readonly isBrought?: boolean;
}

export interface NamesInCode {
  /** As they are called from the module's own folder. */
  readonly files: ReadonlySet<string>;
  /** For `require()` as Node has it: made by `createRequire`, or asked to `resolve`. */
  readonly required: ReadonlySet<string>;
  /** For `import.meta.resolve()`. */
  readonly resolved: ReadonlySet<string>;
  /** Files of packages, from where `import.meta.resolve()` finds these. */
  readonly packageFiles: readonly { readonly file: string; readonly of: string }[];
  /** In order. */
  readonly imports: readonly ImportCall[];
  /** Whether it is a module as `require()` loads it. */
  readonly isCommonJs: boolean;
  /** Whether it asks for what such a one calls `module`. */
  readonly asksModule: boolean;
}

/** Variables that stand for what is a module's own. */
interface OwnNames {
  /** For `import.meta`. */
  readonly meta: string;
  /** For `require.resolve` of a CommonJS module. */
  readonly resolver: string;
}

/** Nothing is named in what cannot be read. */
export function namesInCode(code: string, own: OwnNames): NamesInCode {
  let program: Program;
  try {
    program = readModule(code);
  } catch {
    program = readModule('');
  }
  return new Reading(program, own).names();
}

class Reading {
  readonly #program: Program;
  readonly #nodes: readonly AnyNode[];
  readonly #own: OwnNames;
  /** Variables that hold what `createRequire()` made. */
  readonly #requirers: ReadonlySet<string>;
  readonly #isCommonJs: boolean;
  /** Whether `require` is what CommonJS calls so. */
  readonly #hasRequire: boolean;
  /** Calls that were taken as a part of what is around them. */
  readonly #taken = new Set<AnyNode>();
  readonly #files = new Set<string>();
  readonly #required = new Set<string>();
  readonly #resolved = new Set<string>();
  readonly #packageFiles: { readonly file: string; readonly of: string }[] = [];
  readonly #imports: ImportCall[] = [];

  constructor(program: Program, own: OwnNames) {
    this.#program = program;
    this.#own = own;
    this.#nodes = Array.from(nodesIn(program), ([node]) => node);
    this.#requirers = new Set(this.#nodes.flatMap(requirerBy));
    this.#isCommonJs = !program.body.some(({ type }) => /^(?:Im|Ex)port/.test(type));
    const isShadowing = (node: AnyNode) => isFunction(node) && node.params.some((each) => isNamed(each, 'require'));
    this.#hasRequire = this.#isCommonJs && !this.#nodes.some(isShadowing);
  }

  names(): NamesInCode {
    for (const node of this.#nodes) this.#note(node);
    const isOther = this.#program.body.some((statement) => namesDeclaredIn(statement).includes('module'));
    const isModule = (node: AnyNode) => node.type === 'MemberExpression' && isNamed(node.object, 'module');
    return {
      files: this.#files,
      required: this.#required,
      resolved: this.#resolved,
      packageFiles: this.#packageFiles,
      imports: this.#imports.toSorted((a, b) => a.start - b.start),
      isCommonJs: this.#isCommonJs,
      asksModule: !isOther && this.#nodes.some(isModule),
    };
  }

  #note(node: AnyNode): void {
    const path = this.#pathFrom(node);
    if (path !== undefined) this.#files.add(path);
    if (node.type === 'ImportExpression') this.#imports.push(this.#importCall(node));
    if (node.type === 'NewExpression' && isNamed(node.callee, 'URL')) this.#noteUrl(node.arguments);
    if (node.type === 'CallExpression' && !this.#taken.has(node)) this.#noteCall(node);
  }

  #noteUrl([name, base]: readonly AnyNode[]): void {
    const file = textIn(name);
    if (file === undefined) return;
    if (file.startsWith('.') && this.#isMeta(base, 'url')) this.#files.add(pathIn(file));
    if (base?.type !== 'CallExpression' || !this.#isMeta(base.callee, 'resolve')) return;
    const [of] = textsOf(base.arguments);
    if (of === undefined) return;
    this.#packageFiles.push({ file, of });
    this.#taken.add(base);
  }

  #noteCall(call: Extract<AnyNode, { type: 'CallExpression' }>): void {
    const { callee, arguments: given } = call;
    const isMade = (node: AnyNode) => node.type === 'Identifier' && this.#requirers.has(node.name);
    const [name] = textsOf(given);
    if (name === undefined) {
      const [source] = given;
      const isPlain = this.#hasRequire && isNamed(callee, 'require');
      const isKnown = isPlain && source !== undefined && isBelowFolder(source);
      if (source === undefined || isKnown || !(isPlain || isMade(callee) || isCreateRequire(callee))) return;
      this.#imports.push({ ...this.#computed(call, source), requirer: { start: callee.start, end: callee.end } });
      return;
    }
    if (this.#isMeta(callee, 'resolve')) this.#resolved.add(name);
    const isResolve = callee.type === 'MemberExpression' && isNamed(callee.property, 'resolve');
    const isAsked = isNamed(callee, this.#own.resolver) || (isResolve && isMade(callee.object));
    if (isAsked || isMade(callee) || isCreateRequire(callee)) this.#required.add(name);
  }

  #importCall(call: Extract<AnyNode, { type: 'ImportExpression' }>): ImportCall {
    const { start, end, source } = call;
    return textIn(source) !== undefined || isBelowFolder(source) ? { start, end } : this.#computed(call, source);
  }

  #computed({ start, end }: AnyNode, name: AnyNode): ImportCall {
    return { start, end, name: { start: name.start, end: name.end }, isBrought: this.#isBrought(name) };
  }

  /** `new URL('./a.js', import.meta.url)`, `import.meta.resolve('a')` and the like, which lead to what comes along. */
  #isBrought(node: AnyNode): boolean {
    if (node.type === 'NewExpression') return isNamed(node.callee, 'URL') && textIn(node.arguments[0]) !== undefined;
    if (this.#pathFrom(node) !== undefined) return true;
    if (node.type !== 'CallExpression' || textsOf(node.arguments).length === 0) return false;
    return this.#isMeta(node.callee, 'resolve') || isNamed(node.callee, this.#own.resolver);
  }

  #pathFrom(node: AnyNode): string | undefined {
    return pathFrom(node, (each) => this.#isMeta(each, 'dirname') || isNamed(each, '__dirname'));
  }

  #isMeta(node: AnyNode | undefined, key: string): boolean {
    return node?.type === 'MemberExpression' && isNamed(node.object, this.#own.meta) && isNamed(node.property, key);
  }
}

/** esbuild brings all files along that a name may lead to which begins with a folder. */
function isBelowFolder(node: AnyNode): boolean {
  return /^\.{1,2}\//.test(beginningOf(node));
}

function beginningOf(node: AnyNode): string {
  if (node.type === 'TemplateLiteral') return node.quasis[0]?.value.cooked ?? '';
  if (node.type === 'BinaryExpression') return beginningOf(node.left);
  return textIn(node) ?? '';
}

function requirerBy(node: AnyNode): string[] {
  const isOne = node.type === 'VariableDeclarator' && node.id.type === 'Identifier' && isCreateRequire(node.init);
  return isOne ? [(node.id as { readonly name: string }).name] : [];
}

function isCreateRequire(node: AnyNode | null | undefined): boolean {
  if (node?.type !== 'CallExpression') return false;
  const { callee } = node;
  return (
    isNamed(callee, 'createRequire') ||
    (callee.type === 'MemberExpression' && isNamed(callee.property, 'createRequire'))
  );
}

/** `join(folder, 'a', 'b')`, `folder + '/a'`, `${folder}/a`: what is named from the module's folder on. */
function pathFrom(node: AnyNode, isFolder: (node: AnyNode | undefined) => boolean): string | undefined {
  if (node.type === 'CallExpression' && isFolder(node.arguments[0])) {
    const rest = textsOf(node.arguments.slice(1));
    return rest.length > 0 && rest.length === node.arguments.length - 1 ? rest.join('/') : undefined;
  }
  if (node.type === 'BinaryExpression' && isFolder(node.left)) return textIn(node.right)?.replace(/^\//, '');
  if (node.type !== 'TemplateLiteral' || node.expressions.length !== 1 || !isFolder(node.expressions[0]))
    return undefined;
  return node.quasis[0]?.value.raw === '' ? node.quasis[1]?.value.cooked?.replace(/^\//, '') : undefined;
}

/** The path that a relative URL names: without its query, and with what it escapes. */
function pathIn(url: string): string {
  const path = url.replace(/[?#].*$/, '');
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** All of them, when all are known. */
function textsOf(nodes: readonly AnyNode[]): string[] {
  const texts = nodes.map(textIn);
  return texts.every((text) => text !== undefined) ? texts : [];
}

function isNamed(node: AnyNode | null | undefined, name: string): boolean {
  return node?.type === 'Identifier' && node.name === name;
}
