// Paths of files that are named by URLs, which may be those of a machine of another kind: what has a drive or a server
// is a path on Windows alone, and what has none is a path everywhere else.

import { isAbsolute, posix, sep } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Of a file, by its URL or path; as it is, however its characters are escaped there, with `/` between its parts. */
export function pathOf(file: string): string {
  const path = file
    .replace(/[?#].*$/, '')
    .replace(/^file:(?:\/\/(?=\/))?/, '')
    .replace(/^\/(?=[a-z]:)/i, '');
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** The path of a file from a folder on, both by their URLs. */
export function pathFrom(folder: string, file: string): string {
  return posix.relative(pathOf(folder), pathOf(file));
}

/** A path of this machine with `/` between its parts, as in a URL. */
export function withSlashes(path: string): string {
  return path.split(sep).join('/');
}

/** What Node calls by a path, such as a module of CommonJS, as a URL. */
export function toUrl(script: string): string {
  return isAbsolute(script) ? pathToFileURL(script).href : script;
}
