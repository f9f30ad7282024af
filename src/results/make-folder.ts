import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

interface FolderOptions {
  /** Who may use it: all, as far as the process lets them, by default. */
  readonly mode?: number;
}

/**
 * Makes a folder, and those above it, unless something is there already. Node's own `recursive` never comes to an end
 * below a folder that exists and takes none, such as `/proc`, or one whose folders are mounted when they are asked for.
 */
export function makeFolder(path: string, options: FolderOptions = {}): void {
  const code = failureOf(() => mkdirSync(path, options), ['EEXIST', 'ENOENT']);
  if (code !== 'ENOENT') return;
  if (dirname(path) !== path) makeFolder(dirname(path), options);
  failureOf(() => mkdirSync(path, options), ['EEXIST']);
}

/** The code of its error, if it is one of these; others are thrown. */
function failureOf(deed: () => void, codes: readonly string[]): string | undefined {
  try {
    deed();
    return undefined;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (codes.includes(code)) return code;
    throw error;
  }
}
