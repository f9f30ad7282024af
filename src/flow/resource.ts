// A resource in a flow: something that cannot travel, like a connection, and so is opened wherever a task needs it.
// What travels are the arguments of its setup, which are the value of its node.

import type { Code } from '../code/function-place.ts';
import type { Reference } from '../code/registry.ts';
import { UsageError } from '../lib/heddle-error.ts';
import { Node, type NodeFacts } from './node.ts';
import { keepFromTravelling } from '../lib/own-classes.ts';

declare const resourceType: unique symbol;

/** How a resource is opened and closed. This is what a worker finds by reference. */
export interface ResourceDefinition {
  readonly name: string;
  readonly setup: (...args: readonly unknown[]) => unknown;
  /** Without one, the resource is disposed of, if it is disposable. */
  readonly cleanup: ((resource: unknown) => unknown) | undefined;
  /** How long its setup may take. */
  readonly setupTimeoutMs: number;
  /** How long its cleanup is waited for. */
  readonly cleanupTimeoutMs: number;
}

/** For those who read the user's code instead of calling it. */
export function codesOfResource({ setup, cleanup }: ResourceDefinition): readonly Code[] {
  return cleanup === undefined ? [setup] : [setup, cleanup];
}

/** A resource to be, which stands for a value of type `T` wherever a task is given it as an argument of its own. */
export class Resource<T = unknown> extends Node<T> {
  /** Tells it from other nodes for the compiler: in a `.map()` it is never mapped over. */
  declare readonly [resourceType]: T;
  readonly definition: ResourceDefinition;
  /** How a worker finds the definition. */
  readonly reference: Reference;

  constructor(facts: NodeFacts, { definition, reference }: Pick<Resource, 'definition' | 'reference'>) {
    super(facts);
    this.definition = definition;
    this.reference = reference;
  }
}

keepFromTravelling(Resource, 'give it to a task where the flow is made, as an argument of its own');

/** Throws `RESOURCE_MISPLACED` for a resource where a value is wanted that exists outside of a task run. */
export function refuseResource(value: unknown, place: string): void {
  if (value instanceof Resource) throw misplaced(value.slug, place);
}

function misplaced(resource: string, place: string): UsageError {
  const message =
    `resource '${resource}' is used as ${place}, but it only exists inside of the task runs that it is given to. ` +
    `Give it to a task, as an argument of its own, and go on with what that returns.`;
  return new UsageError('RESOURCE_MISPLACED', message, { resource, place });
}
