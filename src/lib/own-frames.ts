// Cuts stacks down to the lines of the author. Below the lines of a task there are only ours, which call every task,
// and those of Node; above the line of a wrong call there are ours, which found it wrong.

import { once } from './once.ts';

// When they are first asked for: in a bundle they cannot be told, and whoever made it is to hear of that first.
const ownSources = once(() => ['../', '../../workers/'].map((place) => new URL(place, import.meta.url).href));
const frame = /^\s+at /;

/** The stack without what stands below the author's last line; nothing when the author has none. */
export function authorsStack(stack: string): string | undefined {
  const lines = stack.split('\n');
  const own = lines.findLastIndex(isOwn);
  if (own === -1) return lines.some(isAuthors) ? stack : undefined;
  const last = lines.findLastIndex((line, at) => at < own && !isNoAuthors(line));
  return lines.slice(0, own).some(isAuthors) ? lines.slice(0, last + 1).join('\n') : undefined;
}

/** The text, of whose stacks each is without what stands below the author's last line, if the author has one. */
export function withAuthorsStacks(text: string): string {
  if (!text.includes('\n')) return text;
  return text.replace(/(?:\n +(?:at|\.\.\. \d+ lines matching) .*)+/g, (stack) => {
    // The fields of an error follow its stack. The lines that Node leaves out of it are ours, if there are any.
    const [, frames = stack, fields = ''] = /^(.*?)( \{)?$/s.exec(stack) ?? [];
    return `${authorsStack(frames.replace(/\n +\.{3} .*/g, '')) ?? frames}${fields}`;
  });
}

/** The stack without what stands above the author's first line; all of it when the author has none. */
export function callersStack(stack: string): string {
  const lines = stack.split('\n');
  const [top, first] = [lines.findIndex((line) => frame.test(line)), lines.findIndex(isAuthors)];
  return first === -1 ? stack : lines.toSpliced(top, first - top).join('\n');
}

/** The author's first line in the stack, in a file of the author's own project; nothing when there is none. */
export function callersLine(stack: string): string | undefined {
  return stack.split('\n').find((line) => isAuthors(line) && !line.includes('/node_modules/'));
}

function isAuthors(line: string): boolean {
  return frame.test(line) && !isNoAuthors(line);
}

function isNoAuthors(line: string): boolean {
  return isOwn(line) || /^\s+at (?:.*\bnode:|async Promise\.all |.*\(<anonymous>\)$)/.test(line);
}

/** That of a worker on another machine, or in another folder, is ours too. */
function isOwn(line: string): boolean {
  return frame.test(line) && (line.includes('/node_modules/heddle/') || ownSources().some((at) => line.includes(at)));
}
