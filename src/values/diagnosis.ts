// Why a value does not arrive as it is, and where in it. The slow path: it runs only when the scan of `exactness.ts`
// said no. It goes breadth first, so that what it reports is what is nearest to the value's own name.

import { types } from 'node:util';
import { withArticle } from '../lib/article.ts';
import { write } from './copier.ts';
import { Envelope } from './envelope.ts';
import { hasOrdinaryMemory, isExact, isTooDeep, kindOfView, maxDepth } from './exactness.ts';
import { classChange } from './class-change.ts';
import { adviceOn, classNames, isForeign, isPlain, nameOf, prototypesOf, refusedKind } from './kinds.ts';
import { type Member, membersOf, shorten, stepTo, textOf } from './members.ts';
import { isOfClientPackage, isOfLimiterPackage, nameWithOrigin, homePackage } from './origin.ts';
import { refusals, type RefusedKind } from './refusals.ts';
import { withEnvelopes, type Sharing } from './replace.ts';
import { muted } from './types.ts';

/** One place in a value that keeps it from arriving as it is. */
export interface Finding {
  /** From the value down, such as `.rows[0].owner`; empty for the value itself. */
  readonly path: string;
  /** A clause, such as `is a Promise`. */
  readonly what: string;
  /** What sort of hindrance it is, for programs. */
  readonly kind: RefusedKind | ChangedKind;
  readonly why: string;
  /** What to do instead, the likeliest first; at most three. */
  readonly remedy: readonly string[];
}

export type ChangedKind =
  | 'class'
  | 'realm'
  | 'error'
  | 'null-prototype'
  | 'last-index'
  | 'memory-layout'
  | 'symbol-key'
  | 'added-property'
  | 'unsearched';

/** Changes that are too common and too seldom matter to warn of. */
export const harmless: ReadonlySet<string> = new Set<ChangedKind>(['realm', 'null-prototype', 'last-index']);

/** What cannot travel at all, and what would arrive, but changed. At most five of each. */
export interface Diagnosis {
  readonly refused: readonly Finding[];
  readonly changed: readonly Finding[];
}

const maxFindings = 5;
const maxNodes = 2_000_000;
const maxMs = 400;

/**
 * Finds what keeps `value` from arriving as it is. Both lists are empty exactly when nothing does. `packed` is what is
 * to be encoded in its place.
 */
export function diagnose(value: unknown, sharing?: Sharing): Diagnosis & { readonly packed: unknown } {
  if (isExact(value)) return { packed: value, refused: [], changed: [] };
  const { packed, isTooDeep: isEndless } = withEnvelopes(value, sharing);
  return isEndless ? { packed, refused: [tooDeep(value)], changed: [] } : { packed, ...diagnosePacked(packed) };
}

function diagnosePacked(value: unknown): Diagnosis {
  if (isExact(value)) return { refused: [], changed: [] };
  const { refused, changed, isComplete } = new Search(value).run();
  if (refused.length > 0) return { refused, changed };
  const unlisted = findUnlisted(value);
  if (unlisted !== undefined) return { refused: [unlisted], changed };
  if (changed.length > 0) return { refused, changed };
  const why = isComplete ? 'the search did not find what' : 'it is too large to be searched to its end';
  const what = 'holds something that would arrive changed';
  return { refused, changed: [{ path: '', kind: 'unsearched', what, why, remedy: ['send plain data'] }] };
}

interface Node {
  readonly value: unknown;
  readonly step: string;
  readonly parent: Node | undefined;
}

class Search {
  readonly #queue: Node[];
  readonly #seen = new Set<object>();
  readonly #refused: Finding[] = [];
  readonly #changed: Finding[] = [];
  /** How many were refused, alike or not. */
  #found = 0;
  /** Where there is one, there are often more than are told; and each that is rejected would end the process. */
  #hasPromise = false;

  constructor(value: unknown) {
    this.#queue = [{ value, step: '', parent: undefined }];
  }

  run(): Diagnosis & { readonly isComplete: boolean } {
    const deadline = performance.now() + maxMs;
    let visited = 0;
    while (visited < this.#queue.length && (this.#found < maxFindings || this.#hasPromise)) {
      if (visited >= maxNodes || (visited % 1_024 === 1_023 && performance.now() > deadline)) break;
      this.#visit(this.#queue[visited]!);
      visited += 1;
    }
    const changed = this.#changed.filter(({ path }) => !this.#refused.some((refused) => isWithin(refused.path, path)));
    return { refused: this.#refused, changed, isComplete: visited === this.#queue.length };
  }

  #visit(node: Node): void {
    const { value } = node;
    const kind = refusedKind(value);
    if (kind === 'promise') {
      this.#hasPromise = true;
      muted(value);
    }
    if (kind !== undefined) {
      if (this.#found < maxFindings) this.#refuse(node, kind);
      return;
    }
    if (typeof value !== 'object' || value === null || this.#seen.has(value)) return;
    this.#seen.add(value);
    if (Envelope.is(value) && value.problem !== undefined) {
      this.#add(refusal('codec', pathTo(node), `is ${value.what} ${value.problem}`));
      return;
    }
    this.#noteChanges(node, value);
    for (const member of membersOf(value)) this.#enqueue(node, member);
  }

  #refuse(node: Node, kind: RefusedKind): void {
    const holder = holderOf(node);
    if (holder === undefined) {
      const what = `is ${nameWithOrigin(node.value)}${kind === 'detached' ? ' whose memory is gone' : ''}`;
      const advice = adviceOn(node.value);
      const finding = refusal(betterKind(node.value, kind), pathTo(node), what);
      this.#add(advice === undefined ? finding : { ...finding, remedy: [advice] });
      return;
    }
    const path = pathTo(holder);
    const place = pathTo(node).slice(path.length);
    const what = `is ${nameWithOrigin(holder.value)}, which holds ${nameOf(node.value)} in ${place}`;
    const remedy = kind === 'function' ? classChange(holder.value as object).remedy : refusals[kind].remedy;
    this.#add({ ...refusal(kind, path, what), remedy });
  }

  /** What is wrong with one row is most likely wrong with all, and only told of the first. */
  #add(finding: Finding): void {
    if (this.#found >= maxFindings) return;
    this.#found += 1;
    const isTold = this.#refused.some((other) => other.path === finding.path || isAlike(other, finding));
    if (!isTold) this.#refused.push(finding);
  }

  #enqueue(parent: Node, { step, value, threw }: Member): void {
    const node = { value, step, parent };
    if (threw === undefined) this.#queue.push(node);
    else this.#add(refusal('getter', pathTo(node), `is a getter that threw: ${threw}`));
  }

  #noteChanges(node: Node, value: object): void {
    if (this.#changed.length >= maxFindings || holderOf(node) !== undefined) return;
    for (const { step, ...change } of changesOf(value)) {
      const finding = { path: pathTo(node) + step, ...change };
      const isTold = this.#changed.some((other) => isAlike(other, finding));
      if (!isTold && this.#changed.length < maxFindings) this.#changed.push(finding);
    }
  }
}

/** The outermost instance of a package around a value. Who put it there knows nothing of what it holds. */
function holderOf(node: Node): Node | undefined {
  let holder: Node | undefined;
  for (let at = node.parent; at !== undefined; at = at.parent) if (homePackage(at.value) !== undefined) holder = at;
  return holder;
}

function betterKind(value: unknown, kind: RefusedKind): RefusedKind {
  if (kind === 'emitter' && isOfClientPackage(value)) return 'connection';
  return (kind === 'emitter' || kind === 'function') && isOfLimiterPackage(value) ? 'lock' : kind;
}

/** In two elements of one list, say. */
function isAlike(a: Finding, b: Finding): boolean {
  return a.what === b.what && withoutIndices(a.path) === withoutIndices(b.path);
}

function withoutIndices(path: string): string {
  return path.replaceAll(/\[\d+\]|\.(?:item|key)\(\d+\)/g, '[]');
}

function isWithin(path: string, inner: string): boolean {
  return inner.startsWith(path) && /^(?:$|[.[])/.test(inner.slice(path.length));
}

type Change = Omit<Finding, 'path'> & { readonly step: string };

/** What the copier would change in this very value, its members aside. */
function changesOf(value: object): Change[] {
  const own = ownChange(value);
  if (own === undefined) return propertyChanges(value);
  // What a class keeps under symbols goes with the class, which is told.
  return own.kind === 'class' ? [own] : [own, ...propertyChanges(value)];
}

function ownChange(value: object): Change | undefined {
  if (isPlain(value) || (types.isNativeError(value) && isExact(value))) return undefined;
  if (Envelope.is(value)) return value.change && { ...value.change, step: '' };
  const prototypes = prototypesOf(value);
  if (prototypes.length === 0) {
    const why = 'it arrives as an ordinary object, which inherits from Object.prototype';
    return change('null-prototype', `is ${nameOf(value)}`, why, ['send { ...value }, or a Map']);
  }
  const arrivesAs = classAfter(value);
  if (prototypes[0] !== arrivesAs.prototype) {
    const { why, remedy } = classChange(value, arrivesAs.name);
    const isSame = isForeign(prototypes[0]) && classNames(prototypes)[0] === arrivesAs.name;
    return change(isSame ? 'realm' : 'class', `is ${nameWithOrigin(value)}`, why, remedy);
  }
  if (types.isRegExp(value) && value.lastIndex !== 0) {
    const why = 'a regular expression arrives with lastIndex 0';
    return change('last-index', `is a RegExp with lastIndex ${value.lastIndex}`, why, [
      'set lastIndex where it is used',
    ]);
  }
  if (ArrayBuffer.isView(value) && !hasOrdinaryMemory(value)) {
    const why = 'a private copy of fixed size arrives';
    return change('memory-layout', `is ${nameOf(value)} over resizable memory`, why, ['send a copy: value.slice()']);
  }
  return undefined;
}

/** The class that the copier gives to what it makes of `value`. */
function classAfter(value: object): { readonly name: string; readonly prototype: object } {
  if (Array.isArray(value)) return Array;
  if (types.isMap(value)) return Map;
  if (types.isSet(value)) return Set;
  if (types.isDate(value)) return Date;
  if (types.isRegExp(value)) return RegExp;
  if (types.isArrayBuffer(value)) return ArrayBuffer;
  if (types.isDataView(value)) return DataView;
  if (types.isTypedArray(value)) return typedArrayAfter(value);
  if (types.isNumberObject(value)) return Number;
  if (types.isStringObject(value)) return String;
  if (types.isBooleanObject(value)) return Boolean;
  if (types.isBigIntObject(value)) return BigInt;
  return Object;
}

function typedArrayAfter(value: NodeJS.TypedArray): { readonly name: string; readonly prototype: object } {
  const kind = kindOfView(value)!;
  if (kind === 'Uint8Array' && Object.getPrototypeOf(value) === Buffer.prototype) return Buffer;
  return Reflect.get(globalThis, kind) as { name: string; prototype: object };
}

function propertyChanges(value: object): Change[] {
  if (types.isNativeError(value) || Envelope.is(value)) return [];
  const symbols = Object.getOwnPropertySymbols(value).slice(0, maxFindings);
  const isOpen = Array.isArray(value) || classAfter(value) === Object;
  return [...symbols.map(symbolChange), ...(isOpen ? [] : addedProperties(value))];
}

function symbolChange(key: symbol): Change {
  const what = 'is a symbol-keyed property';
  return change('symbol-key', what, 'symbol keys are dropped', ['use a string as the key'], stepTo(key));
}

function addedProperties(value: object): Change[] {
  const added = addedNamesOf(value).slice(0, maxFindings);
  const why = `properties added to ${withArticle(classAfter(value).name)} are dropped`;
  return added.map((key) =>
    change('added-property', 'is an added property', why, ['send it beside the value'], stepTo(key)),
  );
}

function addedNamesOf(value: object): string[] {
  if (types.isTypedArray(value)) return Object.keys(value).slice(value.length);
  const names = Object.getOwnPropertyNames(value);
  if (types.isStringObject(value)) return names.filter((name) => name !== 'length').slice(value.length);
  return types.isRegExp(value) ? names.filter((name) => name !== 'lastIndex') : names;
}

/**
 * When the search found nothing (its tables do not know the thing, or its time was up), the copier itself is asked,
 * about ever smaller parts, as long as one is refused.
 */
function findUnlisted(root: unknown): Finding | undefined {
  const reason = copierRefuses(root);
  if (isTooDeep(root) || reason === 'too deep') return tooDeep(root);
  if (reason === undefined) return undefined;
  const node = smallestRefused({ value: root, step: '', parent: undefined });
  const kind = refusedKind(node.value);
  if (kind !== undefined) return refusal(kind, pathTo(node), `is ${nameWithOrigin(node.value)}`);
  const finding = refusal('unknown', pathTo(node), `is ${nameWithOrigin(node.value)}`);
  return { ...finding, why: `${finding.why}: ${copierRefuses(node.value) ?? reason}` };
}

function tooDeep(root: unknown): Finding {
  return refusal('depth', stepsToDepth(root), `is nested more than ${maxDepth.toLocaleString('en')} levels deep`);
}

/** Down to where it only goes on and on, or that is not of one member alone. */
function stepsToDepth(root: unknown): string {
  const steps: string[] = [];
  for (let value = root; typeof value === 'object' && value !== null && steps.length < 8;) {
    const deep = membersOf(value).find(({ value: member }) => isTooDeep(member) || withEnvelopes(member).isTooDeep);
    if (deep === undefined || deep.step === steps.at(-1)) break;
    steps.push(deep.step);
    ({ value } = deep);
  }
  return steps.join('');
}

function smallestRefused(root: Node): Node {
  const seen = new Set<unknown>();
  let node = root;
  for (let next: Node | undefined = root; next !== undefined; next = refusedMember(node, seen)) node = next;
  return node;
}

/** Halves the members until one is left: to ask about each alone could cost as many times the whole as there are. */
function refusedMember(parent: Node, seen: Set<unknown>): Node | undefined {
  const { value } = parent;
  if (typeof value !== 'object' || value === null || refusedKind(value) !== undefined) return undefined;
  seen.add(value);
  let suspects = membersOf(value).filter((member) => !seen.has(member.value));
  if (!isRefusedAmong(suspects)) return undefined;
  while (suspects.length > 1) {
    const half = suspects.slice(0, Math.ceil(suspects.length / 2));
    suspects = isRefusedAmong(half) ? half : suspects.slice(half.length);
  }
  return suspects[0] && { value: suspects[0].value, step: suspects[0].step, parent };
}

function isRefusedAmong(members: readonly Member[]): boolean {
  return copierRefuses(members.map((member) => member.value)) !== undefined;
}

/** The copier's reason for refusing `value`, if it does; without the content that it quotes. */
function copierRefuses(value: unknown): string | undefined {
  try {
    write(value, [], { attaching: new Map() });
    return undefined;
  } catch (error) {
    const { cause } = error as Error;
    if (cause instanceof RangeError && cause.message.includes('call stack')) return 'too deep';
    return textOf(cause).split(/[:\n]/)[0];
  }
}

function refusal(kind: RefusedKind, path: string, what: string): Finding {
  return { path, what, kind, ...refusals[kind] };
}

function change(kind: ChangedKind, what: string, why: string, remedy: readonly string[], step = ''): Change {
  return { step, what, kind, why, remedy };
}

function pathTo(node: Node): string {
  const steps: string[] = [];
  for (let at: Node | undefined = node; at !== undefined; at = at.parent) steps.push(at.step);
  return shorten(steps.reverse().join(''), 400);
}
