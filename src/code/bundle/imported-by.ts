import type { Metafile } from 'esbuild';
import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withSlashes } from '../file-path.ts';
import { packageOf } from './bundle-modules.ts';

/** What a module of a bundle imports, and what that imports: by what esbuild says of it. */
export class ImportedBy {
  readonly #inputs: Metafile['inputs'];
  readonly #root: string;

  constructor({ inputs }: Metafile, root: string) {
    this.#inputs = inputs;
    this.#root = root;
  }

  /** The paths of files, its own included. */
  filesOf(module: string): readonly string[] {
    return [...this.#inputsOf(module)].map((path) => resolve(this.#root, path));
  }

  /**
   * The names of packages that are not sent, and without which nothing of its bundle runs: esbuild moves each `import`
   * of one to the top of the file, also out of modules that are only loaded when they are reached. `require()` and
   * `import()` of one fail where they stand.
   */
  packagesOf(module: string): ReadonlySet<string> {
    const imports = [...this.#inputsOf(module)].flatMap((path) => this.#inputs[path]?.imports ?? []);
    const hoisted = imports.filter(({ kind, external, path }) => {
      return external === true && kind === 'import-statement' && !path.startsWith('.');
    });
    return new Set(hoisted.map(({ path }) => packageOf(path)));
  }

  #inputsOf(module: string): ReadonlySet<string> {
    const inputs = new Set([withSlashes(relative(this.#root, fileURLToPath(module)))]);
    for (const path of inputs) {
      for (const { external, path: next } of this.#inputs[path]?.imports ?? []) if (external !== true) inputs.add(next);
    }
    return inputs;
  }
}
