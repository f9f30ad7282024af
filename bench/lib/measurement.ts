// What a measurement is, and how it is carried out: each contender has a process of its own, because pools that share
// one slow each other down (the compiler and the collector then serve several masters), and they take turns, so that
// whatever else the machine is doing falls on all of them, and a ratio is always that of two figures of one round.

import { ContenderProcess } from './contender-process.ts';
import { spreadOf, type Spread } from './statistics.ts';

/** Does all of the work, checks the results, and gives the figure. */
export type Round = () => Promise<number>;

/** One way to do the work. */
export interface Contender {
  readonly name: string;
  /** Starts whatever must be warm; `resources` closes it. */
  readonly open: (resources: AsyncDisposableStack) => Round | Promise<Round>;
}

export type Unit = 'runs/s' | 'µs' | 's';

export interface Measurement {
  readonly name: string;
  /** What is done, in a sentence. */
  readonly title: string;
  readonly unit: Unit;
  readonly contenders: readonly Contender[];
  /** Pairs of contenders: how many times as fast the first is as the second. */
  readonly ratios: readonly (readonly [string, string])[];
}

/** A line of the table: a contender's figures or a ratio, one entry a round. */
export interface Line extends Spread {
  readonly name: string;
  readonly unit: Unit | '×';
  readonly figures: readonly number[];
}

export interface Findings {
  readonly name: string;
  readonly title: string;
  readonly lines: readonly Line[];
}

/** Rounds that are run and not counted: code is compiled, pools and caches are warm afterwards. */
export const warmUpRounds = 3;

export async function carryOut(measurement: Measurement, rounds: number): Promise<Findings> {
  const { name, title, unit } = measurement;
  const figures = await figuresOf(measurement, rounds);
  const lines = [...figures].map(([contender, values]) => lineOf(contender, unit, values));
  const ratios = measurement.ratios.map(([one, other]) => {
    const pairs = figures.get(one)!.map((figure, round) => [figure, figures.get(other)![round]!] as const);
    const quotients = pairs.map(([first, second]) => (unit === 'runs/s' ? first / second : second / first));
    return lineOf(`${one} : ${other}`, '×', quotients);
  });
  return { name, title, lines: [...lines, ...ratios] };
}

async function figuresOf({ name, contenders }: Measurement, rounds: number): Promise<Map<string, number[]>> {
  await using resources = new AsyncDisposableStack();
  const processes: ContenderProcess[] = [];
  for (const contender of contenders) {
    processes.push(resources.use(await ContenderProcess.start(name, contender.name)));
  }
  const figures = new Map(contenders.map((contender) => [contender.name, [] as number[]]));
  for (let round = -warmUpRounds; round < rounds; round++) {
    for (const contender of rotated(processes, round + warmUpRounds)) {
      const figure = await contender.round();
      if (round >= 0) figures.get(contender.name)!.push(figure);
    }
  }
  return figures;
}

function lineOf(name: string, unit: Line['unit'], figures: readonly number[]): Line {
  return { name, unit, ...spreadOf(figures), figures };
}

/** Each round begins with another contender, so that none is always the first. */
function rotated<Item>(items: readonly Item[], by: number): Item[] {
  const first = by % items.length;
  return [...items.slice(first), ...items.slice(0, first)];
}
