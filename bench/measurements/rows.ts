import { Flow } from 'heddle';
import { Piscina } from 'piscina';
import { onThreads, runQuietly } from '../lib/heddle.ts';
import type { Contender, Measurement, Round } from '../lib/measurement.ts';
import { ratePerSecond } from '../lib/rates.ts';
import { makeRows, type Row } from '../peers/rows.ts';
import { priceRows } from '../tasks/rows.ts';

const threads = 2;
const lists = 200;
const length = 1_000;

const heddle: Contender = {
  name: 'heddle',
  open: async (resources) => {
    const executor = await onThreads(resources, threads);
    const given = makeLists();
    const flow = new Flow('rows', { executor }, () => ({ priced: priceRows.map(given) }));
    return rounds(async () => (await runQuietly(flow)).output.priced);
  },
};

const piscina: Contender = {
  name: 'piscina',
  open: (resources) => {
    const filename = new URL('../peers/rows.ts', import.meta.url).href;
    const pool = new Piscina<Row[], Row[]>({ filename, minThreads: threads, maxThreads: threads });
    resources.defer(() => pool.destroy());
    const given = makeLists();
    return rounds(() => Promise.all(given.map((rows) => pool.run(rows))));
  },
};

export const rows: Measurement = {
  name: 'rows',
  title:
    `${lists} lists of ${length.toLocaleString('en')} rows of six members to ${threads} warm threads, and as many rows ` +
    'back, until all are in hand.',
  unit: 'rows/s',
  contenders: [heddle, piscina],
  ratios: [[heddle.name, piscina.name, { atLeast: 1.5 }]],
};

function makeLists(): Row[][] {
  return Array.from({ length: lists }, () => makeRows(length));
}

function rounds(work: () => Promise<readonly Row[][]>): Round {
  return async () => {
    const startedAt = performance.now();
    const priced = await work();
    const rate = ratePerSecond(lists * length, startedAt);
    const last = priced.at(-1)?.at(-1);
    if (last?.price !== 999 * 1.25 * (999 % 7)) throw new Error(`expected other rows than ${JSON.stringify(last)}`);
    return rate;
  };
}
