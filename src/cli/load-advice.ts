// Node says what it cannot load, but not what to do. The likeliest mistakes of whoever begins are few.

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Whatever importing a file threw. */
interface LoadError {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly stack?: unknown;
  /** Where a module was looked for that is not there. */
  readonly url?: unknown;
}

const endings = ['.ts', '.js', '.mts', '.mjs', '.cts', '.cjs', '/index.ts', '/index.js'];
const noExport = /^The requested module '(.+)' does not provide an export named '(.+)'$/;

/** What to do about a file that Node cannot load; nothing where that is none of the likeliest mistakes. */
export async function loadAdvice(error: unknown, file: string): Promise<string | undefined> {
  const { code, message, stack, url } = Object(error) as LoadError;
  const command = `NODE_OPTIONS='--import tsx' npx heddle run ${file}`;
  const loader = `with a loader such as tsx: npm install tsx, and then ${command}`;
  const isJsx = code === 'ERR_UNKNOWN_FILE_EXTENSION' && /\.[jt]sx\b/.test(String(message));
  if (isJsx || /^ERR_UNSUPPORTED_(?:NODE_MODULES_TYPE_STRIPPING|TYPESCRIPT_SYNTAX)$/.test(String(code))) {
    return `Node only strips types. Run what needs more ${loader}`;
  }
  if (
    typeof url === 'string' &&
    url.startsWith('file:') &&
    /^ERR_(?:MODULE_NOT_FOUND|UNSUPPORTED_DIR_IMPORT)$/.test(String(code))
  ) {
    const missing = fileURLToPath(url);
    const found = [missing.replace(/js$/, 'ts'), ...endings.map((ending) => missing + ending)].find(isOther(missing));
    if (found === undefined) return undefined;
    return `Node wants the whole name of a file in an import: ${found}, not ${missing}. Or run it ${loader}`;
  }
  const [, from = '', name = ''] = noExport.exec(String(message)) ?? [];
  if (name !== '') return await adviceOnExport(name, { from, isTyped: /^.*\.[cm]?ts:\d+$/m.test(String(stack)) });
  return undefined;
}

function isOther(missing: string): (path: string) => boolean {
  return (path) => path !== missing && existsSync(path);
}

async function adviceOnExport(
  name: string,
  { from, isTyped }: { readonly from: string; readonly isTyped: boolean },
): Promise<string | undefined> {
  if (from === 'heddle' && name === 'default') {
    return `'heddle' has no default export. Write: import { Flow, task } from 'heddle'`;
  }
  const isOfExecutors = from === 'heddle' && name in (await import('../executors/index.ts'));
  if (isOfExecutors) return `Write: import { ${name} } from 'heddle/executors'`;
  return isTyped ? `If '${name}' is a type, write: import type { ${name} } from '${from}'` : undefined;
}
