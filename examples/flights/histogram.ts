/**
 * How many flights had each delay. Sorted by minutes, without zeros, so that it is small to send; two can be
 * added without loss, so that quantiles over many row groups are exact, which averages of quantiles are not.
 */
export type Histogram = { readonly minutes: Int16Array; readonly flights: Uint32Array };

/** `tally[i]` is the number of flights with a delay of `firstMinute + i`. */
export function toHistogram(tally: Uint32Array, firstMinute: number): Histogram {
  let size = 0;
  for (const flights of tally) if (flights > 0) size++;

  const histogram = { minutes: new Int16Array(size), flights: new Uint32Array(size) };
  let cell = 0;
  for (let offset = 0; offset < tally.length; offset++) {
    if (tally[offset] === 0) continue;
    histogram.minutes[cell] = firstMinute + offset;
    histogram.flights[cell] = tally[offset]!;
    cell++;
  }
  return histogram;
}

/** The histogram of all the flights together. */
export function addHistograms(histograms: readonly Histogram[]): Histogram {
  const filled = histograms.filter(({ minutes }) => minutes.length > 0);
  if (filled.length === 0) return toHistogram(new Uint32Array(0), 0);

  const firstMinute = Math.min(...filled.map(({ minutes }) => minutes[0]!));
  const lastMinute = Math.max(...filled.map(({ minutes }) => minutes.at(-1)!));
  const tally = new Uint32Array(lastMinute - firstMinute + 1);
  for (const { minutes, flights } of filled) {
    for (let cell = 0; cell < minutes.length; cell++) tally[minutes[cell]! - firstMinute]! += flights[cell]!;
  }
  return toHistogram(tally, firstMinute);
}

/** How many flights it counts. */
export function countOf({ flights }: Histogram): number {
  return flights.reduce((sum, count) => sum + count, 0);
}

/** How many flights were later than so many minutes. */
export function countLaterThan({ minutes, flights }: Histogram, limit: number): number {
  return flights.reduce((sum, count, cell) => (minutes[cell]! > limit ? sum + count : sum), 0);
}

/** The mean in minutes; NaN for no flights. */
export function meanOf(histogram: Histogram): number {
  const total = histogram.flights.reduce((sum, count, cell) => sum + count * histogram.minutes[cell]!, 0);
  return total / countOf(histogram);
}

/** The least delay that at least `percent` % of the flights do not exceed (nearest rank); NaN for no flights. */
export function percentileOf(histogram: Histogram, percent: number): number {
  const rank = Math.max(1, Math.ceil((countOf(histogram) * percent) / 100));
  let seen = 0;
  const cell = histogram.flights.findIndex((count) => (seen += count) >= rank);
  return histogram.minutes[cell] ?? Number.NaN;
}
