const patterns = new Map<string, RegExp>();

/**
 * Whether a logger of this name is meant by a list like `['app:*', '-app:noise']`: `*` stands for anything, and `-`
 * takes away again.
 */
export function isNamed(name: string, list: readonly string[]): boolean {
  let isMeant = false;
  for (const entry of list) {
    const isExcluding = entry.startsWith('-');
    if (!patternOf(isExcluding ? entry.slice(1) : entry).test(name)) continue;
    if (isExcluding) return false;
    isMeant = true;
  }
  return isMeant;
}

function patternOf(entry: string): RegExp {
  let pattern = patterns.get(entry);
  if (pattern === undefined) {
    const parts = entry.split(/\*+/).map((part) => part.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`));
    pattern = new RegExp(`^${parts.join('.*')}$`, 's');
    patterns.set(entry, pattern);
  }
  return pattern;
}
