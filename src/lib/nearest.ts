/**
 * The name among `names` that a person who wrote `word` most likely meant, if any is near enough to be worth saying.
 */
export function nearest(word: string, names: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const name of names) {
    if (name === word) continue;
    const distance = editDistance(word.toLowerCase(), name.toLowerCase());
    if (distance >= bestDistance) continue;
    best = name;
    bestDistance = distance;
  }
  return best;
}

/** A clause for the end of a message: ` Did you mean 'x'?`, or nothing. */
export function didYouMean(word: string, names: Iterable<string>): string {
  const name = nearest(word, names);
  return name === undefined ? '' : ` Did you mean '${name}'?`;
}

/** How many letters to put in, take out, change or swap with their neighbour, to make one word of the other. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const isSame = a[row - 1] === b[column - 1];
      const isSwap = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      const substitution = last[column - 1]! + (isSame ? 0 : 1);
      const best = Math.min(substitution, last[column]! + 1, current[column - 1]! + 1);
      current.push(isSwap ? Math.min(best, beforeLast[column - 2]! + 1) : best);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length]!;
}
