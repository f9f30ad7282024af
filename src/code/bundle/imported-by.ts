import type { Metafile } from 'esbuild';
import { relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageOf } from './bundle-modules.ts';

/** What a module of a bundle imports, and what that imports: by what esbuild says of it. */
export class ImportedBy {
  readonly #inputs: Metafile['inputs'];
  readonly #root: string;

  constructor({ inputs }: Metafile, root: string) {
    this.#inputs = inputs;
    this.#root = root;
  }

  /** The paths of files, its own included, at any time. */
  filesOf(module: string): readonly string[] {
    return [...this.#inputsOf(module, () => true)].map((path) => resolve(this.#root, path));
  }

  /** The names of packages that are not in the bundle, and have to be there before it runs. */
  packagesOf(module: string): ReadonlySet<string> {
    const inputs = [...this.#inputsOf(module, isBefore)].flatMap((path) => this.#inputs[path]?.imports ?? []);
    const outer = inputs.filter((each) => each.external === true && isBefore(each) && !each.path.startsWith('.'));
    return new Set(outer.map(({ path }) => packageOf(path)));
  }

  #inputsOf(module: string, isFollowed: (each: Import) => boolean): ReadonlySet<string> {
    const inputs = new Set([relative(this.#root, fileURLToPath(module)).split(sep).join('/')]);
    for (const path of inputs) {
      for (const each of this.#inputs[path]?.imports ?? []) {
        if (each.external !== true && isFollowed(each)) inputs.add(each.path);
      }
    }
    return inputs;
  }
}

type Import = Metafile['inputs'][string]['imports'][number];

function isBefore({ kind }: Import): boolean {
  return kind === 'import-statement';
}
