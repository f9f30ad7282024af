import { UsageError } from '../../lib/heddle-error.ts';
import { describe } from '../../lib/options.ts';
import type { Parameter } from '../../flow/parameter.ts';
import { isThenable } from '../../lib/thenable.ts';
import { namedParameters, unknownParameter } from '../named-parameters.ts';
import { lookingAt, sendable, type Destination } from '../../values/travels.ts';

/**
 * The parameters of a run: what was given, and defaults for the rest. Throws `UNKNOWN_PARAMETER`, `MISSING_PARAMETER`,
 * `INVALID_PARAMETER` or `VALUE_NOT_SERIALIZABLE`, before anything starts. What is `kept` of an earlier attempt at the
 * run went through the schemas then, and stands where nothing is given.
 */
export async function resolveParameters(
  flow: { readonly name: string; readonly parameters: ReadonlyMap<string, Parameter> },
  given: Readonly<Record<string, unknown>>,
  kept: Readonly<Record<string, unknown>> = {},
): Promise<Record<string, unknown>> {
  const { name, parameters } = flow;
  const isKnown = (key: string) => Object.hasOwn(given, key) || Object.hasOwn(kept, key);
  for (const key of Object.keys(given)) {
    if (parameters.has(key)) continue;
    throw unknownParameter({ flow: name, name: key, names: [...parameters.keys()] });
  }
  const missing = [...parameters.values()].filter((parameter) => parameter.isRequired && !isKnown(parameter.name));
  if (missing.length > 0) {
    const names = missing.map((parameter) => parameter.name);
    const message =
      `flow '${name}' needs ${names.length === 1 ? 'a value' : 'values'} for ${names.join(', ')}: pass parameters: { ` +
      `${names.join(', ')} }, or --param ${names[0]}=… on the command line.`;
    throw new UsageError('MISSING_PARAMETER', message, { flow: name, parameters: names });
  }
  const values: Record<string, unknown> = {};
  for (const parameter of parameters.values()) {
    const isGiven = Object.hasOwn(given, parameter.name);
    const otherwise = () => (isKnown(parameter.name) ? kept[parameter.name] : parameter.makeDefault());
    const destination: Destination = { role: 'parameter', task: name, name: parameter.name };
    const { value } = isGiven ? await validated(parameter, given[parameter.name], destination) : { value: otherwise() };
    sendable(value, destination);
    values[parameter.name] = value;
  }
  return namedParameters(name, values);
}

/**
 * The value as the parameter's schema has it, or without one as it is, if it is of the default's kind; or an error that
 * says all there is against it. In an object, since a promise asks what it is resolved with whether that is one too.
 */
async function validated(
  parameter: Parameter,
  value: unknown,
  destination: Destination,
): Promise<{ readonly value: unknown }> {
  const { name, graph, schema } = parameter;
  if (schema === undefined) {
    const awaited = isThenable(value) ? await value : value;
    // One that is made is made only where nothing is given: it may be dear, or not be possible.
    if (typeof parameter.default !== 'function') assertLike(parameter.default, parameter, awaited);
    return { value: awaited };
  }
  const result = await lookingAt(value, destination, () => schema['~standard'].validate(value));
  if (result.issues === undefined) return result;
  const issues = result.issues.map(({ message, path = [] }) => `${path.map(nameOfStep).join('.')} ${message}`.trim());
  const message = `parameter '${name}' of flow '${graph.flow}' got ${describe(value)}: ${issues.join('; ')}`;
  throw new UsageError('INVALID_PARAMETER', message, { flow: graph.flow, parameter: name, issues });
}

function nameOfStep(step: unknown): string {
  return String(typeof step === 'object' && step !== null && 'key' in step ? step.key : step);
}

/**
 * Reads a text from the command line as the kind of value that the parameter's default is; as JSON or text without one.
 */
export function readParameter(parameter: Parameter | undefined, text: string): unknown {
  const example = parameter && exampleFor(parameter);
  if (typeof example === 'string') return text;
  const value = parse(text);
  // A schema reads other kinds as well, like a text that is a date.
  if (parameter !== undefined && parameter.schema === undefined) assertLike(example, parameter, value, text);
  return value;
}

/** Nothing where a default cannot be made now: what is given stands in its place. */
function exampleFor(parameter: Parameter): unknown {
  try {
    return parameter.makeDefault();
  } catch {
    return undefined;
  }
}

/** Throws `INVALID_PARAMETER` for a value, written as `text` if it was, of another kind than the default, if any. */
function assertLike(example: unknown, { name, graph }: Parameter, value: unknown, text?: string): void {
  if (example === undefined || example === null || kindOf(value) === kindOf(example)) return;
  const usual = `parameter '${name}' of flow '${graph.flow}' is ${kindOf(example)} by default (${describe(example)})`;
  const got = text === undefined ? describe(value) : `'${text}'`;
  const remedy = value === undefined ? '. Leave it out to have the default.' : '';
  throw new UsageError('INVALID_PARAMETER', `${usual}; got ${got}${remedy}`, {
    flow: graph.flow,
    parameter: name,
    value: text ?? value,
  });
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'an array';
  if (value === null) return 'null';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
