import { register } from '../code/registry.ts';
import { toMilliseconds, type Duration } from '../lib/duration.ts';
import { UsageError } from '../lib/heddle-error.ts';
import { assertName, checkOptions, rules } from '../lib/options.ts';
import { bindCall } from './bindings.ts';
import { currentGraph } from './graph.ts';
import type { Arguments } from './node.ts';
import { builtInTask, type Written } from './task.ts';
import { refuseResource, Resource, type ResourceDefinition } from './resource.ts';

export interface ResourceOptions<Args extends readonly unknown[], Value> {
  /** Opens the resource. Called in each thread that runs a task which uses it, when the first one does. */
  readonly setup: Written<Args, Value>;
  /** Closes it, once no task of the flow run needs it any more. By default it is disposed of, if it is disposable. */
  readonly cleanup?: (resource: Awaited<Value>) => unknown;
  /** How long the setup may take, as long as it yields, before what needs it fails; `'5m'` by default. */
  readonly setupTimeout?: Duration;
  /** How long the cleanup is waited for; `'30s'` by default. */
  readonly cleanupTimeout?: Duration;
}

/** Called inside a flow with the arguments of its setup, or nodes of them, gives a node of the resource. */
export interface ResourceManager<Args extends readonly unknown[], T> {
  (...args: Arguments<Args>): Resource<T>;
  readonly name: string;
}

const optionRules = {
  setup: { ...rules.function, elsewhere: ['open', 'create', 'acquire', 'init'] },
  cleanup: { ...rules.function, elsewhere: ['close', 'destroy', 'release', 'dispose', 'teardown'] },
  setupTimeout: rules.anything,
  cleanupTimeout: rules.anything,
};

/** What a resource's node is a run of: it brings the arguments of the setup together. */
const setupArguments = builtInTask('setup arguments', (...args: readonly unknown[]) => args);

/**
 * Makes what opens and closes a resource: something that tasks need and that cannot travel, like a connection or a
 * temporary folder. Each thread that runs a task which uses it has its own. Throws a `UsageError` for a missing name or
 * setup, and for unknown or wrong options.
 */
export function resourceManager<Args extends readonly unknown[], Value>(
  name: string,
  options: ResourceOptions<Args, Value>,
): ResourceManager<Args, Awaited<Value>> {
  assertName(name, `a resource needs a name: resourceManager('database', { setup, cleanup })`);
  const owner = `resource '${name}'`;
  checkOptions(owner, options, optionRules);
  const { setup, cleanup, setupTimeout = '5m', cleanupTimeout = '30s' } = options;
  if (setup === undefined) {
    throw new UsageError('INVALID_OPTION', `${owner} needs a function that opens it: { setup: () => … }`, { owner });
  }
  const cleanupTimeoutMs = toMilliseconds(cleanupTimeout, `option 'cleanupTimeout' of ${owner}`);
  const setupTimeoutMs = toMilliseconds(setupTimeout, `option 'setupTimeout' of ${owner}`);
  const definition = { name, setup, cleanup, setupTimeoutMs, cleanupTimeoutMs } as ResourceDefinition;
  const reference = register(name, definition);
  const manager = (...args: unknown[]) => addResource(args, { definition, reference });
  return Object.defineProperty(manager, 'name', { value: name }) as ResourceManager<Args, Awaited<Value>>;
}

function addResource(args: readonly unknown[], what: Pick<Resource, 'definition' | 'reference'>): Resource {
  const { name } = what.definition;
  const remedy = 'Call it inside the function given to new Flow(name, () => …).';
  const graph = currentGraph(`resource '${name}' was called`, remedy);
  for (const [position, argument] of args.entries()) {
    refuseResource(argument, `argument ${position + 1} of the setup of resource '${name}'`);
  }
  const facts = { graph, slug: graph.freeSlug(name), bindings: bindCall(name, args), isMapped: false };
  const resource = new Resource({ ...facts, task: setupArguments.with({ name }) }, what);
  graph.add(resource);
  return resource;
}
