// Types of the platform that the copier would empty without a word, and errors with all that they hold. They are
// registered wherever values are encoded or decoded.

import type { EnvelopeChange } from './envelope.ts';
import { changeOfError } from './error-change.ts';
import { nameOf } from './kinds.ts';
import { encodeThrown } from './thrown.ts';
import { decodeThrown } from './thrown-again.ts';
import { viewOf } from './copier.ts';
import { registerBuiltIn, registerBuiltInLate, registerTag, sharedViewTag } from './types.ts';

registerBuiltIn(URL, { encode: (url) => url.href, decode: (href: string) => new URL(href), changeOf: withoutAdded });

registerBuiltIn(URLSearchParams, {
  encode: (search) => [...search],
  decode: (pairs: [string, string][]) => new URLSearchParams(pairs),
  changeOf: withoutAdded,
});

// To look at it loads all that `fetch` needs.
registerBuiltInLate('Headers', () => Headers, {
  encode: (headers) => [...headers],
  decode: (pairs: [string, string][]) => new Headers(pairs),
  changeOf: withoutAdded,
});

registerTag(sharedViewTag, ([number, memory, offset, length]: [number, SharedArrayBuffer, number, number]) =>
  viewOf(number, memory, offset, length),
);

/** These are made again of what they are for, and of nothing that was put on them. */
function withoutAdded(value: object): EnvelopeChange | undefined {
  const symbols = Object.getOwnPropertySymbols(value);
  const added = [...Object.keys(value), ...symbols.map(String)];
  if (added.length === 0) return undefined;
  return {
    kind: 'added-property',
    what: `is ${nameOf(value)} with added properties`,
    why: `it arrives without ${added.slice(0, 4).join(', ')}${added.length > 4 ? ', …' : ''}`,
    remedy: ['send them beside the value'],
  };
}

/** Those that the copier would strip of something. */
for (const type of [Error, DOMException]) {
  registerBuiltIn<Error>(type, { encode: encodeThrown, decode: decodeThrown, changeOf: changeOfError });
}

interface TemporalClass {
  readonly prototype: object;
  readonly name: string;
  readonly from: (text: unknown) => object;
}

/** Of Node 26 on. All but durations have a text that says all there is. */
const temporal = Reflect.get(globalThis, 'Temporal') as Readonly<Record<string, TemporalClass>> | undefined;
const kinds = [
  'Instant',
  'PlainDate',
  'PlainTime',
  'PlainDateTime',
  'PlainYearMonth',
  'PlainMonthDay',
  'ZonedDateTime',
];
for (const kind of temporal === undefined ? [] : kinds) {
  const type = temporal![kind]!;
  registerBuiltIn(type, { encode: String, decode: (text: string) => type.from(text), changeOf: withoutAdded });
}

const units = 'years months weeks days hours minutes seconds milliseconds microseconds nanoseconds'.split(' ');
if (temporal !== undefined) {
  const { Duration } = temporal;
  registerBuiltIn(Duration!, {
    encode: (duration) => Object.fromEntries(units.map((unit) => [unit, Reflect.get(duration, unit)])),
    decode: (amounts: object) => Duration!.from(amounts),
    changeOf: withoutAdded,
  });
}
