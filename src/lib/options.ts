import { withArticle } from './article.ts';
import { UsageError } from './heddle-error.ts';
import { nearest } from './nearest.ts';

/** What an option must be: the words for the error, and the question. */
export interface OptionRule {
  readonly expected: string;
  readonly holds: (value: unknown) => boolean;
  /** Whether it must be given. */
  readonly isRequired?: boolean;
  /** What came instead, in a few words, where that is more than `describe` says. */
  readonly got?: (value: unknown) => string;
  /** What it is called in other libraries that people come from, whatever the case and underscores. */
  readonly elsewhere?: readonly string[];
  /** What may stand in it, that somebody may write beside it. */
  readonly members?: readonly string[];
}

/** Of workers that one cluster starts, or threads of one worker: with more, a wrong number is likelier than a need. */
const mostWorkers = 1_000;

export const rules = {
  count: { expected: 'a whole number, 0 or more', holds: (value) => isCount(value, 0) },
  positiveCount: { expected: 'a whole number, 1 or more', holds: (value) => isCount(value, 1) },
  crew: wholeNumber(0, mostWorkers),
  positiveCrew: wholeNumber(1, mostWorkers),
  /** Of heap for a thread. With less, V8 does not fail the thread but ends the process. */
  megabytes: {
    expected: 'a whole number of megabytes, from 16 to 1048576 (a terabyte)',
    holds: (value) => isCount(value, 16, 2 ** 20),
  },
  text: { expected: 'a text that is not empty', holds: isText },
  flag: { expected: 'true or false', holds: (value) => typeof value === 'boolean' },
  function: { expected: 'a function', holds: (value) => typeof value === 'function' },
  list: { expected: 'an array', holds: Array.isArray },
  texts: {
    expected: 'an array of texts that are not empty',
    holds: (value) => isListOf(isText, value),
    got: (value) => (Array.isArray(value) ? `${describe(value.find((each) => !isText(each)))} in it` : describe(value)),
  },
  port: { expected: 'a port number from 0 to 65535', holds: (value) => isCount(value, 0, 65_535) },
  anything: { expected: 'anything', holds: () => true },
} satisfies Record<string, OptionRule>;

/** The rule for an option that takes a whole number, and none beyond these. */
export function wholeNumber(least: number, most: number): OptionRule {
  return { expected: `a whole number from ${least} to ${most}`, holds: (value) => isCount(value, least, most) };
}

/** The rule for an option that takes one of these texts. */
export function oneOf(...texts: readonly string[]): OptionRule {
  const quoted = texts.map((text) => `'${text}'`);
  const expected = `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`;
  return { expected, holds: (value) => texts.some((text) => text === value) };
}

/** Whether it is an object of values by name, as far as can be seen: a promise or a Map, say, has none by name. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype = Object.getPrototypeOf(value) as { readonly constructor?: { readonly name?: unknown } } | null;
  return prototype === null || prototype.constructor?.name === 'Object' || Object.keys(value).length > 0;
}

/** The rule for an option that takes an object, of whose members all must hold; of those that do not, it tells. */
export function membersRule(expected: string, holds: (member: unknown, name: string) => boolean): OptionRule {
  const wrongIn = (value: object) => Object.entries(value).filter(([name, member]) => !holds(member, name));
  const told = ([name, member]: [string, unknown]) => `${name || "''"}: ${describe(member)}`;
  return {
    expected,
    holds: (value) => isRecord(value) && wrongIn(value).length === 0,
    got: (value) => (isRecord(value) ? wrongIn(value).map(told).join(', ') : describe(value)),
  };
}

/** A function that is called with one object. One of several arguments, as others call theirs, finds nothing there. */
export function handlerRule(shape: string): OptionRule {
  return { expected: `a function of one object, such as ${shape}`, holds: isHandler, got: functionGot };
}

/** An array of them. */
export function handlersRule(shape: string): OptionRule {
  return {
    expected: `an array of functions of one object, such as ${shape}`,
    holds: (value) => isListOf(isHandler, value),
    got: (value) => functionGot(Array.isArray(value) ? value.find((each) => !isHandler(each)) : value),
  };
}

function isHandler(value: unknown): boolean {
  return typeof value === 'function' && value.length <= 1;
}

/** What came instead of a function of so many arguments. */
export function functionGot(value: unknown): string {
  return typeof value === 'function' && value.length > 1
    ? `${describe(value)}, of ${value.length} arguments`
    : describe(value);
}

function isCount(value: unknown, least: number, most = Number.MAX_SAFE_INTEGER): boolean {
  return Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most;
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function isListOf(isMember: (value: unknown) => boolean, value: unknown): boolean {
  return Array.isArray(value) && value.every(isMember);
}

/** Whether these are options all the same: those of an object of a class may be methods and getters. */
function inheritsSome(options: unknown, known: object): boolean {
  const isObject = typeof options === 'object' && options !== null && !Array.isArray(options);
  return isObject && Object.keys(known).some((name) => name in options);
}

/**
 * Checks an options object at the moment it is given: an unknown name or a wrong value is a `UsageError` with code
 * `UNKNOWN_OPTION` or `INVALID_OPTION` that says whose option it is, what was expected and what came.
 */
export function checkOptions(owner: string, options: object, known: Readonly<Record<string, OptionRule>>): void {
  if (!isRecord(options) && !inheritsSome(options, known)) {
    const shape = `an object, such as { ${Object.keys(known)[0]}: … }`;
    const message = `the options of ${owner} should be ${shape}; got ${describe(options)}`;
    throw new UsageError('INVALID_OPTION', message, { owner });
  }
  const required = Object.entries(known).filter(([, { isRequired }]) => isRequired);
  const needed = Object.fromEntries(
    required.map(([name]) => [name, (options as Readonly<Record<string, unknown>>)[name]]),
  );
  for (const [name, value] of Object.entries({ ...needed, ...options })) {
    const rule = Object.hasOwn(known, name) ? known[name] : undefined;
    if (rule === undefined) {
      const message = `${owner} has no option '${name}'.${meant(name, known)}`;
      throw new UsageError('UNKNOWN_OPTION', message, { owner, option: name });
    }
    if (value === undefined ? rule.isRequired !== true : rule.holds(value)) continue;
    const message = `option '${name}' of ${owner} should be ${rule.expected}; got ${(rule.got ?? describe)(value)}`;
    throw new UsageError('INVALID_OPTION', message, { owner, option: name, value });
  }
}

function meant(name: string, known: Readonly<Record<string, OptionRule>>): string {
  const entries = Object.entries(known);
  const inside = entries.flatMap(([option, { members = [] }]) => {
    return members.map((member) => [member, `${option}: { ${member}: … }`] as const);
  });
  const ways = new Map([...inside, ...entries.map(([option]) => [option, `'${option}'`] as const)]);
  if (ways.has(name)) return ` Write it as ${ways.get(name)}.`;
  const plain = (text: string) => text.replaceAll('_', '').toLowerCase();
  const ours = entries.find(([, { elsewhere = [] }]) => elsewhere.map(plain).includes(plain(name)));
  if (ours !== undefined) return ` Here it is '${ours[0]}'.`;
  const near = nearest(name, ways.keys());
  if (near !== undefined) return ` Did you mean ${ways.get(near)}?`;
  const all = entries.map(([option, { members = [] }]) => {
    return members.length === 0 ? option : `${option} (${members.join(', ')})`;
  });
  return ` It takes: ${all.join(', ')}.`;
}

/** Throws `INVALID_NAME` for what is no name; `needs` says who needs one. */
export function assertName(name: unknown, needs: string): asserts name is string {
  if (!isText(name)) throw new UsageError('INVALID_NAME', `${needs}; got ${describe(name)}`);
}

/** A value in a few words, for the end of "got …". */
export function describe(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'function') return `the function ${value.name || '(anonymous)'}`;
  if (typeof value !== 'object' || value === null) return String(value);
  try {
    if (Array.isArray(value)) return `an array of ${value.length}`;
    if (value instanceof Date && Number.isNaN(value.getTime())) return 'an Invalid Date';
    const name = Object.getPrototypeOf(value)?.constructor?.name;
    return typeof name === 'string' && name !== '' && name !== 'Object' ? withArticle(name) : 'an object';
  } catch {
    return 'an object that does not let itself be read';
  }
}
