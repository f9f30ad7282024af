import type { Aggregate, HourDelays } from './aggregate.ts';

/** A band of the picture, in pixels, whose values go up from `bottom` to `top`. */
type Panel = { readonly top: number; readonly bottom: number; readonly low: number; readonly high: number };
type Axis = { readonly title: string; readonly step: number };

const WIDTH = 860;
const HEIGHT = 520;
const LEFT = 76;
const RIGHT = WIDTH - 20;
const HOUR_WIDTH = (RIGHT - LEFT) / 24;
const BAR_WIDTH = HOUR_WIDTH * 0.72;

/** The axis begins before the first flights of the morning, as those after midnight are the rest of the evening. */
const FIRST_HOUR = 4;

/** Hours with a smaller share of the flights are drawn pale: their mean says little of the day. */
const FEW_FLIGHTS_SHARE = 0.001;

/** Paints its own ground, so that it can be read in either scheme even where the reader's page ignores the query. */
const STYLE = `
  text { font: 12px system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif; fill: #59636e }
  .ground { fill: #ffffff } .title { font-size: 19px; font-weight: 600 } .title, .value { fill: #1f2328 }
  .value { font-size: 11px; stroke: #ffffff; stroke-width: 3px; paint-order: stroke }
  .middle { text-anchor: middle } .end { text-anchor: end }
  .grid { stroke: #dfe3e8 } .zero { stroke: #59636e }
  .late { fill: #c4501b } .early { fill: #1a7f64 } .flights { fill: #8b98a5 } .few { opacity: 0.4 }
  @media (prefers-color-scheme: dark) {
    text { fill: #9aa4af }
    .ground { fill: #0d1117 } .title, .value { fill: #f0f6fc } .value { stroke: #0d1117 }
    .grid { stroke: #2b323b } .zero { stroke: #9aa4af }
    .late { fill: #f0883e } .early { fill: #3fb98f } .flights { fill: #6b7785 }
  }`;

/** A chart of the mean delay by hour of departure, above one of how many flights that hour has. */
export function delayByHourSvg({ flights, missing, hours }: Aggregate): string {
  const missingNote = missing > 0 ? `, ${grouped(missing)} of them without a known delay left out of the means` : '';
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="title">`,
    `<style>${STYLE}\n</style>`,
    `<rect class="ground" width="${WIDTH}" height="${HEIGHT}"/>`,
    `<text id="title" class="title" x="20" y="34">Mean arrival delay by hour of departure</text>`,
    `<text x="20" y="56">${grouped(flights)} flights by the hour of their actual departure${missingNote}.</text>`,
    `<text x="20" y="73">Pale bars: hours with fewer than ${FEW_FLIGHTS_SHARE * 100} % of the flights.</text>`,
    ...delayBars(hours, flights * FEW_FLIGHTS_SHARE),
    ...flightBars(hours),
    ...hours.map((_, hour) => text('middle', middleOf(hour), 480, String(hour).padStart(2, '0'))),
    text('middle', (LEFT + RIGHT) / 2, 504, 'hour of departure, local time'),
    '</svg>\n',
  ].join('\n');
}

function delayBars(hours: readonly HourDelays[], fewFlights: number): string[] {
  const means = hours.map(({ flights, missing, delayMinutes }) => delayMinutes / (flights - missing));
  const known = means.filter((mean) => Number.isFinite(mean));
  const step = niceStep(Math.max(1, ...known) - Math.min(0, ...known));
  const panel = panelOf({ top: 120, bottom: 352, values: known, step });

  const bars = means.flatMap((mean, hour) => {
    if (!Number.isFinite(mean)) return [];
    const few = hours[hour]!.flights < fewFlights ? ' few' : '';
    const y = heightOf(mean, panel) + (mean < 0 ? 13 : -5);
    return [
      bar(`${mean < 0 ? 'early' : 'late'}${few}`, hour, mean, panel),
      text('value middle', middleOf(hour), y, mean.toFixed(1).replace('-', '−')),
    ];
  });
  return [...grid(panel, { title: 'mean delay, minutes (below 0: early)', step }), ...bars];
}

function flightBars(hours: readonly HourDelays[]): string[] {
  const flights = hours.map(({ flights }) => flights);
  const step = niceStep(Math.max(1, ...flights) * 2);
  const panel = panelOf({ top: 390, bottom: 462, values: flights, step });
  const bars = flights.map((count, hour) => bar('flights', hour, count, panel));
  return [...grid(panel, { title: 'flights', step }), ...bars];
}

/** A panel for all the values and 0, from one step of the axis to another. */
function panelOf(options: { top: number; bottom: number; values: readonly number[]; step: number }): Panel {
  const { top, bottom, values, step } = options;
  const low = Math.floor(Math.min(0, ...values) / step) * step;
  const high = Math.ceil(Math.max(step, ...values) / step) * step;
  return { top, bottom, low, high };
}

/** About six steps of 1, 2 or 5 times a power of ten to cover the span. */
function niceStep(span: number): number {
  const rough = span / 6;
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * [1, 2, 5, 10].find((factor) => factor * power >= rough)!;
}

function grid(panel: Panel, { title, step }: Axis): string[] {
  const steps = Math.round((panel.high - panel.low) / step);
  const lines = Array.from({ length: steps + 1 }, (_, index) => {
    const value = (Math.round(panel.low / step) + index) * step;
    const y = heightOf(value, panel);
    const line = `<line class="${value === 0 ? 'zero' : 'grid'}" x1="${LEFT}" x2="${RIGHT}" y1="${y}" y2="${y}"/>`;
    return line + text('end', LEFT - 8, y + 4, grouped(value).replace('-', '−'));
  });
  return [...lines, text('', 20, panel.top - 14, title)];
}

function bar(style: string, hour: number, value: number, panel: Panel): string {
  const ends = [heightOf(0, panel), heightOf(value, panel)];
  const y = Math.min(...ends);
  const height = round(Math.max(...ends) - y);
  const x = round(middleOf(hour) - BAR_WIDTH / 2);
  return `<rect class="${style}" x="${x}" y="${y}" width="${round(BAR_WIDTH)}" height="${height}"/>`;
}

function text(style: string, x: number, y: number, content: string): string {
  return `<text class="${style}" x="${round(x)}" y="${round(y)}">${content}</text>`;
}

function heightOf(value: number, { top, bottom, low, high }: Panel): number {
  return round(bottom - ((value - low) / (high - low)) * (bottom - top));
}

function middleOf(hour: number): number {
  return LEFT + (((hour + 24 - FIRST_HOUR) % 24) + 0.5) * HOUR_WIDTH;
}

function round(pixels: number): number {
  return Math.round(pixels * 10) / 10;
}

function grouped(number: number): string {
  return number.toLocaleString('en-US');
}
