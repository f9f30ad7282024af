// An error that is data always arrives, as a thrown one does: but not always as it was.

import type { EnvelopeChange } from './envelope.ts';
import { nameOf } from './kinds.ts';
import { prototypeOf, type ErrorRecord, type ThrownRecord } from './thrown.ts';

/** In which way what is made of `record` is not the same as `error`, of which it was made. */
export function changeOfError(error: object, record: unknown): EnvelopeChange | undefined {
  const { lost, remote } = lossesOf(record as ErrorRecord);
  const isOther = prototypeOf(record as ErrorRecord) !== Object.getPrototypeOf(error);
  if (!isOther && lost.length === 0 && remote.length === 0) return undefined;
  const name = (record as ErrorRecord).classes[0] ?? 'Error';
  const changes = [
    ...(isOther ? [`as a RemoteError, since its class is not registered`] : []),
    ...(lost.length > 0 ? [`without ${lost.slice(0, 4).join(', ')}${lost.length > 4 ? ', …' : ''}`] : []),
    ...(!isOther && lost.length === 0 ? [`with a RemoteError for ${remote.join(', ')}`] : []),
  ];
  return {
    kind: 'error',
    what: `is ${nameOf(error)}`,
    why: `it arrives ${changes.join(', and ')}`,
    remedy: [
      ...(isOther ? [`call registerError(${name}) in a module that both sides import`] : []),
      'send its fields as plain data',
    ],
  };
}

/** What is lost of an error and of those inside of it; and the classes inside of it that will not be known. */
function lossesOf(root: ErrorRecord): { readonly lost: readonly string[]; readonly remote: readonly string[] } {
  const lost: string[] = [];
  const remote: string[] = [];
  const open: ThrownRecord[] = [root];
  for (const record of open) {
    if (record.kind === 'cut') lost.push('a part that is circular, or too deep');
    else if (record.kind === 'value') lost.push(...(record.value === undefined ? [record.what] : []));
    else {
      lost.push(...Object.keys(record.notSent ?? {}));
      if (record !== root && prototypeOf(record) === undefined) remote.push(record.classes[0] ?? 'an error');
      open.push(...innerOf(record));
    }
  }
  return { lost, remote };
}

function innerOf({ cause, errors = [], fields = {} }: ErrorRecord): ThrownRecord[] {
  const inFields = Object.values(fields).flatMap((field) => (field.kind === 'error' ? [field.error] : []));
  return [...(cause === undefined ? [] : [cause]), ...errors, ...inFields];
}
