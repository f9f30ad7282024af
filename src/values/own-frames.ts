// Whoever reads the stack of an error that a task threw looks for lines of his own. Below them there are only ours,
// which call every task, and those of Node.

const ownSources = ['../', '../../workers/'].map((place) => new URL(place, import.meta.url).href);
const frame = /^\s+at /;

/** The stack without what stands below the author's last line; nothing when there is no line of his. */
export function authorsStack(stack: string): string | undefined {
  const lines = stack.split('\n');
  const own = lines.findLastIndex(isOwn);
  if (own === -1) return lines.some(isAuthors) ? stack : undefined;
  const last = lines.findLastIndex((line, at) => at < own && !isNoAuthors(line));
  return lines.slice(0, own).some(isAuthors) ? lines.slice(0, last + 1).join('\n') : undefined;
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
