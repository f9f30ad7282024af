// An error that is data always arrives, as a thrown one does: but not always as it was.

import type { EnvelopeChange } from './envelope.ts';
import { describePartLoss, prototypeOf, type ErrorRecord, type PartLoss, type ThrownRecord } from './error-record.ts';
import { nameOf } from './kinds.ts';
import { shorten, stepTo } from './members.ts';
import { errorTypeNamed } from './types.ts';

const mostTold = 3;

/** In which way what is made of `record` is not the same as `error`, of which it was made. */
export function changeOfError(error: object, record: unknown): EnvelopeChange | undefined {
  const { losses, remote } = lossesOf(record as ThrownRecord);
  const other = (record as ThrownRecord).kind === 'error' ? otherClass(error, record as ErrorRecord) : undefined;
  if (other === undefined && losses.length === 0 && remote.length === 0) return undefined;
  const changes = [
    ...(other === undefined ? [] : [other.why]),
    ...(losses.length > 0 ? [`not all of it arrives: ${describeAll(losses)}`] : []),
    ...(other === undefined && losses.length === 0 ? [`it arrives with a RemoteError for ${remote.join(', ')}`] : []),
  ];
  const fixes = losses.flatMap(({ path, loss: { fix } }) => (fix === undefined ? [] : [`of ${path}: ${fix}`]));
  return {
    kind: 'error',
    what: `is ${nameOf(error)}`,
    why: changes.join(', and '),
    remedy: [...(other === undefined ? [] : [other.fix]), ...fixes, ...remote.map(registering)].slice(0, mostTold),
  };
}

function registering(name: string): string {
  return `call registerError(${name}) in a module that both sides import`;
}

/** What is said when it arrives as an instance of another class. */
function otherClass(error: object, record: ErrorRecord): { readonly why: string; readonly fix: string } | undefined {
  if (prototypeOf(record) === shownPrototypeOf(error)) return undefined;
  const { tag, classes } = record;
  const base = tag === undefined ? undefined : errorTypeNamed(tag)?.name;
  const why =
    base === undefined
      ? 'it arrives as a RemoteError, since its class is not registered'
      : `it arrives as a ${base}, which is registered, since its own class is not`;
  return { why, fix: registering(classes[0] ?? 'Error') };
}

/** Errors of Node's own may be of a class that it hides, and pass for what that extends. */
function shownPrototypeOf(error: object): object | null {
  const prototype = Object.getPrototypeOf(error) as object | null;
  const isHidden = prototype !== null && Object.getOwnPropertyDescriptor(prototype, 'constructor')?.get !== undefined;
  return isHidden ? (Object.getPrototypeOf(prototype) as object | null) : prototype;
}

interface PlacedLoss {
  /** From the error down, such as `.cause.body`. */
  readonly path: string;
  readonly loss: PartLoss;
}

function describeAll(losses: readonly PlacedLoss[]): string {
  const told = losses
    .slice(0, mostTold)
    .map(({ path, loss: { what, why } }) => `${path} ${describePartLoss({ what, why })}`);
  const more = losses.length - told.length;
  return [...told, ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}

/** What is lost of an error and of those inside of it; and the classes inside of it that will not be known. */
function lossesOf(root: ThrownRecord): { readonly losses: readonly PlacedLoss[]; readonly remote: readonly string[] } {
  const losses: PlacedLoss[] = [];
  const remote: string[] = [];
  const open: { readonly path: string; readonly record: ThrownRecord }[] = [{ path: '', record: root }];
  for (const { path, record } of open) {
    if (record.kind !== 'error') {
      if (record.loss !== undefined) losses.push({ path: path === '' ? 'it' : path, loss: record.loss });
      continue;
    }
    const own = Object.entries(record.notSent ?? {});
    losses.push(...own.map(([key, loss]) => ({ path: path + stepOf(key), loss })));
    if (record !== root && prototypeOf(record) === undefined) remote.push(record.classes[0] ?? 'an error');
    open.push(
      ...innerOf(record).map(({ step, record: inner }) => ({ path: shorten(path + step, 400), record: inner })),
    );
  }
  return { losses, remote };
}

/** A symbol is named as one writes it, and the fields beyond the last that is sent are no one of them. */
function stepOf(key: string): string {
  if (key === '…') return 'there';
  return /^Symbol\(.*\)$/.test(key) ? `[${key}]` : stepTo(key);
}

function innerOf({ cause, errors = [], fields = {} }: ErrorRecord): { step: string; record: ThrownRecord }[] {
  const inFields = Object.entries(fields).flatMap(([key, field]) => {
    return field.kind === 'error' ? [{ step: stepTo(key), record: field.error }] : [];
  });
  return [
    ...(cause === undefined ? [] : [{ step: '.cause', record: cause }]),
    ...errors.map((record, index) => ({ step: `.errors[${index}]`, record })),
    ...inFields,
  ];
}
