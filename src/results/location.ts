// Where a result is stored, from a template such as `'{flowName}/{date:yyyy-MM-dd}/{taskName}-{mapIndex}.bin'`.
//
// A name leads through own properties, with dots between: `{parameters.day}`, `{inputs.rows.0}`. Parameters and inputs
// have names of their own there, so an input that is called `date` hides nothing. `{{` and `}}` stand for braces.
//
// Dates take a format of `yyyy`, `MM`, `dd`, `HH`, `mm` and `ss`, and are read in UTC: workers in several time zones
// must find each other's results.

import { forFunction } from '../code/known-names.ts';
import { type ErrorFacts, UsageError } from '../lib/heddle-error.ts';
import { nearest } from '../lib/nearest.ts';
import { describe } from '../lib/options.ts';
import { follow } from '../lib/template.ts';

/** What a template may name. */
export type LocationValues = Readonly<Record<string, unknown>>;

/** A text with names in braces, or a function that makes one. */
export type LocationTemplate<Values = LocationValues> = string | ((values: Values) => string);

interface Placeholder {
  readonly name: string;
  readonly format: string | undefined;
}

/** The location that a template stands for. What a function returns is a template too. */
export function renderLocation<Values extends object>(template: LocationTemplate<Values>, values: Values): string {
  const text: unknown = typeof template === 'function' ? template(forFunction(values)) : template;
  if (typeof text !== 'string' || text === '') {
    const who = typeof template === 'function' ? 'a function for a location should return' : 'a location should be';
    throw invalid(`${who} a text that is not empty; got ${describe(text)}`, { template: text });
  }
  const pieces = parse(text).map((piece) =>
    typeof piece === 'string' ? piece : textFor(piece, { text, values: values as LocationValues }),
  );
  return pieces.join('');
}

/** The names in a template, without rendering it. Throws `INVALID_LOCATION` for one that could never be rendered. */
export function locationNames(template: string): string[] {
  const placeholders = parse(template).filter((piece) => typeof piece !== 'string');
  for (const { format } of placeholders) if (format !== undefined) assertDateFormat(format, template);
  return placeholders.map(({ name }) => name);
}

function parse(template: string): (string | Placeholder)[] {
  const pieces: (string | Placeholder)[] = [];
  let end = 0;
  for (const { 0: token, 1: inside, index } of template.matchAll(/\{\{|\}\}|\{([^{}]*)\}|[{}]/g)) {
    if (index > end) pieces.push(template.slice(end, index));
    end = index + token.length;
    if (inside !== undefined) pieces.push(placeholderOf(inside, template));
    else if (token.length === 2) pieces.push(token[0]!);
    else
      throw invalid(
        `the location '${template}' has a '${token}' without its partner; ` +
          `write '${token}${token}' to mean the character`,
        { template },
      );
  }
  if (end < template.length) pieces.push(template.slice(end));
  return pieces;
}

function placeholderOf(inside: string, template: string): Placeholder {
  const colon = inside.indexOf(':');
  const name = colon < 0 ? inside : inside.slice(0, colon);
  if (name.split('.').includes('')) {
    throw invalid(`the location '${template}' names nothing in '{${inside}}'`, { template });
  }
  return { name, format: colon < 0 ? undefined : inside.slice(colon + 1) };
}

interface Rendering {
  readonly text: string;
  readonly values: LocationValues;
}

function textFor({ name, format }: Placeholder, { text, values }: Rendering): string {
  const road = follow(name, values);
  const value = 'value' in road ? road.value : undefined;
  const where = `the location '${text}'`;
  if (value === undefined) {
    throw invalid(`${where} names '${name}', which has no value here.${hintFor(name, values)}`, {
      template: text,
      named: name,
    });
  }
  if (value instanceof Date) {
    if (format !== undefined) return formatDate(value, format, text);
    throw invalid(`${where} should say how to write a date, as in '{${name}:yyyy-MM-dd}'`, {
      template: text,
      named: name,
    });
  }
  if (format !== undefined) {
    const message = `${where} has a format for '${name}', which is ${describe(value)}; only a Date takes one`;
    throw invalid(message, { template: text, named: name });
  }
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  const expected = 'only texts, numbers, true, false and dates can be part of a location';
  throw invalid(`${where} names '${name}', which is ${describe(value)}; ${expected}`, { template: text, named: name });
}

function hintFor(name: string, values: LocationValues): string {
  const names = Object.entries(values).flatMap(([key, value]) => {
    if (value === undefined) return [];
    const isRecord = typeof value === 'object' && value !== null && !(value instanceof Date);
    return isRecord ? Object.keys(value).map((inner) => `${key}.${inner}`) : key;
  });
  const meant = names.find((known) => known.endsWith(`.${name}`)) ?? nearest(name, names);
  if (meant !== undefined) return ` Did you mean '{${meant}}'?`;
  return names.length === 0 ? '' : ` It can name: ${names.slice(0, 20).join(', ')}.`;
}

const dateParts: Readonly<Record<string, (date: Date) => string>> = {
  yyyy: (date) => String(date.getUTCFullYear()).padStart(4, '0'),
  MM: (date) => twoDigits(date.getUTCMonth() + 1),
  dd: (date) => twoDigits(date.getUTCDate()),
  HH: (date) => twoDigits(date.getUTCHours()),
  mm: (date) => twoDigits(date.getUTCMinutes()),
  ss: (date) => twoDigits(date.getUTCSeconds()),
};
const datePart = new RegExp(Object.keys(dateParts).join('|'), 'g');

function formatDate(date: Date, format: string, template: string): string {
  assertDateFormat(format, template);
  if (Number.isNaN(date.getTime())) throw invalid(`the location '${template}' names an invalid date`, { template });
  return format.replaceAll(datePart, (part) => dateParts[part]!(date));
}

/** `T` and `Z` may stand for themselves, as in `yyyyMMddTHHmmssZ`; any other letter is a mistake. */
function assertDateFormat(format: string, template: string): void {
  const rest = format.replaceAll(datePart, '');
  if (rest !== format && !/[^TZ\W\d_]/.test(rest)) return;
  const message =
    `the location '${template}' has the date format '${format}', ` +
    `which should be made of ${Object.keys(dateParts).join(', ')}, as in 'yyyy-MM-dd'`;
  throw invalid(message, { template, format });
}

function twoDigits(number: number): string {
  return String(number).padStart(2, '0');
}

function invalid(message: string, facts: ErrorFacts): UsageError {
  return new UsageError('INVALID_LOCATION', message, facts);
}
