import type { Aggregate } from './aggregate.ts';
import { countLaterThan, countOf, meanOf, percentileOf } from './histogram.ts';

/** One line of the report. Delays are in minutes, over the flights with a known delay; NaN if there is none. */
export type OriginRow = {
  readonly origin: string;
  readonly flights: number;
  /** Flights without a known delay. They count as flights and in nothing else. */
  readonly missing: number;
  readonly meanDelay: number;
  readonly medianDelay: number;
  readonly percentile90Delay: number;
  /** Share of flights more than 15 minutes late, 0 to 1. */
  readonly lateShare: number;
};

const LATE_MINUTES = 15;

/** The airports with the most flights, busiest first; of equals, the first by code. */
export function busiestOrigins({ origins }: Aggregate, limit: number): OriginRow[] {
  return origins
    .toSorted((a, b) => b.flights - a.flights)
    .slice(0, limit)
    .map(({ origin, flights, missing, delays }) => ({
      origin,
      flights,
      missing,
      meanDelay: meanOf(delays),
      medianDelay: percentileOf(delays, 50),
      percentile90Delay: percentileOf(delays, 90),
      lateShare: countLaterThan(delays, LATE_MINUTES) / countOf(delays),
    }));
}

type TableColumn = { readonly title: string; readonly unit: string; readonly cell: (row: OriginRow) => string };

const COLUMNS: readonly TableColumn[] = [
  { title: 'origin', unit: '', cell: ({ origin }) => origin },
  { title: 'flights', unit: '', cell: ({ flights }) => format(flights, 0) },
  { title: 'mean delay', unit: 'min', cell: ({ meanDelay }) => format(meanDelay, 1) },
  { title: 'median', unit: 'min', cell: ({ medianDelay }) => format(medianDelay, 0) },
  { title: '90th pct', unit: 'min', cell: ({ percentile90Delay }) => format(percentile90Delay, 0) },
  { title: `over ${LATE_MINUTES} min late`, unit: '%', cell: ({ lateShare }) => format(lateShare * 100, 1) },
];

/** The rows as a plain text table: a line of titles, a line of units, a rule, and a line for each row. */
export function formatTable(rows: readonly OriginRow[]): string {
  const columns = COLUMNS.map(({ title, unit, cell }) => alignColumn([title, unit, ...rows.map((row) => cell(row))]));
  const lines = columns[0]!.map((_, line) =>
    columns
      .map((column) => column[line]!)
      .join('  ')
      .trimEnd(),
  );
  const rule = columns.map(([title]) => '-'.repeat(title!.length)).join('  ');
  return [...lines.slice(0, 2), rule, ...lines.slice(2)].join('\n');
}

/** Names to the left, numbers to the right, under a title on the same side. */
function alignColumn(texts: readonly string[]): string[] {
  const width = Math.max(...texts.map((text) => text.length));
  const isNames = texts[0] === COLUMNS[0]!.title;
  return texts.map((text) => (isNames ? text.padEnd(width) : text.padStart(width)));
}

function format(number: number, digits: number): string {
  if (Number.isNaN(number)) return '–';
  return number.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
