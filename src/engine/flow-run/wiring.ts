import type { Block } from '../../lib/chunk.ts';
import type { Upstream } from './kept-outcomes.ts';
import type { Elementwise } from './mapped-over.ts';
import type { ArgumentPlan, PlannedResource } from '../plan.ts';

/** Collects the arrays and arguments of a task's node while its bindings are gone through. */
export class Wiring {
  readonly args: ArgumentPlan[] = [];
  readonly constants: unknown[] = [];
  readonly elementwise: Elementwise[] = [];
  readonly whole: { readonly array: number; readonly isList: boolean }[] = [];
  readonly resources: PlannedResource[] = [];
  /** The runs that the node waits for, in any way. */
  readonly upstream: Upstream[] = [];
  /** The lists of the user's own that it is mapped over. */
  readonly lists: (readonly Block[])[] = [];
  /** The positions of those elementwise arrays that are the user's own lists, not upstream task runs. */
  readonly literals: number[] = [];
  /** The arrays that were submitted for this node alone. */
  readonly own: number[] = [];
  /** The positions of those elementwise arrays that are gates. */
  readonly gates: number[] = [];

  /** The position of an array among the elementwise ones. One that is there already is not added again. */
  each(input: Elementwise): number {
    const known = this.elementwise.findIndex(({ array }) => array === input.array);
    return known === -1 ? this.elementwise.push(input) - 1 : known;
  }

  /** Elementwise arrays whose runs are upstream runs already: a trigger sees each of those only once. */
  repeats(): number[] {
    const whole = new Set(this.whole.map(({ array }) => array));
    const seen = new Set<string>();
    return this.elementwise.flatMap(({ runs }, input) => {
      if (runs === undefined) return [];
      const key = `${runs.array} ${runs.isFlattened}`;
      if (whole.has(runs.array) || seen.has(key)) return input;
      seen.add(key);
      return [];
    });
  }
}
