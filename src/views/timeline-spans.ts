// From the spans of a run to the columns of numbers that a timeline's page embeds: rows for threads, lanes where spans
// of a thread overlap, neighbours merged when there are more than a page can hold.

import { printable } from './printable.ts';
import type { TimelineRun, TimelineSpan } from './timeline-run.ts';

/** Read by the script of the page. Columns have one number for each span, lane after lane, by start. */
export interface PackedSpans {
  readonly durationMs: number;
  readonly tasks: readonly { readonly name: string; readonly isMapped: boolean; readonly color: string }[];
  /** The threads, and for each lane of theirs how many spans it has. */
  readonly rows: readonly { readonly worker: string; readonly lanes: readonly number[] }[];
  readonly columns: {
    /** Positions in `tasks`. */
    readonly task: readonly number[];
    readonly first: readonly number[];
    /** Map indices from the first to the last, both included. */
    readonly width: readonly number[];
    /** Microseconds since the start of the span before in the same lane. */
    readonly start: readonly number[];
    /** Microseconds. */
    readonly duration: readonly number[];
  };
  /** Where they are not 0: pairs of a span's position and how many of its runs failed. */
  readonly failed: readonly number[];
  /** Where they are not the width: pairs of a span's position and how many runs it has. */
  readonly runs: readonly number[];
}

/** A span, or several of one task so close together that nobody could tell them apart. */
interface Bar {
  readonly task: string;
  readonly startMs: number;
  endMs: number;
  first: number;
  last: number;
  runs: number;
  failed: number;
}

/** `worker 2` before `worker 10`. */
const collator = new Intl.Collator('en', { numeric: true });
/** Clocks count in milliseconds, so spans that overlap by less may well have been one after the other. */
const overlapToleranceMs = 1;
/** Spans of a thread that runs more at once than this share its last lane. */
const maxLanes = 8;
const palette = ['#4e79a7', '#f28e2b', '#59a14f', '#b07aa1', '#76b7b2', '#edc948', '#9c755f', '#86bcb6', '#8a8a8a'];

/** The colour of a task, by its position; red is left for failures. */
export function taskColor(position: number): string {
  return palette[position] ?? `hsl(${Math.round(30 + ((position * 137.5) % 300))} 42% 55%)`;
}

export function packSpans({ spans, tasks, durationMs }: TimelineRun, maxBars = 100_000): PackedSpans {
  const isMapped = new Map(tasks.map((task) => [task.name, task.isMapped]));
  for (const { task } of spans) if (!isMapped.has(task)) isMapped.set(task, true);
  const names = [...isMapped.keys()];
  const positionOf = new Map(names.map((name, position) => [name, position]));
  const threads = [...Map.groupBy(spans, ({ worker }) => worker)].sort(([one], [other]) =>
    collator.compare(one, other),
  );
  const isTooMuch = spans.length > maxBars;
  const closenessMs = isTooMuch ? (durationMs * threads.length * names.length) / maxBars : 0;
  const rows = threads.map(([worker, spans]) => ({ worker, lanes: lanesOf(barsOf(spans, closenessMs), closenessMs) }));
  const lanes = rows.flatMap(({ lanes }) => lanes);
  const bars = lanes.flat();
  const end = bars.reduce((end, bar) => Math.max(end, bar.endMs), durationMs);
  return {
    durationMs: end,
    tasks: names.map((name, position) => ({
      name: printable(name),
      isMapped: isMapped.get(name)!,
      color: taskColor(position),
    })),
    rows: rows.map(({ worker, lanes }) => ({ worker: printable(worker), lanes: lanes.map((lane) => lane.length) })),
    columns: {
      task: bars.map(({ task }) => positionOf.get(task)!),
      first: bars.map(({ first }) => first),
      width: bars.map(widthOf),
      start: lanes.flatMap(startsOf),
      duration: bars.map(({ startMs, endMs }) => microseconds(endMs) - microseconds(startMs)),
    },
    failed: bars.flatMap(({ failed }, position) => (failed === 0 ? [] : [position, failed])),
    runs: bars.flatMap((bar, position) => (bar.runs === widthOf(bar) ? [] : [position, bar.runs])),
  };
}

/** By start. Those of a task that are closer together than `closenessMs` become one, unless that gets longer. */
function barsOf(spans: readonly TimelineSpan[], closenessMs: number): Bar[] {
  const bars: Bar[] = [];
  const latest = new Map<string, Bar>();
  for (const span of [...spans].sort((one, other) => one.startMs - other.startMs)) {
    const { task, start, count, startMs, durationMs, failed } = span;
    const endMs = startMs + durationMs;
    const before = latest.get(task);
    if (before !== undefined && endMs - before.startMs < closenessMs) {
      before.endMs = Math.max(before.endMs, endMs);
      before.first = Math.min(before.first, start);
      before.last = Math.max(before.last, start + count - 1);
      before.runs += count;
      before.failed += failed;
      continue;
    }
    const bar = { task, startMs, endMs, first: start, last: start + count - 1, runs: count, failed };
    latest.set(task, bar);
    bars.push(bar);
  }
  return bars;
}

/** So that no bar hides another: each goes to the first lane that is free. Merged ones may overlap a little. */
function lanesOf(bars: readonly Bar[], closenessMs: number): Bar[][] {
  const toleranceMs = Math.max(overlapToleranceMs, closenessMs);
  const lanes: { bars: Bar[]; endMs: number }[] = [];
  for (const bar of bars) {
    let lane = lanes.find(({ endMs }) => endMs <= bar.startMs + toleranceMs);
    if (lane === undefined && lanes.length < maxLanes) lanes.push((lane = { bars: [], endMs: 0 }));
    lane ??= lanes.at(-1)!;
    lane.bars.push(bar);
    lane.endMs = Math.max(lane.endMs, bar.endMs);
  }
  return lanes.map(({ bars }) => bars);
}

function startsOf(lane: readonly Bar[]): number[] {
  return lane.map(({ startMs }, position) => microseconds(startMs) - microseconds(lane[position - 1]?.startMs ?? 0));
}

function widthOf({ first, last }: Bar): number {
  return last - first + 1;
}

function microseconds(milliseconds: number): number {
  return Math.round(milliseconds * 1_000);
}
