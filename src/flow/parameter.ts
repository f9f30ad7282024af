import { UsageError } from '../lib/heddle-error.ts';
import { checkOptions, describe, rules } from '../lib/options.ts';
import { currentGraph } from './graph.ts';
import { Node } from './node.ts';

export interface ParameterOptions<T> {
  /** The value of a run that gives none. Without it, the parameter is required. */
  readonly default?: T;
}

/** A value that each run of a flow is given. Made inside a flow's builder, it belongs to that flow. */
export class Parameter<T = unknown> extends Node<T> {
  readonly name: string;
  readonly isRequired: boolean;
  readonly default: T | undefined;

  /** Throws `OUTSIDE_FLOW`, `DUPLICATE_SLUG`, or an option error. */
  constructor(name: string, options: ParameterOptions<T> = {}) {
    if (typeof name !== 'string' || name === '') {
      throw new UsageError('INVALID_NAME', `a Parameter needs a name; got ${describe(name)}`);
    }
    checkOptions(`Parameter '${name}'`, options, { default: rules.anything });
    const remedy = `Make it inside the function given to new Flow(name, () => …), so that it belongs to that flow.`;
    const graph = currentGraph(`Parameter '${name}' was made`, remedy);
    super({ graph, slug: name, task: undefined, bindings: [], isMapped: false });
    this.name = name;
    this.isRequired = !('default' in options);
    this.default = options.default;
    graph.add(this);
  }
}
