// Types of the platform that the copier would empty without a word, and errors with all that they hold. They are
// registered wherever values are encoded or decoded.

import { changeOfError } from './error-change.ts';
import { decodeThrown, encodeThrown } from './thrown.ts';
import { viewOf } from './copier.ts';
import { registerBuiltIn, registerBuiltInLate, registerTag, sharedViewTag } from './types.ts';

registerBuiltIn(URL, { encode: (url) => url.href, decode: (href: string) => new URL(href) });

registerBuiltIn(URLSearchParams, {
  encode: (search) => [...search],
  decode: (pairs: [string, string][]) => new URLSearchParams(pairs),
});

// To look at it loads all that `fetch` needs.
registerBuiltInLate('Headers', () => Headers, {
  encode: (headers) => [...headers],
  decode: (pairs: [string, string][]) => new Headers(pairs),
});

registerTag(sharedViewTag, ([number, memory, offset, length]: [number, SharedArrayBuffer, number, number]) =>
  viewOf(number, memory, offset, length),
);

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
  registerBuiltIn(type, { encode: String, decode: (text: string) => type.from(text) });
}

const units = 'years months weeks days hours minutes seconds milliseconds microseconds nanoseconds'.split(' ');
if (temporal !== undefined) {
  const { Duration } = temporal;
  registerBuiltIn(Duration!, {
    encode: (duration) => Object.fromEntries(units.map((unit) => [unit, Reflect.get(duration, unit)])),
    decode: (amounts: object) => Duration!.from(amounts),
  });
}
