// What goes into a bundle and what stays outside, and what is put around the modules in it, so that each is what it
// was: it says who it is before it runs, its `import.meta` is its own, and the files that it names are there.

import type { OutputFile, Plugin, PluginBuild, ResolveResult } from 'esbuild';
import { nodeCrypto } from '../../lib/lazy-node.ts';
import { onceIn } from '../../lib/once.ts';
import { existsSync, readFileSync } from 'node:fs';
import { builtinModules, SourceMap, type SourceMapPayload } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { NamesInCode } from './bundle-names.ts';
import { ownSource, packageFolderOf, readPackage, type BundleSource } from './bundle-source.ts';

/** What is a part of the bundle, and what is there without it. */
export function resolving(source: BundleSource): Plugin {
  const known = new Map<string, Promise<ResolveResult>>();
  return {
    name: 'heddle-resolving',
    setup: (build) => {
      build.onResolve({ filter: /.*/ }, async ({ path, kind, pluginData, ...from }) => {
        if (pluginData === source || kind === 'entry-point' || path.startsWith('node:')) return undefined;
        // Who can do without native code finds that it is not there.
        if (path.endsWith('.node')) return { path, external: true };
        const isWasm = path.endsWith('.wasm');
        // What a package has is a part of it, wherever that goes.
        if (path.startsWith('.') && !isWasm && source.foreignPackageOf(from.importer) !== undefined) return undefined;
        const key = JSON.stringify([from.resolveDir, kind, path]);
        const found = await onceIn(known, key, () => build.resolve(path, { ...from, kind, pluginData: source }));
        if (found.external) return found;
        if (found.errors.length > 0) {
          // What is only loaded when it is reached may not be there at all: then it is missing there, as it is here.
          if (kind === 'import-statement') return found;
          const place = path.startsWith('.') ? `./${source.placeOf(resolve(from.resolveDir, path))}` : path;
          return { path: place, external: true };
        }
        if (found.path.startsWith(ownSource)) return { path: pathToFileURL(found.path).href, external: true };
        const folder = packageFolderOf(found.path);
        if (folder !== undefined && source.isOutside(folder)) return { path, external: true };
        // Node loads these itself, from where they are in the bundle.
        if (isWasm) source.take(found.path);
        // What esbuild finds by itself, it knows more of: whether its package has ES modules.
        if (!isWasm && !source.isOfPackage(found.path)) return undefined;
        return { path: `./${source.placeOf(found.path)}`, external: true };
      });
    },
  };
}

/** On no line that begins as a comment. */
const decorator = /^(?!\s*(?:\*|\/[/*])).*(?<![\w'"`])@[\w$(]/m;

/** A loader made it something that Node can run, which can only be what `tsconfig.json` says. */
function isBeyondNode(path: string, text: string): boolean {
  return /\.[jt]sx$/.test(path) || hasDecorators(path, text);
}

function hasDecorators(path: string, text: string): boolean {
  return /\.[cm]?tsx?$/.test(path) && decorator.test(text);
}

/** The file that asks for metadata of decorators, which `esbuild` does not make, where one counts for a module. */
function metadataAsked(path: string): string | undefined {
  let folder = dirname(path);
  while (folder !== dirname(folder) && !existsSync(join(folder, 'tsconfig.json'))) folder = dirname(folder);
  const asked = join(folder, 'tsconfig.json');
  const seen = new Set<string>();
  for (let file: string | undefined = asked; file !== undefined && !seen.has(file) && existsSync(file);) {
    seen.add(file);
    const text: string = readFileSync(file, 'utf8').replaceAll(/(?<!:)\/\/.*/g, '');
    const [, says] = /"emitDecoratorMetadata"\s*:\s*(true|false)/.exec(text) ?? [];
    if (says !== undefined) return says === 'true' ? asked : undefined;
    const [, base]: readonly string[] = /"extends"\s*:\s*\[?\s*"(\.[^"]*?)(?:\.json)?"/.exec(text) ?? [];
    file = base === undefined ? undefined : resolve(dirname(file), `${base}.json`);
  }
  return undefined;
}

function withoutMetadata(tsconfig: string): string {
  const code = 'DECORATOR_METADATA';
  return (
    `${tsconfig} says "emitDecoratorMetadata", and bundles have no such metadata: what asks for "design:type" finds ` +
    `nothing on a remote worker. Say the types in the decorators, as in @Column('text'), or compile with tsc, and ` +
    `run what that has made (${code})`
  );
}

const documentation = /^\s*\/\*\*[^]*?\*\//gm;
/** What looks for files beside itself, or loads what it finds by names that it computes. */
const looksAround = anyOf([
  /\b__(?:dirname|filename)\b|\bimport\.meta\b(?!\??\.(?:env|hot|main)\b)|\brequire\.resolve\b/,
  /\b(?:require|import)\(\s*(?![\s'"`)]|\/\*)|=\s*require\s*;/,
]);
/** Packages that we look for ourselves, where they are loaded from: see `engine/loggers/named.ts`. */
const lookedFor = new Set(['debug', 'pino', 'winston']);
/** What may need more than what `esbuild` does. */
const speaksOfItself = anyOf([
  /\bimport\s*[.(]|\b__(?:dirname|filename)\b|\bcreateRequire\b|\brequire\.resolve\b|\brequire\(\s*[^\s'")]/,
  /\bmodule\.(?!exports\b)/,
]);

function anyOf(patterns: readonly RegExp[]): RegExp {
  return new RegExp(patterns.map(({ source }) => source).join('|'));
}

export function rewriting(source: BundleSource): Plugin {
  return {
    name: 'heddle-rewriting',
    setup: (build) => {
      build.onLoad({ filter: /\.[cm]?[jt]sx?$/ }, async ({ path }) => {
        const text = readFileSync(path, 'utf8');
        const folder = source.foreignPackageOf(path);
        if (folder !== undefined) {
          const name = readPackage(folder)?.name ?? '';
          const isLooking = looksAround.test(text) && looksAround.test(text.replaceAll(documentation, ''));
          if (isLooking || lookedFor.has(name)) source.takePackage(name, dirname(path));
          return undefined;
        }
        source.noteAnnotations(path, text);
        source.noteFormat(path, text);
        const enter = `__heddleEnter(${JSON.stringify(pathToFileURL(path).href)});`;
        const { code, before, map } = await new UserModule(path, source, build).rewritten(text);
        return { contents: withStatements(code, enter + before, map), loader: 'js', resolveDir: dirname(path) };
      });
    },
  };
}

interface Rewritten {
  readonly code: string;
  /** Goes before it. */
  readonly before: string;
  /** What tells where its parts were written. */
  readonly map: SourceMapPayload;
}

/** A module of the user's, to which `import.meta` and `__dirname` are still its own place. */
class UserModule {
  readonly #path: string;
  readonly #source: BundleSource;
  readonly #build: PluginBuild;

  constructor(path: string, source: BundleSource, build: PluginBuild) {
    this.#path = path;
    this.#source = source;
    this.#build = build;
  }

  async rewritten(text: string): Promise<Rewritten> {
    const path = this.#path;
    const id = nodeCrypto().hash('sha256', this.#source.placeOf(path)).slice(0, 8);
    const [meta, resolver] = [`__heddleMeta_${id}`, `__heddleResolve_${id}`] as const;
    const { code, map } = await this.#withoutTypes(text, { 'import.meta': meta, 'require.resolve': resolver });
    if (!speaksOfItself.test(text)) return { code, before: '', map };
    const { namesInCode } = await import('./bundle-names.ts');
    const names = namesInCode(code, { meta, resolver });
    const places = await this.#bring(names);
    const own = JSON.stringify([this.#source.placeOf(path), places]);
    const place = `var __dirname=${meta}.dirname,__filename=${meta}.filename;`;
    const isCommonJs = names.isCommonJs && !/\.m[jt]s$/.test(path) && !code.includes(meta);
    const requirer = `__heddleRequire_${id}`;
    const made = `const ${requirer}=__heddleRequire(${meta}.filename),${resolver}=${requirer}.resolve;`;
    const facts = names.asksModule ? `Object.assign(module,__heddleFacts(${meta},${requirer}));` : '';
    const locals = isCommonJs ? `${place}${made}${facts}` : '';
    return {
      code: this.#withImportsApart(code, { names: { ...names, isCommonJs }, meta, requirer, map }),
      before: `const ${meta}=__heddlePlace(${own});${locals}`,
      map,
    };
  }

  /**
   * Its own text as JavaScript, with variables for some of what is its own: a parser knows where these are code. Of
   * what Node runs as it is, `tsconfig.json` says nothing.
   */
  async #withoutTypes(
    text: string,
    define: Readonly<Record<string, string>>,
  ): Promise<{ readonly code: string; readonly map: SourceMapPayload }> {
    const path = this.#path;
    const { build } = await import('esbuild');
    const source = this.#source;
    const asking = hasDecorators(path, text) ? metadataAsked(path) : undefined;
    if (asking !== undefined) source.warnings.add(withoutMetadata(source.placeOf(asking)));
    const compilerOptions = { verbatimModuleSyntax: source.keepsImports };
    const { outputFiles } = await build({
      entryPoints: [path],
      outfile: `${path}.js`,
      write: false,
      platform: 'node',
      target: 'node24',
      sourcemap: 'external',
      logLevel: 'silent',
      define,
      ...(!isBeyondNode(path, text) && { tsconfigRaw: { compilerOptions } }),
    });
    const [map, code] = outputFiles.toSorted((a, b) => (a.path > b.path ? -1 : 1)) as [OutputFile, OutputFile];
    return { code: code.text, map: JSON.parse(map.text) as SourceMapPayload };
  }

  /** Gives where in the bundle those are that it asks `import.meta.resolve()` for. */
  async #bring(names: NamesInCode): Promise<Readonly<Record<string, string>>> {
    const places: Record<string, string> = {};
    for (const file of names.files) this.#bringFile(resolve(dirname(this.#path), file));
    for (const name of names.required) await this.#bringNamed(name, 'require-call');
    for (const name of names.resolved) {
      const found = await this.#bringNamed(name, 'import-statement');
      if (found !== undefined) places[name] = this.#source.placeOf(found);
    }
    for (const { file, of } of names.packageFiles) {
      const found = await this.#locate(of, 'import-statement');
      if (found === undefined) continue;
      places[of] = this.#source.placeOf(found);
      this.#source.take(join(dirname(found), file));
    }
    return places;
  }

  /** Brings what Node is to find under a name, and gives its path here. */
  async #bringNamed(name: string, kind: ImportKind): Promise<string | undefined> {
    if (isOfNode(name)) return undefined;
    const found = await this.#locate(name, kind);
    if (found === undefined) return undefined;
    if (name.startsWith('.')) this.#bringFile(found);
    else this.#source.takePackage(packageOf(name), dirname(this.#path));
    return found;
  }

  #bringFile(path: string): void {
    if (isCode(path) && existsSync(path)) this.#source.modules.add(path);
    else this.#source.take(path);
  }

  async #locate(name: string, kind: ImportKind): Promise<string | undefined> {
    const from = { resolveDir: dirname(this.#path), kind, pluginData: this.#source };
    const { path, external, errors } = await this.#build.resolve(name, from);
    return errors.length === 0 && !external ? path : undefined;
  }

  /** What is imported by a call begins to run in the middle of who calls, and must not be taken for that. */
  #withImportsApart(
    code: string,
    { names, meta, requirer, map }: { names: NamesInCode; meta: string; requirer: string; map: SourceMapPayload },
  ): string {
    const places = new SourceMap(map);
    const edits = names.imports.flatMap(({ start, end, name, requirer: by, isBrought }): Edit[] => {
      if (name === undefined) {
        const isWaiting = /\bawait\b/.test(code.slice(start, end));
        return [
          { start, end: start, text: `__heddleApart(${isWaiting ? 'async' : ''}()=>` },
          { start: end, end, text: ')' },
        ];
      }
      const resolver = names.isCommonJs ? 'require.resolve' : 'import.meta.resolve';
      const computedAt = () => this.#computedAt(code.slice(0, start), { places, resolver });
      const at = isBrought === true ? '' : `,${JSON.stringify(computedAt())}`;
      if (by !== undefined) {
        const called = code.slice(by.start, by.end);
        const own = names.isCommonJs && called === 'require' ? requirer : called;
        return [
          { start, end: name.start, text: `__heddleRequireFrom(${own},${meta},` },
          { start: name.end, end, text: `${at})` },
        ];
      }
      this.#source.importsByName = true;
      const [before, after] = [code.slice(start, name.start), code.slice(name.end, end)];
      const load = `(__heddleName)=>__heddleLazy(__heddleName)??${before}__heddleName${after}`;
      return [
        { start, end: name.start, text: `__heddleApart(${load},__heddleFrom(` },
        { start: name.end, end, text: `,${meta})${at})` },
      ];
    });
    return edited(code, edits);
  }

  /** Where a name is computed, of which is told: behind this much of the code. */
  #computedAt(before: string, { places, resolver }: { places: SourceMap; resolver: string }): string {
    const lines = before.split('\n');
    const { originalLine, originalColumn } = places.findEntry(lines.length - 1, lines.at(-1)!.length) as OriginalPlace;
    const at = `${this.#source.placeOf(this.#path)}:${originalLine + 1}:${originalColumn + 1}`;
    this.#source.warnings.add(computedName(at, resolver));
    return at;
  }
}

function computedName(at: string, resolver: string): string {
  return (
    `${at} imports a module by a name that is computed. Only such modules are sent with the code of the task as some ` +
    `module names, as in ${resolver}("./the-module") (NOT_IN_BUNDLE)`
  );
}

/** What is to stand in the place of some of a text. */
interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

function edited(code: string, edits: readonly Edit[]): string {
  const ordered = edits.toSorted((a, b) => b.start - a.start || b.end - a.end);
  return ordered.reduce((changed, { start, end, text }) => changed.slice(0, start) + text + changed.slice(end), code);
}

type ImportKind = 'require-call' | 'import-statement';

interface OriginalPlace {
  readonly originalLine: number;
  readonly originalColumn: number;
}

function isOfNode(name: string): boolean {
  return name.startsWith('node:') || builtinModules.includes(name);
}

/** The package that an import names. */
export function packageOf(name: string): string {
  return name.split('/', name.startsWith('@') ? 2 : 1).join('/');
}

function isCode(path: string): boolean {
  return /\.[cm]?[jt]sx?$/.test(path);
}

/** On a line of their own, behind `#!`, which only counts at the very beginning. */
function withStatements(code: string, statements: string, map: SourceMapPayload): string {
  const [first = ''] = /^#![^\n]*\n/.exec(code) ?? [];
  const at = first === '' ? 0 : map.mappings.indexOf(';') + 1;
  const moved = { ...map, mappings: `${map.mappings.slice(0, at)};${map.mappings.slice(at)}` };
  const base64 = Buffer.from(JSON.stringify(moved)).toString('base64');
  const text = `${first}${statements}\n${code.slice(first.length)}`;
  return `${text}\n//# sourceMappingURL=data:application/json;base64,${base64}`;
}
