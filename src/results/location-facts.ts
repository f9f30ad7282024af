// What the location of a task run's result may be made of, by the names that templates use; and the names of runs.

/** The task run whose result is to be stored, as a function for a location is told of it. */
export interface LocationFacts {
  /** The parameters of the flow run, by name. */
  // oxlint-disable-next-line typescript/no-explicit-any -- read freely, as `context.parameters` are
  readonly parameters: Readonly<Record<string, any>>;
  /** What the function is called with, by position. */
  // oxlint-disable-next-line typescript/no-explicit-any -- a task's options do not know its function's types
  readonly inputs: readonly any[];
  readonly taskName: string;
  /** The index of this child; absent in a task that is not mapped. */
  readonly mapIndex: number | undefined;
  readonly flowName: string;
  readonly flowRunId: string;
  readonly flowRunName: string;
  /** When the flow run started. */
  readonly date: Date;
  /** When its schedule would have it start; without a schedule, when it started. */
  readonly scheduledStartTime: Date;
  /** The day of `date`, as `yyyy-MM-dd`, in UTC as all dates in locations; and the days before and after. */
  readonly today: string;
  readonly yesterday: string;
  readonly tomorrow: string;
}

/** All the names there are. */
export const locationFactNames: readonly (keyof LocationFacts)[] = [
  'parameters',
  'inputs',
  'taskName',
  'mapIndex',
  'flowName',
  'flowRunId',
  'flowRunName',
  'date',
  'scheduledStartTime',
  'today',
  'yesterday',
  'tomorrow',
];
