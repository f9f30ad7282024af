// What a simulation is made of, all of it drawn from the seed where it is not told.

import type { Range } from '../../src/lib/range.ts';
import { noTraits, type Traits } from '../../src/lib/placing.ts';
import type { ArraySpec } from '../../src/scheduler/core.ts';
import { Prng } from './prng.ts';

export interface Settings {
  readonly seed: number;
  readonly workers: number;
  /** The length of the arrays. */
  readonly width: number;
  /** How many arrays follow each other elementwise. With none, there is one array and its reduction, of quick tasks. */
  readonly stages: number;
  /** How many arrays wait for all of each other instead, if there are any: at the end of each, threads are free. */
  readonly waves: number;
  /** The rates of all faults are multiplied by this. */
  readonly trouble: number;
}

/** One run as large as any: with the usual rates of faults it would be about little else. */
export const largest = { workers: 10_000, width: 10_000_000, stages: 0, waves: 0, trouble: 0.02 };

/** How often each thing happens that should not, or need not, from 0 to 1. */
export interface Faults {
  /** A worker dies, and the scheduler is told. */
  readonly crash: number;
  /** A worker dies, and nobody is told. */
  readonly vanish: number;
  /** A connection is lost between two that live. */
  readonly cut: number;
  /** A worker goes silent for a while, but works on. */
  readonly stall: number;
  /** A worker takes many times longer than others for everything. */
  readonly slow: number;
  /** A message arrives twice. */
  readonly duplicate: number;
  /** A message, and all behind it, arrives late. */
  readonly late: number;
  /** A thread dies while it runs an index. */
  readonly killed: number;
  /** A thread dies while it runs nothing. */
  readonly idleDeath: number;
  /** Inputs moved to a thread that died, and are gone with it. */
  readonly moved: number;
  /** A thread cannot be started. */
  readonly unstartable: number;
  /** One that cannot be started is tried again before anybody is charged. */
  readonly pardoned: number;
  /** An index asks to be run again later. */
  readonly delayed: number;
  /** All indices of an array ask to be run again, at about the same time. */
  readonly storm: number;
  /** A chunk ends before it is done. */
  readonly abandoned: number;
  /** An index kills each thread that runs it. */
  readonly poison: number;
  /** An index kills each whole worker that runs it. */
  readonly lethal: number;
  /** An index never returns, until its timeout ends the thread. */
  readonly stuck: number;
  /** An index takes many times longer than others. */
  readonly heavy: number;
  /** What runs does not hear that it is cancelled. */
  readonly deaf: number;
  /** A chunk opens a resource, which is to be closed later. */
  readonly opens: number;
  /** Closing a resource never ends. */
  readonly sticky: number;
  /** A thread that is to end does not. */
  readonly immortal: number;
  /** A worker drains and leaves. */
  readonly drain: number;
  /** The client lets go of an array. */
  readonly released: number;
  /** A client goes, and lets go of all. */
  readonly gone: number;
  /** A worker says what is not so. */
  readonly lie: number;
  /** A worker pays no heed to being asked for what it has. */
  readonly mute: number;
  /** A worker is told what no scheduler may say. */
  readonly nonsense: number;
  /** The scheduler sleeps through a tick. */
  readonly asleep: number;
  /** Everybody sleeps, and wakes up late. */
  readonly jump: number;
}

const highest: Faults = {
  crash: 0.03,
  vanish: 0.01,
  cut: 0.01,
  stall: 0.03,
  slow: 0.3,
  duplicate: 0.1,
  late: 0.05,
  killed: 0.02,
  idleDeath: 0.1,
  moved: 0.5,
  unstartable: 0.1,
  pardoned: 0.5,
  delayed: 0.05,
  storm: 0.3,
  abandoned: 0.05,
  poison: 0.01,
  lethal: 0.002,
  stuck: 0.01,
  heavy: 0.4,
  deaf: 0.5,
  opens: 0.1,
  sticky: 0.2,
  immortal: 0.1,
  drain: 0.02,
  released: 0.3,
  gone: 0.2,
  lie: 0.1,
  mute: 0.3,
  nonsense: 0.005,
  asleep: 0.01,
  jump: 0.01,
};

/** Each fault is absent in about a third of the runs, so that it cannot hide another in all of them. */
export function drawFaults(prng: Prng, trouble: number): Faults {
  return mapFaults((name) => (prng.chance(0.3) ? 0 : prng.next() * highest[name] * trouble));
}

export const noFaults: Faults = mapFaults(() => 0);

function mapFaults(rate: (name: keyof Faults) => number): Faults {
  const names = Object.keys(highest) as (keyof Faults)[];
  return Object.fromEntries(names.map((name) => [name, rate(name)])) as Record<keyof Faults, number>;
}

export function drawSettings(seed: number): Settings {
  // Another stream than the simulation's: else the size of the cluster would go with the rates of the faults.
  const prng = new Prng(seed ^ 0x5eed);
  const width = Math.floor(300 ** prng.next());
  const settings = { seed, workers: prng.between(1, 8), width, stages: prng.between(1, 4), waves: 0, trouble: 1 };
  if (!prng.chance(0.5)) return settings;
  // Long arrays on few threads have chunks that are long enough to be shared, as long as not too much happens to them.
  return { ...settings, workers: prng.between(1, 4), width: prng.between(30, 200), waves: 5, trouble: 0.4 };
}

/** The exact command that replays a simulation. */
export function replayCommand({ seed, workers, width, stages, waves, trouble }: Settings): string {
  const shape = `--workers ${workers} --width ${width} --stages ${stages} --waves ${waves} --trouble ${trouble}`;
  return `node test/sim/run.ts --seed ${seed} ${shape}`;
}

/**
 * Submissions: two of one client, the second of which builds on the first, so that every kind of edge is among them, and
 * one of another client.
 */
export function arraysOf({ seed, width, stages, waves }: Settings): readonly (readonly ArraySpec[])[] {
  if (waves > 0) return wavesOf({ seed, width, waves });
  if (stages === 0)
    return [
      [
        { ...plain, array: 1, length: width },
        { ...plain, array: 2, whole: [1] },
      ],
      [],
      [],
    ];
  const [source, model, alone, firstStage] = [1, 2, 3, 4];
  const lastStage = firstStage + stages - 1;
  const [joined, reduced, empty, after, late, lateReduced] = [1, 2, 3, 4, 5, 6].map((offset) => lastStage + offset);
  const stage = (index: number): ArraySpec => ({
    ...plain,
    array: firstStage + index,
    length: width,
    elementwise: [index === 0 ? source : firstStage + index - 1],
    whole: index === 0 ? [model] : [],
  });
  const first: ArraySpec[] = [
    { ...plain, array: source, length: width, given: [{ start: 0, end: width }] },
    { ...plain, array: model },
    { ...plain, array: alone, length: width, priority: -1, given: everyOther(width) },
    ...Array.from({ length: stages }, (_, index) => stage(index)),
    { ...plain, array: joined!, length: width, elementwise: [lastStage, alone, alone] },
    { ...plain, array: reduced!, whole: [lastStage] },
    { ...plain, array: empty!, length: 0, whole: [reduced!] },
    { ...plain, array: after!, length: 3, whole: [empty!, joined!] },
  ];
  const second: ArraySpec[] = [
    { ...plain, array: late!, length: width, priority: 1, elementwise: [firstStage], whole: [model] },
    { ...plain, array: lateReduced!, whole: [late!, reduced!] },
  ];
  const [other, otherReduced] = [7, 8].map((offset) => lastStage + offset);
  const third: ArraySpec[] = [
    { ...plain, client: 'other-run', array: other!, length: Math.ceil(width / 3) },
    { ...plain, client: 'other-run', array: otherReduced!, whole: [other!], priority: 2 },
  ];
  const prng = new Prng(seed ^ 0x91ace);
  // Where anything may run anywhere, more is sent ahead and called back.
  const isFree = prng.chance(0.4);
  const placed = (spec: ArraySpec) => (isFree ? spec : { ...spec, ...drawPlacing(prng) });
  return [first.map(placed), second.map(placed), third.map(placed)];
}

/** Few of them are bound to a place, so that what one thread has can be run by others. */
function wavesOf({
  seed,
  width,
  waves,
}: Pick<Settings, 'seed' | 'width' | 'waves'>): readonly (readonly ArraySpec[])[] {
  const prng = new Prng(seed ^ 0x3a7e5);
  const places = new Prng(seed ^ 0x1abe1);
  const gpus = (amount: number) => ({ resources: [{ name: 'gpu', amount }], labels: [] });
  const needed = places.pick([[noTraits], [{ resources: [], labels: ['eu'] }], [gpus(0.5), gpus(1), gpus(2)]]);
  const tags = places.pick([[], [{ tag: 'db', most: 2 }], [{ tag: 'db', most: 3 }, { tag: 'api', most: 4 }]]); // prettier-ignore
  const of = (array: number): ArraySpec => ({
    ...plain,
    array,
    length: width,
    concurrency: prng.pick([1, 1, 1, 3]),
    allowedFailures: prng.pick([1, 3, 3]),
    needs: places.pick([noTraits, ...needed]),
    limits: tags.filter(() => places.chance(0.5)),
  });
  const first = Array.from({ length: waves }, (_, wave) => ({ ...of(wave + 1), whole: wave === 0 ? [] : [wave] }));
  const [late, other] = [of(waves + 1), of(waves + 2)];
  return [first, [{ ...late, elementwise: [1], whole: [waves] }], [{ ...other, client: 'other-run', priority: 1 }]];
}

/** What a worker must have for every array. */
export const everything: Traits = { resources: [{ name: 'gpu', amount: 2 }], labels: ['eu', 'big'] };

/** What a worker has. */
export function drawTraits(prng: Prng): Traits {
  const resources = prng.chance(0.5) ? [] : [{ name: 'gpu', amount: prng.pick([0.5, 1, 2, 5]) }];
  return { resources, labels: everything.labels.filter(() => prng.chance(0.5)) };
}

/** How an array is placed and limited, which most are not. */
function drawPlacing(prng: Prng): Partial<ArraySpec> {
  const needs: readonly Traits[] = [
    { resources: [{ name: 'gpu', amount: 2 }], labels: [] },
    { resources: [{ name: 'gpu', amount: 1 }], labels: [] },
    { resources: [{ name: 'gpu', amount: 0.4 }], labels: ['eu'] },
    { resources: [], labels: ['eu', 'big'] },
  ];
  const tags = [
    { tag: 'db', most: 2 },
    { tag: 'api', most: 5 },
  ].filter(() => prng.chance(0.2));
  return {
    priority: prng.pick([0, 0, 0, 1, -1]),
    concurrency: prng.pick([1, 1, 1, 3, 40]),
    needs: prng.pick([noTraits, noTraits, noTraits, ...needs]),
    limits: tags,
    ...(prng.chance(0.2) && { allowedFailures: prng.between(0, 5) }),
    ...(prng.chance(0.15) && { crashesWhenLost: true }),
    ...(prng.chance(0.3) && { loadedAs: 'tasks.ts' }),
  };
}

/** What a run that was resumed knows already: pieces, with gaps between them. */
function everyOther(width: number): Range[] {
  const starts = Array.from({ length: Math.floor(width / 10) }, (_, tens) => 10 * tens);
  return starts.map((start) => ({ start, end: start + 5 }));
}

const plain = { client: 'flow-run', length: 1, priority: 0, elementwise: [], whole: [], given: [] };
