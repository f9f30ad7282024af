// Plain questions about what the core is told, and what it needs to know. Like the model it shares no code with the core.

import { noTraits, type Traits } from '../../src/lib/placing.ts';
import type { Range } from '../../src/lib/range.ts';
import type { ArraySpec, Command, Event } from '../../src/scheduler/core.ts';

export type News = Extract<Event, { attempt: number }>;

/** Nothing when what is told makes no sense. */
export function touchedBy(news: News): readonly number[] | undefined {
  if (news.type === 'chunk-ended') return [];
  if (news.type === 'index-delayed') return [news.index];
  if (news.type === 'indices-lost') return news.indices;
  const ranges = news.type === 'indices-returned' ? news.ranges : [news.range];
  const isRange = ({ start, end }: Range) => Number.isInteger(start) && Number.isInteger(end) && start < end;
  return ranges.every(isRange) ? numbersIn(ranges) : undefined;
}

export function numbersIn(ranges: readonly Range[]): number[] {
  const numbers: number[] = [];
  for (const { start, end } of ranges) for (let number = start; number < end; number += 1) numbers.push(number);
  return numbers;
}

/** Of numbers in order. */
export function rangesOf(numbers: readonly number[]): Range[] {
  const ranges: { start: number; end: number }[] = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last?.end === number) last.end += 1;
    else ranges.push({ start: number, end: number + 1 });
  }
  return ranges;
}

export function needsOf({ needs = noTraits }: ArraySpec): Traits {
  return needs;
}

export function amountOf({ resources }: Traits, wanted: string): number {
  return resources.find(({ name }) => name === wanted)?.amount ?? 0;
}

export function canEverRun(has: Traits, spec: ArraySpec): boolean {
  const { resources, labels } = needsOf(spec);
  const isEnough = resources.every(({ name, amount }) => amountOf(has, name) >= amount);
  return isEnough && labels.every((label) => has.labels.includes(label));
}

/** Whether the outcome of an index came with its array. */
export function isGiven({ given }: ArraySpec, index: number): boolean {
  return given.some(({ start, end }) => index >= start && index < end);
}

export function sumOf<T>(items: Iterable<T>, valueOf: (item: T) => number): number {
  let sum = 0;
  for (const item of items) sum += valueOf(item);
  return sum;
}

export function sorted(commands: readonly Command[]): Command[] {
  const keyOf = (command: Command) => {
    if (command.type === 'close-worker') return command.worker;
    const index = 'range' in command ? command.range.start : 'index' in command ? command.index : 0;
    return 'array' in command ? `${command.type} ${command.array} ${index}` : command.type;
  };
  return commands.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}
