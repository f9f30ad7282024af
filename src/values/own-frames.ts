// Whoever reads the stack of an error that a task threw looks for lines of his own. Below them there are only ours,
// which call every task, and those of Node.

const ownSources = ['../', '../../workers/'].map((place) => new URL(place, import.meta.url).href);
const frame = /^\s+at /;

/** The stack without what stands below the author's last line. One without any line of his stays as it is. */
export function withoutOwnFrames(stack: string): string {
  const lines = stack.split('\n');
  let start = lines.findLastIndex(isOwn);
  while (start > 0 && isNoAuthors(lines[start - 1]!)) start -= 1;
  const authors = lines.slice(0, Math.max(0, start));
  return authors.some(isAuthors) ? authors.join('\n') : stack;
}

/** Whether a line of the stack is neither ours nor Node's. */
export function hasLineOfAuthor(stack: string): boolean {
  return stack.split('\n').some(isAuthors);
}

function isAuthors(line: string): boolean {
  return frame.test(line) && !isNoAuthors(line);
}

function isNoAuthors(line: string): boolean {
  return isOwn(line) || /^\s+at (?:.*\bnode:|async Promise\.all )/.test(line);
}

function isOwn(line: string): boolean {
  return frame.test(line) && ownSources.some((place) => line.includes(place));
}
