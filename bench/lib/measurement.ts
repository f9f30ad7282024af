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
  /** What is missing on this machine to measure it, if anything. */
  readonly lacks?: () => string | undefined;
  /** That of the measurement by default. */
  readonly unit?: Unit;
  readonly goal?: Goal;
}

const fasterIsMore = ['runs/s', 'chunks/s', 'rows/s', 'MB/s', '% of ideal'] as const;
const fasterIsLess = ['µs', 'ms', 's', 'MB', '% of a core'] as const;
export type Unit = (typeof fasterIsMore | typeof fasterIsLess)[number];

/** What a median should come to. */
export type Goal = { readonly atLeast: number } | { readonly atMost: number };

export interface Measurement {
  readonly name: string;
  /** What is done, in a sentence. */
  readonly title: string;
  readonly unit: Unit;
  readonly contenders: readonly Contender[];
  /** Pairs of contenders: how many times as fast the first is as the second. */
  readonly ratios: readonly (readonly [string, string, Goal?])[];
  /**
   * Whether garbage is collected by force before each round, so that none pays for the one before: true by default. V8
   * then drops compiled code, which no program has it do; so not where single calls are measured.
   */
  readonly startsClean?: boolean;
  /** The most rounds, and how many are run before and not counted, where one takes long. */
  readonly mostRounds?: number;
  readonly warmUpRounds?: number;
}

/** A line of the table: a contender's figures or a ratio, one entry a round. */
export interface Line extends Spread {
  readonly name: string;
  readonly unit: Unit | '×';
  readonly figures: readonly number[];
  readonly goal?: Goal | undefined;
}

export interface Findings {
  readonly name: string;
  readonly title: string;
  readonly lines: readonly Line[];
  /** Contenders that could not be measured, and why. */
  readonly absent: readonly string[];
}

/** Rounds that are run and not counted: code is compiled, pools and caches are warm afterwards. */
export const usualWarmUpRounds = 3;

export async function carryOut(measurement: Measurement, rounds: number): Promise<Findings> {
  const { name, title, unit, contenders } = measurement;
  const lacks = new Map(contenders.map((contender) => [contender, contender.lacks?.()]));
  const present = contenders.filter((contender) => lacks.get(contender) === undefined);
  const figures = await figuresOf({ ...measurement, contenders: present }, rounds);
  const lines = present.map((contender) => {
    return lineOf(
      { name: contender.name, unit: contender.unit ?? unit, goal: contender.goal },
      figures.get(contender)!,
    );
  });
  const byName = new Map(lines.map((line) => [line.name, line]));
  const ratios = measurement.ratios.flatMap(([one, other, goal]) => {
    const [first, second] = [byName.get(one), byName.get(other)];
    if (first === undefined || second === undefined) return [];
    return lineOf({ name: `${one} : ${other}`, unit: '×', goal }, quotientsOf(first, second));
  });
  const absent = [...lacks].flatMap(([contender, why]) => (why === undefined ? [] : `${contender.name}: ${why}`));
  return { name, title, lines: [...lines, ...ratios], absent };
}

async function figuresOf(measurement: Measurement, rounds: number): Promise<Map<Contender, number[]>> {
  const { name, contenders, mostRounds = Infinity, warmUpRounds = usualWarmUpRounds } = measurement;
  await using resources = new AsyncDisposableStack();
  const processes: { contender: Contender; process: ContenderProcess }[] = [];
  for (const contender of contenders) {
    processes.push({ contender, process: resources.use(await ContenderProcess.start(name, contender.name)) });
  }
  const figures = new Map(contenders.map((contender) => [contender, [] as number[]]));
  for (let round = -warmUpRounds; round < Math.min(rounds, mostRounds); round++) {
    for (const { contender, process } of rotated(processes, round + warmUpRounds)) {
      const figure = await process.round();
      if (round >= 0) figures.get(contender)!.push(figure);
    }
  }
  return figures;
}

function quotientsOf(one: Line, other: Line): number[] {
  const isMoreFaster = (fasterIsMore as readonly string[]).includes(one.unit);
  return one.figures.map((figure, round) => {
    return isMoreFaster ? figure / other.figures[round]! : other.figures[round]! / figure;
  });
}

function lineOf(head: Pick<Line, 'name' | 'unit' | 'goal'>, figures: readonly number[]): Line {
  return { ...head, ...spreadOf(figures), figures };
}

/** Each round begins with another contender, so that none is always the first. */
function rotated<Item>(items: readonly Item[], by: number): Item[] {
  const first = by % items.length;
  return [...items.slice(first), ...items.slice(0, first)];
}
