// What a task run is given: its arguments, put together from constants and from what upstream runs returned.

import { deepFrozen } from '../../values/deep-frozen.ts';
import { unreachable } from '../../lib/unreachable.ts';
import { withPlaces } from '../../flow/bindings.ts';
import { flattenList } from '../flatten.ts';
import type { Outcomes } from '../outcomes.ts';
import type { ArgumentPlan } from '../plan.ts';
import { valueOf, type UsedResource } from './resources.ts';
import type { LoadedTask } from './loaded-task.ts';

type WholeInput = LoadedTask['whole'][number];

/** By template: the same with its gaps filled, which is the same for all runs that share a plan. */
const filled = new WeakMap<object, object>();

/** The arguments of the run at a position of its chunk, as its function gets them. */
export function argumentsOf(loaded: LoadedTask, elementwise: readonly Outcomes[], position: number): unknown[] {
  return bound(loaded, elementwise, { position, resourceOf: valueOf });
}

/** The same as values that say what the run depends on: of a resource, what it is opened with. */
export function inputsOf(loaded: LoadedTask, elementwise: readonly Outcomes[], position: number): unknown[] {
  return bound(loaded, elementwise, { position, resourceOf: ({ makeArguments }) => makeArguments() });
}

interface Binder {
  readonly position: number;
  readonly resourceOf: (used: UsedResource) => unknown;
}

function bound(loaded: LoadedTask, elementwise: readonly Outcomes[], { position, resourceOf }: Binder): unknown[] {
  const { plan, whole } = loaded;
  return plan.args.map((argument): unknown => {
    switch (argument.type) {
      case 'constant':
        return plan.constants[argument.constant];
      case 'element': {
        const { values, states } = elementwise[argument.input]!;
        if (argument.isBoxed !== true) return values[position];
        return states?.[position]?.isSkipped() === true ? undefined : [values[position]];
      }
      case 'whole': {
        const input = whole[argument.input]!;
        if (argument.isBoxed !== true) return wholeOf(plan.name, input, argument);
        return wasSkipped(input) ? undefined : [input.value];
      }
      case 'resource':
        return resourceOf(loaded.resources![argument.resource]!);
      case 'filled':
        return fill(loaded, argument);
      default:
        return unreachable(argument);
    }
  });
}

function wholeOf(task: string, input: WholeInput, { isFlattened }: { isFlattened: boolean }): unknown {
  return isFlattened ? flattened(task, input) : input.value;
}

/** A run that gave no value has nothing to flatten: its place stays empty, as when it is mapped over. */
function flattened(task: string, { value, outcomes: { values, states } }: WholeInput): unknown {
  const isMissing = (position: number) => {
    const state = states?.[position];
    return state !== undefined && (!state.isSuccessful() || state.isSkipped());
  };
  if (values !== value) return isMissing(0) ? undefined : flattenList(task, value);
  return flattenList(
    task,
    values.map((inner, position) => (isMissing(position) ? [undefined] : inner)),
  );
}

/** A mapped upstream that ran is a list even when it is empty; it counts as skipped when all of its children were. */
function wasSkipped({ outcomes: { states } }: WholeInput): boolean {
  return states !== undefined && states.length > 0 && states.every((state) => state?.isSkipped() === true);
}

function fill({ plan, whole }: LoadedTask, argument: Extract<ArgumentPlan, { type: 'filled' }>): unknown {
  const template = plan.constants[argument.constant] as object;
  let value = filled.get(template);
  if (value === undefined) {
    value = withPlaces(template, argument.gaps, (gap) => wholeOf(plan.name, whole[gap.input]!, gap));
    // Many runs share it.
    if (plan.isMapped) deepFrozen(value);
    filled.set(template, value);
  }
  return argument.isFlattened ? flattenList(plan.name, value) : value;
}
