import { UsageError } from '../lib/heddle-error.ts';
import { sharedByCopies } from '../lib/shared-by-copies.ts';
import { assertName, checkOptions, rules } from '../lib/options.ts';
import { currentGraph } from './graph.ts';
import { Node } from './node.ts';

/**
 * What every schema library of today implements: https://standardschema.dev, version 1. Valibot, Zod and ArkType do.
 */
export interface StandardSchema<T> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<T> | Promise<SchemaResult<T>>;
    readonly types?: { readonly input: unknown; readonly output: T } | undefined;
  };
}

type SchemaResult<T> =
  | { readonly value: T; readonly issues?: undefined }
  | { readonly issues: readonly { readonly message: string; readonly path?: readonly unknown[] | undefined }[] };

export interface ParameterOptions<T> {
  /** The value of a run that gives none; a function is called when the run starts. Without it, it is required. */
  readonly default?: T | (() => T);
  /** Checks a value that is given, and may change it. */
  readonly schema?: StandardSchema<T>;
}

const parameterRules = {
  default: rules.anything,
  schema: { expected: 'a Standard Schema (Zod, Valibot, ArkType …)', holds: isSchema },
};

/** A value that each run of a flow is given. Made inside a flow's builder, it belongs to that flow. */
export class Parameter<T = unknown> extends Node<T> {
  readonly name: string;
  readonly isRequired: boolean;
  /** As it was given: a value, or a function that makes one when a run starts. */
  readonly default: T | (() => T) | undefined;
  /** Checks a value that is given, and may change it. */
  readonly schema: StandardSchema<T> | undefined;

  /** Throws `OUTSIDE_FLOW`, `DUPLICATE_SLUG`, or an option error. */
  constructor(name: string, options: ParameterOptions<T> = {}) {
    assertName(name, 'a Parameter needs a name');
    if (name === '__proto__') {
      const message = `a Parameter cannot be called '__proto__': in context.parameters, that is the prototype`;
      throw new UsageError('INVALID_NAME', message);
    }
    checkOptions(`Parameter '${name}'`, options, parameterRules);
    const remedy = `Make it inside the function given to new Flow(name, () => …), so that it belongs to that flow.`;
    const graph = currentGraph(`Parameter '${name}' was made`, remedy);
    super({ graph, slug: name, task: undefined, bindings: [], isMapped: false });
    this.name = name;
    this.isRequired = !('default' in options);
    this.default = options.default;
    this.schema = options.schema;
    graph.add(this);
  }

  /** The value of a run that gives none. */
  makeDefault(): unknown {
    return typeof this.default === 'function' ? (this.default as () => T)() : this.default;
  }
}

sharedByCopies(Parameter);

/** A parameter that is a date; a text like `'2026-11-21'` or `'2026-11-21T08:00:00Z'` is read as one. */
export class DateParameter extends Parameter<Date> {
  constructor(name: string, options: Omit<ParameterOptions<Date>, 'schema'> = {}) {
    super(name, { ...options, schema: dateSchema });
    if (typeof this.default !== 'function') this.makeDefault();
  }

  /** Throws `INVALID_OPTION` if it is no date, also where a function makes it. */
  override makeDefault(): unknown {
    const made = super.makeDefault();
    if (this.default !== undefined) checkOptions(`DateParameter '${this.name}'`, { default: made }, dateRules);
    return made;
  }
}

const dateRules = {
  default: {
    expected: 'a Date, or a function that makes one',
    isRequired: true,
    holds: (made: unknown) => made instanceof Date && !Number.isNaN(made.getTime()),
  },
};

const dateSchema: StandardSchema<Date> = {
  '~standard': {
    version: 1,
    vendor: 'heddle',
    validate: (value) => {
      const isText = typeof value === 'string' && /^\d{4}-\d\d-\d\d([T ].*)?$/.test(value);
      const date = value instanceof Date ? value : new Date(isText ? value : Number.NaN);
      if (!Number.isNaN(date.getTime())) return { value: date };
      return { issues: [{ message: `should be a date, like '2026-11-21' or '2026-11-21T08:00:00Z'` }] };
    },
  },
};

function isSchema(value: unknown): boolean {
  const standard = (value as { '~standard'?: { validate?: unknown } } | null | undefined)?.['~standard'];
  return typeof standard?.validate === 'function';
}
