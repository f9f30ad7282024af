// The project's own files, as text to check rules on: which there are, their code without comments and texts, and what
// they import. It understands as much of the language as this project writes, and its formatter leaves, no more.

import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';

const root = join(import.meta.dirname, '..');
const notOurs = new Set(['node_modules', '.git', 'dist', 'coverage']);

export interface Import {
  /** What it is called at its origin; `*` for all of it. */
  readonly names: readonly string[];
  readonly from: string;
  /** The file's path, when it is one of ours. */
  readonly file: string | undefined;
  /** Whether the names are only handed on, as `export … from` does. */
  readonly isExport: boolean;
}

export interface Source {
  /** From the project's folder, with `/` between. */
  readonly path: string;
  readonly text: string;
  readonly lines: readonly string[];
  /** The text with blanks for comments and for what is written in texts; lines stay where they are. */
  readonly code: string;
  readonly imports: readonly Import[];
}

/** All files in these folders, or the whole project, with one of these endings; dependencies and builds left out. */
export function filesOf(folders: readonly string[], endings: readonly string[]): string[] {
  const isWanted = (path: string) => endings.some((ending) => path.endsWith(ending));
  const open = [...folders];
  const files: string[] = [];
  for (const folder of open) {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = posix.join(folder, entry.name);
      if (entry.isDirectory() && !notOurs.has(entry.name) && !entry.name.startsWith('.')) open.push(path);
      else if (entry.isFile() && isWanted(path)) files.push(path);
    }
  }
  return files.sort();
}

export function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

export function sourceOf(path: string): Source {
  const text = read(path);
  return { path, text, lines: text.split('\n'), code: blank(text, true), imports: importsOf(path, blank(text, false)) };
}

/** Puts blanks for comments, and for texts too if asked. What stands in the braces of a template is code. */
export function blank(text: string, areTextsBlank: boolean): string {
  let result = '';
  let at = 0;
  /** For each template that is open, how many braces are open inside of it. */
  const templates: number[] = [];
  const take = (pattern: RegExp, isBlank: boolean) => {
    pattern.lastIndex = at;
    const part = pattern.exec(text)?.[0] ?? text[at]!;
    result += isBlank ? part.replaceAll(/[^\n]/g, ' ') : part;
    at += part.length;
    return part;
  };
  const takeTemplate = () => {
    const part = take(/[`}](?:[^`\\$]|\\[^]|\$(?!\{))*(?:`|\$\{)/y, areTextsBlank);
    if (part.endsWith('${')) templates.push(0);
  };
  while (at < text.length) {
    const next = text[at]!;
    if (text.startsWith('//', at)) take(/[^\n]*/y, true);
    else if (text.startsWith('/*', at)) take(/\/\*[^]*?\*\//y, true);
    else if (next === '/' && isValueAwaited(result))
      take(/\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/\w*/y, areTextsBlank);
    else if (next === "'") take(/'(?:[^'\\\n]|\\.)*'/y, areTextsBlank);
    else if (next === '"') take(/"(?:[^"\\\n]|\\.)*"/y, areTextsBlank);
    else if (next === '`') takeTemplate();
    else if (next === '}' && templates.at(-1) === 0) {
      templates.pop();
      takeTemplate();
    } else {
      if (next === '{' && templates.length > 0) templates.push(templates.pop()! + 1);
      if (next === '}' && templates.length > 0) templates.push(templates.pop()! - 1);
      take(/[^]/y, false);
    }
  }
  return result;
}

/** Whether a slash at this place begins a regular expression, and does not divide. */
function isValueAwaited(before: string): boolean {
  return /(?:^|[([{,;:=!&|?+\-*%<>~^}]|\b(?:return|typeof|case|of|in))$/.test(before.trimEnd());
}

const clause = /^(import|export)\s+(?:type\s+)?([\w$*{},\s]+?)\s+from\s+'([^']+)'/gm;
const whole = /^import\s+'([^']+)'|\bimport\(\s*'([^']+)'|\bimport\.meta\.resolve\(\s*'([^']+)'/gm;

function importsOf(path: string, text: string): Import[] {
  const named = [...text.matchAll(clause)].map(([, keyword, names, from]): Import => {
    return { names: namesIn(names!), from: from!, file: fileOf(path, from!), isExport: keyword === 'export' };
  });
  const entire = [...text.matchAll(whole)].map(([, bare, dynamic, resolved]): Import => {
    const from = bare ?? dynamic ?? resolved!;
    return { names: ['*'], from, file: fileOf(path, from), isExport: false };
  });
  return [...named, ...entire];
}

function namesIn(text: string): string[] {
  if (text.includes('*')) return ['*'];
  const [, list = ''] = /\{([^}]*)\}/.exec(text) ?? [];
  const names = list.split(',').map(
    (part) =>
      part
        .trim()
        .replace(/^type /, '')
        .split(' as ')[0]!,
  );
  const isDefaultToo = /^\w/.test(text);
  return [...names.filter((name) => name !== ''), ...(isDefaultToo ? ['default'] : [])];
}

/** Our own package may be called by its name. */
const doors: Readonly<Record<string, string>> = {
  heddle: 'src/index.ts',
  'heddle/executors': 'src/executors/index.ts',
};

function fileOf(path: string, from: string): string | undefined {
  return from.startsWith('.') ? posix.join(posix.dirname(path), from) : doors[from];
}
