// Values that are too large, and where in them it is that most of the bytes are.

import { types } from 'node:util';
import { HeddleError } from '../lib/heddle-error.ts';
import { nameOf } from './kinds.ts';
import { membersOf, shorten } from './members.ts';
import { factsOf, whoseValue, type Destination } from './travels.ts';

/** Throws `VALUE_TOO_LARGE` when a value came to more bytes than it may. */
export function assertFits(value: unknown, bytes: number, destination: Destination & { readonly limitBytes: number }) {
  const { limitBytes } = destination;
  if (bytes <= limitBytes) return;
  const part = largestPart(value);
  const facts = factsOf(destination, part);
  const what =
    part.path === '' ? '' : `\n\n  Most of it is in ${facts.path}, ${nameOf(part.value)} of ${megabytes(part.bytes)}`;
  const message =
    `${whoseValue(destination)} of ${compared(bytes, limitBytes)}.${what}\n\n  Fix:\n` +
    `    - write it to storage, and send where it is\n    - or send it in parts: map over them\n` +
    `    - or raise the valueLimit of the task, or [values] limit in the configuration, in megabytes`;
  throw new HeddleError('VALUE_TOO_LARGE', message, { ...facts, bytes, limitBytes });
}

interface Part {
  readonly path: string;
  readonly value: unknown;
  readonly bytes: number;
}

/** Goes down as long as one member alone makes up most of the whole. */
function largestPart(root: unknown): Part {
  let part: Part = { path: '', value: root, bytes: sizeOf(root) };
  for (let steps = 0; steps < 20; steps += 1) {
    if (typeof part.value !== 'object' || part.value === null) break;
    const members = membersOf(part.value, isHeavy).map((member) => ({ ...member, bytes: sizeOf(member.value) }));
    const largest = members.reduce((a, b) => (b.bytes > a.bytes ? b : a), { step: '', value: undefined, bytes: 0 });
    if (largest.bytes < part.bytes / 2) break;
    part = { path: shorten(part.path + largest.step, 400), value: largest.value, bytes: largest.bytes };
  }
  return part;
}

/** About how many bytes a value comes to. What is in it twice counts once. */
function sizeOf(root: unknown): number {
  const seen = new Set<unknown>();
  const open = [root];
  let bytes = 0;
  for (let taken = 0; taken < open.length; taken += 1) {
    const value = open[taken];
    bytes += typeof value === 'string' ? value.length : 8;
    if (typeof value !== 'object' || value === null || types.isProxy(value) || seen.has(value)) continue;
    seen.add(value);
    if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) bytes += value.byteLength;
    else for (const member of membersOf(value, isHeavy)) open.push(member.value);
  }
  return bytes;
}

/** Texts count too, though nothing keeps them from travelling. */
function isHeavy(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'object';
}

/** In bytes where megabytes would not show the difference. */
function compared(bytes: number, limitBytes: number): string {
  const isClose = megabytes(bytes) === megabytes(limitBytes);
  const [size, limit] = [bytes, limitBytes].map((each) =>
    isClose ? `${each.toLocaleString('en')} bytes` : megabytes(each),
  );
  return `${size}, and the limit is ${limit}`;
}

function megabytes(bytes: number): string {
  if (bytes < 100_000) return `${bytes.toLocaleString('en')} bytes`;
  return `${(bytes / 2 ** 20).toLocaleString('en', { maximumFractionDigits: 1 })} MB`;
}
