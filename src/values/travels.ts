// What a person is told about a value that cannot travel: whose value, where in it, what is there, why, what to do.

import { HeddleError } from '../lib/heddle-error.ts';
import { type Finding, diagnose } from './diagnosis.ts';
import { isExact } from './exactness.ts';

export type Role = 'input' | 'result' | 'constant' | 'parameter';

/** Whose value it is. `name` is the input's, constant's or parameter's own. */
export interface Destination {
  readonly role: Role;
  readonly task?: string | undefined;
  readonly mapIndex?: number | undefined;
  readonly name?: string | undefined;
}

/** A value that cannot be sent: it holds code, a live resource, or what only exists in its own process. */
export class NotSerializableError extends HeddleError {
  declare readonly role: Role;
  declare readonly task?: string;
  declare readonly mapIndex?: number;
  /** From the role down, such as `result.rows[0].owner`. */
  declare readonly path: string;
  declare readonly findings: readonly Finding[];

  constructor(destination: Destination, findings: readonly [Finding, ...Finding[]]) {
    const { role, task, mapIndex } = destination;
    super('VALUE_NOT_SERIALIZABLE', explain(destination, findings), {
      role,
      ...(task !== undefined && { task }),
      ...(mapIndex !== undefined && { mapIndex }),
      path: pathFrom(destination, findings[0]),
      findings,
    });
    this.name = 'NotSerializableError';
  }
}

/**
 * Throws a `NotSerializableError` when `value` cannot be sent. Returns what would arrive changed, mostly nothing, for
 * the caller to warn of.
 */
export function assertTravels(value: unknown, destination: Destination): readonly Finding[] {
  if (isExact(value)) return [];
  const { refused, changed } = diagnose(value);
  const [first, ...rest] = refused;
  if (first !== undefined) throw new NotSerializableError(destination, [first, ...rest]);
  return changed.filter(({ kind }) => !harmless.has(kind));
}

/** Changes that are too common and too seldom matter to warn of. */
const harmless: ReadonlySet<string> = new Set(['null-prototype', 'last-index']);

function explain(destination: Destination, [first, ...rest]: readonly [Finding, ...Finding[]]): string {
  const lines = [
    whoseValue(destination),
    '',
    `  ${pathFrom(destination, first)}`,
    `    ${first.what}`,
    '',
    `  Why: ${first.why}.`,
    '  Fix:',
    ...first.remedy.slice(0, 3).map((remedy) => `    - ${remedy}`),
  ];
  const others = rest.slice(0, 3).map((finding) => `${pathFrom(destination, finding)} ${finding.what}`);
  if (others.length > 0) lines.push('', `  Also: ${others.join('; ')}.`);
  return lines.join('\n');
}

function whoseValue({ role, task, mapIndex, name }: Destination): string {
  if (role === 'parameter') return `Parameter '${name ?? ''}' has a value that cannot be sent to a worker.`;
  const who = `Task '${task ?? ''}'${mapIndex === undefined ? '' : ` [map index ${mapIndex}]`}`;
  if (role === 'result') return `${who} returned a value that cannot be sent back to the flow.`;
  return `${who} was given ${role === 'input' ? 'an input' : 'a constant'} that cannot be sent to a worker.`;
}

function pathFrom({ role, name }: Destination, { path }: Finding): string {
  return `${role}${name === undefined ? '' : ` '${name}'`}${path}`;
}
