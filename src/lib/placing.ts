// Where and when task runs are run: what a worker has, what a task run needs of one, and what of it may run at once.

import { membersRule, rules, wholeNumber } from './options.ts';

export interface Amount {
  readonly name: string;
  /** More than 0. */
  readonly amount: number;
}

/** Amounts that are taken while something runs, and words that must be there; what they mean is up to their authors. */
export interface Traits {
  /** Each name once. */
  readonly resources: readonly Amount[];
  readonly labels: readonly string[];
}

export const noTraits: Traits = { resources: [], labels: [] };

export interface TagLimit {
  readonly tag: string;
  /** 1 or more. */
  readonly most: number;
}

/** How the runs of one array are placed and limited. */
export interface Placing {
  /** The higher runs first. */
  readonly priority: number;
  /** How many of them may overlap in one thread; as the cluster says, else 1. */
  readonly concurrency?: number;
  /** What a worker must have, each of the amounts for each of them that runs. */
  readonly needs?: Traits;
  /** How many with the same tag may run at once, in the whole flow run. */
  readonly limits?: readonly TagLimit[];
  /** How many losses one of them may cause; as the cluster says, else 3. */
  readonly allowedFailures?: number;
  /** What may have run when its thread or worker is lost is never run again, and crashes. */
  readonly crashesWhenLost?: true;
}

/** The options of workers, clusters and tasks that name resources and labels. */
export interface TraitOptions {
  readonly resources?: Readonly<Record<string, number>>;
  readonly labels?: readonly string[];
}

/** More would hardly be faster, and each takes some memory of its thread. */
export const mostConcurrency = 1_000;

export const placingRules = {
  resources: membersRule('an object of amounts by name, like { gpu: 1 }, each more than 0', (amount, name) => {
    return name !== '' && Number.isFinite(amount) && Number(amount) > 0;
  }),
  labels: rules.texts,
  concurrency: wholeNumber(1, mostConcurrency),
};

export function traitsOf({ resources = {}, labels = [] }: TraitOptions): Traits {
  const amounts = Object.entries(resources).map(([name, amount]) => ({ name, amount }));
  return { resources: amounts, labels: [...new Set(labels)] };
}

/** In words: `gpu 2 and label 'eu'`; nothing when there is nothing. */
export function describeTraits({ resources, labels }: Traits): string {
  const amounts = resources.map(({ name, amount }) => `${name} ${amount}`);
  const words = labels.map((label) => `label '${label}'`);
  return [...amounts, ...words].join(' and ');
}

/** As a cluster is given them, for people: `{ resources: { gpu: 2 }, labels: ['eu'] }`. */
export function traitOptions({ resources, labels }: Traits): string {
  const amounts = resources.map(({ name, amount }) => `${/^\w+$/.test(name) ? name : `'${name}'`}: ${amount}`);
  const words = labels.map((label) => `'${label}'`);
  const options = [
    ...(amounts.length > 0 ? [`resources: { ${amounts.join(', ')} }`] : []),
    ...(words.length > 0 ? [`labels: [${words.join(', ')}]`] : []),
  ];
  return `{ ${options.join(', ')} }`;
}

/** As a worker is told on the command line. */
export function traitArguments({ resources, labels }: Traits): string[] {
  const amounts = resources.flatMap(({ name, amount }) => ['--resource', `${name}=${amount}`]);
  return [...amounts, ...labels.flatMap((label) => ['--label', label])];
}
