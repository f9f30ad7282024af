const most = 20;

/** Names for a message: the first of them, and how many more there are. A flow may have thousands of tasks. */
export function firstNames(names: Iterable<string>): string {
  const all = [...names];
  const left = all.length - most;
  return left > 0 ? `${all.slice(0, most).join(', ')} and ${left} more` : all.join(', ');
}
