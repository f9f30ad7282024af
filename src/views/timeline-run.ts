import type { StateType } from '../flow/state.ts';

/** A finished flow run as a timeline shows it: plain data, times in milliseconds. */
export interface TimelineRun {
  /** The names of the flow and of its run. */
  readonly flow: string;
  readonly flowRun: string;
  readonly state: StateType;
  /** The flow run's own message, if it says more than the state. */
  readonly message?: string;
  /** Since 1970. */
  readonly startedAt: number;
  readonly durationMs: number;
  /** Task runs that came to an end, children included. */
  readonly taskRuns: number;
  readonly workers: number;
  readonly threads: number;
  readonly tasks: readonly TimelineTask[];
  /** In any order. */
  readonly spans: readonly TimelineSpan[];
  readonly failures: readonly TimelineFailure[];
}

export interface TimelineTask {
  /** Its slug. */
  readonly name: string;
  readonly isMapped: boolean;
  /** How many of its runs ended in which state. */
  readonly counts: Readonly<Partial<Record<StateType, number>>>;
  /** How long the runs that were measured took, by one and together; absent when none was. */
  readonly durations?: { readonly totalMs: number; readonly meanMs: number; readonly maxMs: number };
}

/** What one worker thread did without a break: one task run, or a chunk of a mapped task. */
export interface TimelineSpan {
  /** The slug of its task. */
  readonly task: string;
  /** The first map index; 0 for a task that is not mapped. */
  readonly start: number;
  /** How many indices, from the first. */
  readonly count: number;
  /** The thread that ran it, as people should see it. Each has a row. */
  readonly worker: string;
  /** From the start of the flow run. */
  readonly startMs: number;
  readonly durationMs: number;
  /** How many of its runs failed. */
  readonly failed: number;
}

export interface TimelineFailure {
  readonly task: string;
  readonly mapIndex?: number;
  readonly state: StateType;
  readonly message: string;
}
