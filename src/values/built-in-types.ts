// Types of the platform that the copier would empty without a word, and errors with all that they hold. They are
// registered wherever values are encoded or decoded.

import type { EnvelopeChange } from './envelope.ts';
import { changeOfError } from './error-change.ts';
import { nameOf } from './kinds.ts';
import { encodeThrown } from './thrown.ts';
import { decodeThrown } from './thrown-again.ts';
import { viewOf } from './copier.ts';
import { registerBuiltIn, registerBuiltInLate, registerTag, sharedViewTag } from './types.ts';

registerBuiltIn(URL, {
  // Whatever was put on the value itself.
  encode: (url) => Reflect.get(URL.prototype, 'href', url),
  decode: (href: string) => new URL(href),
  changeOf: withoutAdded,
});

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
  new (...parts: readonly unknown[]): object;
  readonly prototype: { toString: (options: { readonly calendarName: 'always' }) => string };
  readonly name: string;
  readonly from: (text: string) => object;
}

type TemporalCodec = readonly [
  encode: (value: object, type: TemporalClass) => unknown,
  decode: (data: never, type: TemporalClass) => object,
];

const asText: TemporalCodec = [textOf, (text: string, type) => type.from(text)];

/** As what its constructor takes, where the text does not say all there is, or `from()` does not heed it. */
function asParts(partsOf: (value: object, type: TemporalClass) => readonly unknown[]): TemporalCodec {
  return [partsOf, (parts: readonly unknown[], type) => new type(...parts)];
}

const units = 'years months weeks days hours minutes seconds milliseconds microseconds nanoseconds'.split(' ');

const temporalCodecs: Readonly<Record<string, TemporalCodec>> = {
  Instant: asText,
  PlainDate: asText,
  PlainTime: asText,
  PlainDateTime: asText,
  PlainYearMonth: asParts((value, type) => {
    const { year, month, day, calendar } = isoPartsOf(value, type);
    return [Number(year), Number(month), calendar, Number(day)];
  }),
  PlainMonthDay: asParts((value, type) => {
    const { year, month, day, calendar } = isoPartsOf(value, type);
    return [Number(month), Number(day), calendar, Number(year)];
  }),
  // Two moments may have one text: before and after the clocks were set back by less than a minute.
  ZonedDateTime: asParts((value, type) => propertiesOf(value, type, ['epochNanoseconds', 'timeZoneId', 'calendarId'])),
  Duration: asParts((value, type) => propertiesOf(value, type, units)),
};

/** Whatever was put on the value itself. */
function propertiesOf(value: object, { prototype }: TemporalClass, names: readonly string[]): readonly unknown[] {
  return names.map((name) => Reflect.get(prototype, name, value) as unknown);
}

function textOf(value: object, { prototype }: TemporalClass): string {
  return prototype.toString.call(value, { calendarName: 'always' });
}

function isoPartsOf(value: object, type: TemporalClass): Readonly<Record<string, string>> {
  return /^(?<year>.+)-(?<month>\d\d)-(?<day>\d\d)\[u-ca=(?<calendar>.+)\]$/.exec(textOf(value, type))!.groups!;
}

/** Of Node 26 on. */
const temporal = Reflect.get(globalThis, 'Temporal') as Readonly<Record<string, TemporalClass>> | undefined;
if (temporal !== undefined) {
  for (const [kind, [encode, decode]] of Object.entries(temporalCodecs)) {
    const type = temporal[kind]!;
    registerBuiltIn(type, {
      encode: (value) => encode(value, type),
      decode: (data: never) => decode(data, type),
      changeOf: withoutAdded,
    });
  }
}
