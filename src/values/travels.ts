// What a person is told about a value that cannot travel: whose value, where in it, what is there, why, what to do.

import { HeddleError, UsageError } from '../lib/heddle-error.ts';
import { type Finding, diagnose, harmless } from './diagnosis.ts';
import './built-in-types.ts';
import { isExact } from './exactness.ts';
import { withEnvelopes, type Sharing } from './replace.ts';

export type Role = 'input' | 'result' | 'constant' | 'parameter' | 'secret' | 'captured' | 'output';

/** Whose value it is. `name` is the input's, constant's or parameter's own. */
export interface Destination extends Sharing {
  readonly role: Role;
  /** Of an output, the flow's name. */
  readonly task?: string | undefined;
  readonly mapIndex?: number | undefined;
  readonly name?: string | undefined;
  /** Of what is captured: by whom, given the beginning of its path. */
  readonly holderOf?: ((path: string) => string | undefined) | undefined;
  /** Likewise: how the task was made, `inside a function` unless it says otherwise. */
  readonly made?: string | undefined;
  /** What is done about silent changes; `'warn'` by default. */
  readonly check?: Check | undefined;
}

/** What becomes of a value that would arrive changed: an error, a warning in the log, or nothing. */
export type Check = 'strict' | 'warn' | 'off';

/** A value that cannot be sent: it holds code, a live resource, or what only exists in its own process. */
export class NotSerializableError extends HeddleError {
  declare readonly role: Role;
  declare readonly task?: string;
  declare readonly mapIndex?: number;
  /** From the role down, such as `result.rows[0].owner`. */
  declare readonly path: string;
  declare readonly findings: readonly Finding[];

  constructor(destination: Destination, findings: readonly [Finding, ...Finding[]], cause?: unknown) {
    const { role } = destination;
    const headline = `${whoseValue(destination)} that cannot be ${goals[role] ?? 'sent to a worker'}.`;
    const code = role === 'captured' ? 'CAPTURE_NOT_SERIALIZABLE' : 'VALUE_NOT_SERIALIZABLE';
    super(code, explainTo(destination, headline, findings), { ...factsOf(destination, findings[0]), findings, cause });
    this.name = 'NotSerializableError';
  }
}

const goals: Readonly<Partial<Record<Role, string>>> = {
  result: 'sent back to the flow',
  output: 'looked through for tasks',
};

/** A value on its way. */
export interface Sendable {
  /** What is to be encoded in its place: the value itself, or a copy with envelopes in it. */
  readonly value: unknown;
  /** What will arrive changed, mostly nothing, for the caller to warn of. */
  readonly changed: readonly Finding[];
}

const nothing: readonly Finding[] = [];

/**
 * `value` as it can be sent. Throws a `NotSerializableError` when it cannot; and `VALUE_WOULD_CHANGE` when it would
 * arrive changed, if the destination is strict.
 */
export function sendable(value: unknown, destination: Destination): Sendable {
  if (isExact(value)) return { value, changed: nothing };
  const { packed: sent, refused, changed } = diagnose(value, destination);
  const [first, ...rest] = refused;
  if (first !== undefined) throw new NotSerializableError(destination, [first, ...rest]);
  const { check = 'warn' } = destination;
  if (check === 'off') return { value: sent, changed: nothing };
  const [change, ...others] = changed.filter(({ kind }) => !harmless.has(kind));
  if (change === undefined) return { value: sent, changed: nothing };
  if (check === 'strict') throw wouldChange(destination, [change, ...others]);
  return { value: sent, changed: [change, ...others] };
}

/** `value` as it is best sent, whatever becomes of it: for what was looked at before, or is nobody's but ours. */
export function packed(value: unknown): unknown {
  return isExact(value) ? value : withEnvelopes(value).packed;
}

/**
 * What `look` gives, which looks at `value`. When it fails because a Proxy in there lets nobody in, that is said as it
 * is of any Proxy that cannot travel.
 */
export function lookingAt<T>(value: unknown, destination: Destination, look: () => T): T {
  try {
    return look();
  } catch (error) {
    const isOurs = error instanceof HeddleError || error instanceof UsageError;
    const [first, ...rest] = isOurs ? [] : diagnose(value).refused.filter(({ kind }) => kind === 'proxy');
    throw first === undefined ? error : new NotSerializableError(destination, [first, ...rest], error);
  }
}

/** One change as one sentence, for the log. */
export function describeChange(destination: Destination, finding: Finding): string {
  const { what, why, remedy } = finding;
  const isOfFlow = destination.role === 'parameter' || destination.role === 'secret';
  const whose = isOfFlow ? '' : ` of task '${destination.task ?? ''}'`;
  const fix = remedy[0] === undefined ? '' : `. Fix: ${remedy[0]}`;
  return `${pathFrom(destination, finding)}${whose} ${what}: ${why}${fix}`;
}

function wouldChange(destination: Destination, findings: readonly [Finding, ...Finding[]]): HeddleError {
  const headline = `${whoseValue(destination)} that would arrive changed, and its check is 'strict'.`;
  const facts = { ...factsOf(destination, findings[0]), findings };
  return new HeddleError('VALUE_WOULD_CHANGE', explainTo(destination, headline, findings), facts);
}

/** What errors about a part of a value have as fields. */
export function factsOf(destination: Destination, part: Pick<Finding, 'path'>) {
  const { role, task, mapIndex } = destination;
  const whose = { role, ...(task !== undefined && { task }), ...(mapIndex !== undefined && { mapIndex }) };
  return { ...whose, path: pathFrom(destination, part) };
}

type Explained = Omit<Finding, 'kind'>;

function explainTo(
  destination: Destination,
  headline: string,
  [first, ...rest]: readonly [Explained, ...Explained[]],
): string {
  const named = (finding: Explained) => ({ ...finding, path: pathFrom(destination, finding) });
  return explain(headline, [named(first), ...rest.map(named)], destination.holderOf?.(first.path));
}

/** What is wrong with a value, by the whole paths of its parts. */
export function explain(
  headline: string,
  [first, ...rest]: readonly [Explained, ...Explained[]],
  holder?: string,
): string {
  const lines = [
    headline,
    '',
    `  ${first.path}`,
    `    ${first.what}`,
    ...(holder === undefined ? [] : [`    captured by ${holder}`]),
    '',
    `  Why: ${first.why}.`,
    '  Fix:',
    ...first.remedy.slice(0, 3).map((remedy) => `    - ${remedy}`),
  ];
  const others = rest.slice(0, 3).map(({ path, what }) => `${path} ${what}`);
  if (others.length > 0) lines.push('', `  Also: ${others.join('; ')}.`);
  return lines.join('\n');
}

/** The beginning of a sentence that ends with what is wrong with the value. */
export function whoseValue({ role, task, mapIndex, name, made }: Destination): string {
  if (role === 'parameter') return `Parameter '${name ?? ''}' has a value`;
  if (role === 'secret') return `Secret '${name ?? ''}' has a value`;
  if (role === 'output') return `The builder of flow '${task ?? ''}' returned a value`;
  const who = `Task '${task ?? ''}'${mapIndex === undefined ? '' : ` [map index ${mapIndex}]`}`;
  if (role === 'result') return `${who} returned a value`;
  if (role === 'captured') return `${who} was made ${made ?? 'inside a function'} and captures a value`;
  return `${who} was given ${role === 'input' ? 'an input' : 'a constant'}`;
}

function pathFrom({ role, name }: Destination, { path }: Pick<Finding, 'path'>): string {
  // What is captured is one object, whose keys are the variables.
  if (role === 'captured') return path.replace(/^\./, '');
  return `${role}${name === undefined ? '' : ` '${name}'`}${path}`;
}
