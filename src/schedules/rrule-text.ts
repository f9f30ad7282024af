import { UsageError } from '../lib/heddle-error.ts';
import { describe } from '../lib/options.ts';

/**
 * Reads the text of a recurrence (RFC 5545: `DTSTART`, `RRULE`, `RDATE`, `EXDATE`) and refuses what is out of range.
 * The library that computes the dates takes most mistakes in silence, and searches for their dates for ever.
 */
export interface RecurrenceText {
  readonly timeZone: string | undefined;
  readonly start: Stamp | undefined;
  readonly rules: readonly RuleText[];
  readonly dates: readonly Stamp[];
  readonly exceptions: readonly Stamp[];
}

/** A date as written: what a clock on the wall shows, or, with a `Z`, a moment. */
export interface Stamp {
  readonly time: number;
  readonly isMoment: boolean;
}

/** The parts of one `RRULE`, checked, by name and in capitals. */
export type RuleText = ReadonlyMap<string, string>;

const frequencies = 'YEARLY, MONTHLY, WEEKLY, DAILY, HOURLY, MINUTELY or SECONDLY';
const weekday = '(?:MO|TU|WE|TH|FR|SA|SU)';

interface PartRule {
  readonly expected: string;
  readonly holds: (value: string) => boolean;
}

const partRules: Readonly<Record<string, PartRule>> = {
  FREQ: { expected: frequencies, holds: (value) => frequencies.split(/, | or /).includes(value) },
  INTERVAL: whole('a whole number, 1 or more', 1, 1_000_000),
  COUNT: whole('a whole number, 1 or more', 1, Number.MAX_SAFE_INTEGER),
  UNTIL: { expected: `a time like '20301231T090000Z'`, holds: (value) => readStamp(value) !== undefined },
  WKST: matching(`a day like 'MO'`, new RegExp(`^${weekday}$`)),
  BYDAY: matching(
    `days like 'MO,WE' or '-1FR'`,
    new RegExp(`^(?:[+-]?[1-9]\\d?)?${weekday}(?:,(?:[+-]?[1-9]\\d?)?${weekday})*$`),
  ),
  BYMONTH: list('months from 1 to 12', 1, 12),
  BYMONTHDAY: signedList('days from 1 to 31, or from -31 to -1', 31),
  BYYEARDAY: signedList('days from 1 to 366, or from -366 to -1', 366),
  BYWEEKNO: signedList('weeks from 1 to 53, or from -53 to -1', 53),
  BYSETPOS: signedList('places from 1 to 366, or from -366 to -1', 366),
  BYHOUR: list('hours from 0 to 23', 0, 23),
  BYMINUTE: list('minutes from 0 to 59', 0, 59),
  BYSECOND: list('seconds from 0 to 59', 0, 59),
};

/** Throws `INVALID_RRULE`. */
export function readRecurrence(text: unknown): RecurrenceText {
  if (typeof text !== 'string' || text.trim() === '') {
    throw invalid(text, `should be a text like 'FREQ=WEEKLY;BYDAY=MO,WE'; got ${describe(text)}`);
  }
  const lines = text
    .trim()
    .split(/\s+/)
    .map((line) => readLine(line, text));
  const valuesOf = (name: string) =>
    lines.filter((line) => line.name === name).flatMap((line) => line.value.split(','));
  const stampsOf = (name: string) => valuesOf(name).map((value) => checkStamp(value, name, text));
  const [start, ...otherStarts] = stampsOf('DTSTART');
  const [timeZone, ...otherZones] = new Set(lines.flatMap((line) => line.timeZone ?? []));
  if (otherStarts.length > 0) throw invalid(text, `should have one DTSTART; got '${text}'`);
  if (otherZones.length > 0)
    throw invalid(text, `should have one time zone; got ${[timeZone, ...otherZones].join(', ')}`);
  const rules = lines.filter((line) => line.name === 'RRULE').map((line) => readRule(line.value, text));
  const dates = stampsOf('RDATE');
  if (rules.length + dates.length === 0) throw invalid(text, `should have an RRULE or an RDATE; got '${text}'`);
  return { timeZone, start, rules, dates, exceptions: stampsOf('EXDATE') };
}

export function readStamp(text: string): Stamp | undefined {
  const [, year, month, day, time = '', hour = '00', minute = '00', second = '00', zulu] =
    /^(\d{4})(\d\d)(\d\d)(T(\d\d)(\d\d)(\d\d)(Z)?)?$/.exec(text) ?? [];
  if (year === undefined || (time !== '' && hour === undefined)) return undefined;
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
  const date = new Date(iso);
  // A 30 February is read as one of the first days of March.
  if (Number.isNaN(date.getTime()) || date.toISOString() !== iso) return undefined;
  return { time: date.getTime(), isMoment: zulu !== undefined };
}

interface Line {
  readonly name: string;
  readonly timeZone: string | undefined;
  readonly value: string;
}

function readLine(line: string, text: string): Line {
  // A rule may stand alone, without its name.
  const [, name = 'RRULE', parameters = '', value = line] = /^([A-Za-z]+)((?:;[^:]+)?):(.*)$/.exec(line) ?? [];
  const property = name.toUpperCase();
  if (!['DTSTART', 'RRULE', 'RDATE', 'EXDATE'].includes(property)) {
    throw invalid(text, `should be made of DTSTART, RRULE, RDATE and EXDATE; got '${name}' in '${text}'`);
  }
  const [, timeZone] = /;TZID=([^;]+)/i.exec(parameters) ?? [];
  const others = parameters.replace(/;(?:TZID=[^;]+|VALUE=DATE(?:-TIME)?)/gi, '');
  if (others !== '' || (property === 'RRULE' && parameters !== '')) {
    throw invalid(text, `should have no '${parameters}' at ${property}; got '${text}'`);
  }
  return { name: property, timeZone, value: value.toUpperCase() };
}

function readRule(value: string, text: string): RuleText {
  const parts = new Map<string, string>();
  for (const part of value.replace(/;$/, '').split(';')) {
    const [, name = part, setting = ''] = /^([^=]*)=(.*)$/.exec(part) ?? [];
    const rule = Object.hasOwn(partRules, name) ? partRules[name] : undefined;
    if (rule === undefined) {
      throw invalid(text, `should be made of ${Object.keys(partRules).join(', ')}; got '${part}' in '${text}'`);
    }
    if (parts.has(name)) throw invalid(text, `should have one ${name}; got '${text}'`);
    if (!rule.holds(setting)) {
      throw invalid(text, `should have as ${name} ${rule.expected}; got '${setting}' in '${text}'`);
    }
    parts.set(name, setting);
  }
  checkTogether(parts, text);
  return parts;
}

function checkTogether(parts: RuleText, text: string): void {
  const frequency = parts.get('FREQ');
  if (frequency === undefined) throw invalid(text, `should have a FREQ (${frequencies}); got '${text}'`);
  if (/\d/.test(parts.get('BYDAY') ?? '') && frequency !== 'MONTHLY' && frequency !== 'YEARLY') {
    const message = `should count days, as in BYDAY=${parts.get('BYDAY')}, only with FREQ=MONTHLY or FREQ=YEARLY`;
    throw invalid(text, `${message}; got '${text}'`);
  }
}

function checkStamp(value: string, name: string, text: string): Stamp {
  const stamp = readStamp(value);
  if (stamp !== undefined) return stamp;
  throw invalid(text, `should have as ${name} a time like '20250131T090000'; got '${value}' in '${text}'`);
}

function invalid(text: unknown, message: string): UsageError {
  return new UsageError('INVALID_RRULE', `the rule of RRuleClock ${message}`, { value: text });
}

function matching(expected: string, pattern: RegExp): PartRule {
  return { expected, holds: (value) => pattern.test(value) };
}

function whole(expected: string, least: number, most: number): PartRule {
  return { expected, holds: (value) => /^\d+$/.test(value) && Number(value) >= least && Number(value) <= most };
}

function list(expected: string, least: number, most: number): PartRule {
  const { holds } = whole(expected, least, most);
  return { expected, holds: (value) => value.split(',').every(holds) };
}

function signedList(expected: string, most: number): PartRule {
  const { holds } = whole(expected, 1, most);
  return { expected, holds: (value) => value.split(',').every((item) => holds(item.replace(/^[+-]/, ''))) };
}
