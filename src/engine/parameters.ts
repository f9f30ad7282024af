import { UsageError } from '../lib/heddle-error.ts';
import { describe } from '../lib/options.ts';
import { didYouMean } from '../lib/nearest.ts';
import type { Parameter } from '../flow/parameter.ts';
import { assertTravels } from '../values/travels.ts';

/**
 * The parameters of a run: what was given, and defaults for the rest. Throws `UNKNOWN_PARAMETER`, `MISSING_PARAMETER`,
 * or `VALUE_NOT_SERIALIZABLE`, before anything starts.
 */
export function resolveParameters(
  flow: { readonly name: string; readonly parameters: ReadonlyMap<string, Parameter> },
  given: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const { name, parameters } = flow;
  for (const key of Object.keys(given)) {
    if (parameters.has(key)) continue;
    const all = [...parameters.keys()];
    const message = `flow '${name}' has no parameter '${key}'.${didYouMean(key, all)} It has: ${all.join(', ') || 'none'}.`;
    throw new UsageError('UNKNOWN_PARAMETER', message, { flow: name, parameter: key });
  }
  const missing = [...parameters.values()].filter(
    (parameter) => parameter.isRequired && !Object.hasOwn(given, parameter.name),
  );
  if (missing.length > 0) {
    const names = missing.map((parameter) => parameter.name);
    const message = `flow '${name}' needs ${names.length === 1 ? 'a value' : 'values'} for ${names.join(', ')}: pass parameters: { ${names.join(', ')} }, or --param ${names[0]}=… on the command line.`;
    throw new UsageError('MISSING_PARAMETER', message, { flow: name, parameters: names });
  }
  const values = [...parameters.values()].map((parameter) => {
    const value = Object.hasOwn(given, parameter.name) ? given[parameter.name] : parameter.default;
    assertTravels(value, { role: 'parameter', task: name, name: parameter.name });
    return [parameter.name, value] as const;
  });
  return Object.fromEntries(values);
}

/** Reads a text from the command line as the kind of value that the parameter's default is; as JSON or text without one. */
export function readParameter(flow: string, parameter: Parameter | undefined, text: string): unknown {
  const example = parameter?.default;
  if (typeof example === 'string') return text;
  const value = parse(text);
  if (example === undefined || example === null || kindOf(value) === kindOf(example)) return value;
  const message = `parameter '${parameter!.name}' of flow '${flow}' is ${kindOf(example)} by default (${describe(example)}); got '${text}'`;
  throw new UsageError('INVALID_PARAMETER', message, { flow, parameter: parameter!.name, value: text });
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
