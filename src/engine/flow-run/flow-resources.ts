import { nanoid } from 'nanoid';
import { HeddleError } from '../../lib/heddle-error.ts';
import type { Graph } from '../../flow/graph.ts';
import { codesOfResource, Resource } from '../../flow/resource.ts';
import { environmentReadBy } from '../../code/environment.ts';
import { identitiesOf } from '../../code/function-identity.ts';
import type { PlannedResource } from '../plan.ts';
import type { Session } from './executor.ts';

/** The resources of a flow run: by which keys threads know them, and what is sent along with them. */
export class FlowResources {
  readonly #resources: readonly Resource[];
  /** The functions of each, so that a worker can check that it has found the same, and what they read. */
  readonly #prepared = new Map<Resource, Pick<PlannedResource, 'functions' | 'environment'>>();
  /** Makes the keys different from those of any other run, even one with the same id. */
  readonly #scope = nanoid();

  constructor({ nodes }: Graph) {
    this.#resources = nodes.filter((node) => node instanceof Resource);
  }

  /** How long closing them may take; `undefined` when there are none. */
  get closingMs(): number | undefined {
    if (this.#resources.length === 0) return undefined;
    return Math.max(...this.#resources.map(({ definition }) => definition.cleanupTimeoutMs));
  }

  keyOf({ slug }: Resource): string {
    return `${this.#scope}/${slug}`;
  }

  planned(resource: Resource): Omit<PlannedResource, 'input'> {
    const { slug: name, reference } = resource;
    return { key: this.keyOf(resource), name, reference, ...(this.#prepared.get(resource) ?? { functions: [] }) };
  }

  /** Rejects with `RESOURCE_NOT_ADDRESSABLE` for one that no worker of this session could find. */
  async prepare(session: Session): Promise<void> {
    this.#assertAddressable(session);
    if (!session.importsModules) return;
    for (const resource of this.#resources) {
      const codes = codesOfResource(resource.definition);
      const functions = identitiesOf(codes, { isForBundles: !session.takesCaptures });
      const environment = await environmentReadBy(codes);
      this.#prepared.set(resource, { functions, ...(environment.length > 0 && { environment }) });
    }
  }

  #assertAddressable(session: Session): void {
    const lost = this.#resources.find(({ reference }) => session.objection(reference) !== undefined);
    if (lost === undefined) return;
    const { slug, reference } = lost;
    const message =
      `resource '${slug}' was made inside a function (${reference.definedAt}), not while its module was being ` +
      `loaded, so a worker cannot find it by importing the module. Move the resourceManager() call to the top level ` +
      `of a module and pass what it captures as arguments, or run the flow with LocalExecutor.`;
    throw new HeddleError('RESOURCE_NOT_ADDRESSABLE', message, { resource: slug, definedAt: reference.definedAt });
  }
}
