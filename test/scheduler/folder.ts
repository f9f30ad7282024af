import { mkdtempSync, readdirSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder of its own, until it is disposed of. */
export function newFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'heddle-spill-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** The number of the open file of this process that was made in the folder, and has no name any more. */
export function namelessIn(folder: string): string {
  const isThere = (number: string) => {
    try {
      const target = readlinkSync(join('/proc/self/fd', number));
      return target.startsWith(folder) && target.endsWith('(deleted)');
    } catch {
      return false;
    }
  };
  const number = readdirSync('/proc/self/fd').find(isThere);
  if (number === undefined) throw new Error(`no file without a name is open in ${folder}`);
  return number;
}

export function sizeOfNameless(folder: string): number {
  return statSync(join('/proc/self/fd', namelessIn(folder))).size;
}
