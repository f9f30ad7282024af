// What a task run is made of, before it runs: what it shares with others of its array, and with those of its chunk.

import type { Registered } from '../../values/types.ts';
import type { ChunkTask } from '../../lib/chunk.ts';
import type { LogRecord } from '../../lib/log-record.ts';
import type { Task } from '../../flow/task.ts';
import type { Trigger } from '../../flow/triggers.ts';
import type { Notice } from './module-warnings.ts';
import type { Outcomes } from '../outcomes.ts';
import type { RunPlan } from '../plan.ts';
import type { UsedResource } from './resources.ts';
import type { StoredResults } from './stored-run.ts';

/** What all the runs of one array share, once its plan is read and its function is found. */
export interface LoadedTask {
  readonly plan: RunPlan;
  readonly task: Task;
  readonly trigger: Trigger;
  /** Types of the user's, as the module of the task knows them. */
  readonly types: readonly Registered[];
  /** For each upstream that is needed whole: its outcomes, and the value or list for an argument. */
  readonly whole: readonly { readonly outcomes: Outcomes; readonly value: unknown }[];
  /** Absent when results are neither stored nor looked for. */
  readonly storage: StoredResults | undefined;
  /** Absent when it needs none. */
  readonly resources: readonly UsedResource[] | undefined;
  /** What is to be told of its module. */
  readonly warnings: readonly Notice[];
}

/** What all the runs of one chunk share. */
export interface ChunkFacts {
  readonly task: ChunkTask;
  /** For each elementwise upstream, the outcomes of the chunk's indices, in order. */
  readonly elementwise: readonly Outcomes[];
  /** The position of an index in them. */
  readonly positionOf: (index: number) => number;
  readonly write: (record: LogRecord) => void;
  /** Called before a resource is opened on this thread. */
  readonly opening: (resource: UsedResource) => void;
}
