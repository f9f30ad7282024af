import { fileURLToPath } from 'node:url';
import { asyncBufferFromFile, parquetMetadataAsync, parquetScan } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';

/** A slice of the file that can be read alone. Rows are counted from the start of the file; `rowEnd` is exclusive. */
export type RowGroup = { readonly index: number; readonly rowStart: number; readonly rowEnd: number };

/** The columns that the report needs, one entry a flight. */
export type FlightColumns = {
  /** The codes of the airports that occur, in order of first appearance. */
  readonly airports: readonly string[];
  /** An index into `airports`. */
  readonly origin: Uint16Array;
  /** The hour of the actual departure, local time, 0 to 23. */
  readonly hour: Uint8Array;
  /** Minutes late at arrival; negative when early; `MISSING_DELAY` when not known. */
  readonly delay: Int16Array;
};

/** Stands for a delay that the file does not give. No real delay may have this value. */
export const MISSING_DELAY = -32_768;

/** The parquet file of 3,000,000 US flights that comes with the package `vega-datasets`. */
export function flightsPath(): string {
  return fileURLToPath(new URL('../data/flights-3m.parquet', import.meta.resolve('vega-datasets')));
}

/** The row groups of a parquet file, in file order. Only the footer is read. */
export async function listRowGroups(path: string): Promise<RowGroup[]> {
  const metadata = await parquetMetadataAsync(await asyncBufferFromFile(path));
  let rowEnd = 0;
  return metadata.row_groups.map((group, index) => {
    const rowStart = rowEnd;
    rowEnd += Number(group.num_rows);
    return { index, rowStart, rowEnd };
  });
}

/** Reads the flights of one row group. A missing delay is kept as such; a missing origin or departure is an error. */
export async function readRowGroup(path: string, rowGroup: RowGroup): Promise<FlightColumns> {
  const { rowStart, rowEnd } = rowGroup;
  const airports = new Numbering();
  const decoder = new TextDecoder();
  const file = await asyncBufferFromFile(path);
  // Parsed apart from the scan, so that the parsers below see flights only, and not the footer's statistics.
  const metadata = await parquetMetadataAsync(file);
  const scan = await parquetScan({
    file,
    metadata,
    compressors,
    rowStart,
    rowEnd,
    // Parsers are called once for an entry of a column's dictionary, not once a row.
    parsers: {
      stringFromBytes: (bytes) => airports.numberOf(decoder.decode(bytes)),
      timestampFromMicroseconds: hourOfDay,
    },
  });
  const read = (column: string): Promise<ArrayLike<unknown>> => scan.readColumn({ column, rowStart, rowEnd });

  const rows = rowEnd - rowStart;
  const origin = fill(new Uint16Array(rows), await read('origin'), required('origin'));
  const hour = fill(new Uint8Array(rows), await read('date'), required('date'));
  const delay = fill(new Int16Array(rows), await read('delay'), toDelay);
  return { airports: airports.names, origin, hour, delay };
}

/** Gives each name a number, counting from 0 in order of first appearance. */
class Numbering {
  readonly names: string[] = [];
  readonly #numbers = new Map<string, number>();

  numberOf(name: string): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    const number = this.names.push(name) - 1;
    this.#numbers.set(name, number);
    return number;
  }
}

/** The file's timestamps have no zone: they are local times, written as if they were UTC. */
function hourOfDay(microseconds: bigint): number {
  return new Date(Number(microseconds / 1000n)).getUTCHours();
}

function fill<Column extends Uint8Array | Uint16Array | Int16Array>(
  column: Column,
  values: ArrayLike<unknown>,
  convert: (value: unknown) => number,
): Column {
  if (values.length !== column.length) throw new Error(`expected ${column.length} rows, read ${values.length}`);
  for (let row = 0; row < column.length; row++) column[row] = convert(values[row]);
  return column;
}

function required(column: string): (value: unknown) => number {
  return (value) => {
    if (typeof value !== 'number') throw new TypeError(`a flight has no ${column}`);
    return value;
  };
}

function toDelay(value: unknown): number {
  if (value === null || value === undefined) return MISSING_DELAY;
  const minutes = Number(value);
  // Quantiles are exact only because every delay is a whole number of minutes that the column can hold.
  if (!Number.isInteger(minutes) || Math.abs(minutes) >= -MISSING_DELAY) throw new RangeError(`delay ${minutes}`);
  return minutes;
}
