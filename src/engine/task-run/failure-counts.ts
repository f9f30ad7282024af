import type { State } from '../../flow/state.ts';

/** How many names of errors count as kinds of their own, since user code may give each error a new name. */
const mostKinds = 20;

/** Counts one more of the kind of its failure, and gives how many there are now. */
export function countOfKind(
  counts: Map<string, number>,
  state: State,
): { readonly kind: string; readonly count: number } {
  const named = kindOf(state);
  const kind = counts.has(named) || counts.size < mostKinds ? named : state.type;
  const count = (counts.get(kind) ?? 0) + 1;
  counts.set(kind, count);
  return { kind, count };
}

/** The name of the error, if it can be read: it may be anything, even a getter that throws. */
function kindOf({ error, type }: State): string {
  try {
    const name: unknown = error?.name;
    if (typeof name === 'string' && /^[\w$]{1,100}$/.test(name)) return name;
  } catch {
    // Without a name it counts as a failure like any other.
  }
  return type;
}
