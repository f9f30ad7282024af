import { UsageError } from './heddle-error.ts';
import { didYouMean } from './nearest.ts';
import { describe } from './options.ts';

/** How many names an error tells. A list may have a million. */
const mostNames = 50;
const gap = /\{([^{}]*)\}/g;

/**
 * The name that a text like `'load-{parameters.day}'`, filled from nested facts, or a function of them comes to. Throws
 * `INVALID_NAME`, which tells it as `what`, for what is no text or an empty one; and whatever they throw themselves.
 */
export function nameFrom<Facts extends Readonly<Record<string, unknown>>>(
  what: string,
  given: string | ((facts: Facts) => string),
  facts: Facts,
): string {
  const name: unknown = typeof given === 'function' ? given(facts) : fillTemplate(given, facts);
  if (typeof name === 'string' && name !== '') return name;
  const message = `${what} should come to a text that is not empty; it came to ${describe(name)}`;
  throw new UsageError('INVALID_NAME', message);
}

/** Throws `UNKNOWN_NAME` for a template that asks for what will never be there. `what` is told in the message. */
export function checkTemplate(what: string, template: string, names: readonly string[]): void {
  for (const [, inside = ''] of template.matchAll(gap)) {
    const path = pathIn(inside, { what: `${what}, '${template}',`, names });
    const name = path?.split('.')[0];
    if (name === undefined || names.includes(name)) continue;
    throw unknownName(`${what}, '${template}',`, inside, { name, names });
  }
}

/** Nothing if the braces stand for themselves. Throws if they hardly do: `{inputs[0]}`, `{date:dd}`, `{ mapIndex }`. */
function pathIn(inside: string, { what, names }: { readonly what: string; readonly names: readonly string[] }) {
  if (/^[\w.]+$/.test(inside)) return inside;
  const [name = ''] = /\w+/.exec(inside) ?? [];
  if (!names.includes(name)) return undefined;
  const meant = inside.replaceAll(/\[\W*(\w+)\W*\]/g, '.$1').match(/[\w.]+/)?.[0];
  const how = 'A name leads on with dots, and takes no spaces and no format';
  throw new UsageError('UNKNOWN_NAME', `${what} has {${inside}}. ${how}: {${meant}}.`, { path: inside });
}

/**
 * Fills a text from nested values. A name that is not there throws `UNKNOWN_NAME`, with the nearest that is; so does
 * one of a list or an object, which is no text. Dates come as `yyyy-MM-dd`.
 */
function fillTemplate(template: string, values: Readonly<Record<string, unknown>>): string {
  const facts = { what: `'${template}'`, names: Object.keys(values) };
  return template.replaceAll(gap, (braces: string, inside: string) => {
    const path = pathIn(inside, facts);
    return path === undefined ? braces : textOf(look(template, path, values), { template, path });
  });
}

function look(template: string, path: string, values: Readonly<Record<string, unknown>>): unknown {
  const road = follow(path, values);
  if ('value' in road) return road.value;
  const { endedAt, at } = road;
  const names = typeof at === 'object' && at !== null ? Object.keys(at).slice(0, mostNames) : [];
  throw unknownName(`'${template}'`, path, { name: path.split('.')[endedAt.length]!, names });
}

/** Where a dotted name leads to, through own properties; or where it ended, and the value that knows no more of it. */
export type Road = { readonly value: unknown } | { readonly endedAt: readonly string[]; readonly at: unknown };

export function follow(name: string, values: unknown): Road {
  const keys = name.split('.');
  let value = values;
  for (const [index, key] of keys.entries()) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) {
      return { endedAt: keys.slice(0, index), at: value };
    }
    value = (value as Record<string, unknown>)[key];
  }
  return { value };
}

/** `what` asks for the name at the end of `path`, which is not among those that there are. */
export function unknownName(
  what: string,
  path: string,
  { name, names }: { name: string; names: readonly string[] },
): UsageError {
  // One index is not meant for another.
  const meant = /\D/.test(name) ? didYouMean(name, names) : '';
  const hint = `${meant} There is: ${names.join(', ') || 'nothing'}.`;
  return new UsageError('UNKNOWN_NAME', `${what} asks for {${path}}, and there is no '${name}'.${hint}`, { path });
}

function textOf(value: unknown, facts: { readonly template: string; readonly path: string }): string {
  if (value instanceof Date) return value.toISOString().slice(0, 10);
  if (typeof value !== 'object' || value === null) return String(value);
  const parts = Object.keys(value).slice(0, 3);
  const { template, path } = facts;
  const remedy = parts.map((part) => `{${path}.${part}}`).join(', ') || 'something that is in it';
  const what = `'${template}' asks for {${path}}, which is ${describe(value)} and no text`;
  throw new UsageError('UNKNOWN_NAME', `${what}. Name a part of it: ${remedy}.`, facts);
}
