// What the flow runner needs of an executor, which is in a room above: it may run task runs anywhere.

import type { Block, CodeAddress, Definition } from '../../lib/chunk.ts';
import type { LogRecord } from '../../lib/log-record.ts';
import type { Placing } from '../../lib/placing.ts';
import type { Reference } from '../../code/registry.ts';
import type { Logger } from '../logger.ts';

/** What an executor learns of the flow run that it is to carry, before anything runs. */
export interface FlowRunFacts {
  readonly flowName: string;
  readonly flowRunId: string;
  readonly flowRunName: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- a cluster factory reads them freely: `parameters.workers`
  readonly parameters: Readonly<Record<string, any>>;
  /** When a schedule would have it start; absent when none did. */
  readonly scheduledStartTime?: Date;
  /** Writes to the log of the run. */
  readonly logger: Logger;
  /** Aborted when the run is over before it has started. */
  readonly signal: AbortSignal;
}

/** One array of task runs: the children of a mapped task, or, with length 1, a task that is not mapped. */
export interface ArrayRequest {
  /** For messages: the task's name. */
  readonly name: string;
  readonly length: number;
  readonly definition: Definition;
  /** Ids of arrays whose index i is needed by our index i. */
  readonly elementwise: readonly number[];
  /** Ids of arrays that are needed whole. */
  readonly whole: readonly number[];
  readonly timeoutMs: number | undefined;
  /** Absent when nothing of it is run. */
  readonly placing?: Placing;
  /** Where the function's code is, when it is in a file. */
  readonly code?: CodeAddress | undefined;
  /** The key of a resource, if the array gives the arguments of that resource; threads close it by this key. */
  readonly resource?: string | undefined;
  /** Outcomes that are known already, in order: nothing of them is run. */
  readonly given?: readonly Block[];
}

/** Where indices were run, and for how long, in milliseconds. */
export interface RanOn {
  readonly worker: string;
  readonly busyMs: number;
  /** How many of them had been tried again, if any. */
  readonly retried?: number;
}

/** A block as it comes back. */
export interface SettledBlock extends Block {
  /** If present, `bytes` is only the head of so many bytes: all succeeded, and their values are not wanted. */
  readonly byteLength?: number;
}

export interface ArrayListener {
  /** So many indices were given to a thread. Some may come back and be given to another one. */
  started(count: number): void;
  /** Asked once for each block, with its length: whether its values are wanted. */
  wants(byteLength: number): boolean;
  /** These indices are done, each exactly once. `ran` says where, if they were run at all. */
  settled(block: SettledBlock, ran?: RanOn): void;
}

/** How many workers and threads there are, and the message about one that joined or was lost, if one did. */
export interface WorkersChange {
  readonly workers: number;
  readonly threads: number;
  readonly joined?: string;
  readonly lost?: string;
}

export interface SessionListener {
  log(records: readonly LogRecord[]): void;
  workers(change: WorkersChange): void;
  /** The way to the workers is gone for good: nothing more will settle. */
  lost(error: Error): void;
}

/** What `start` gives back: the means to run the tasks of one flow run. Disposing of it stops all that it started. */
export interface Session extends AsyncDisposable {
  /** Whether every task run is in this process, so that memory can be shared and moved. */
  readonly sharesMemory: boolean;
  /** Why a task cannot be found where it would run, if so; asked for every task before the first one runs. */
  objection(reference: Reference): Error | undefined;
  /** Whether tasks run on other threads than this, which import their modules again. */
  readonly importsModules: boolean;
  /** Whether a task that cannot be found may be sent there, with what it captures: the files there are those here. */
  readonly takesCaptures: boolean;
  /** Returns the array's id. News of it comes later, never during the call. */
  submit(request: ArrayRequest, listener: ArrayListener): number;
  /** Nothing that is still to be submitted needs these arrays. */
  seal(arrays: readonly number[]): void;
  /** The same; and nobody wants its outcomes any more: what no other array needs is not run. */
  release(array: number): void;
  /**
   * Drops what has not started and tells what runs to stop; after `graceMs` it is ended. Resolves when nothing runs,
   * and no resource is open.
   */
  cancel(graceMs: number): Promise<void>;
}

export interface Executor {
  start(run: FlowRunFacts, listener: SessionListener): Promise<Session>;
}

/** The executor of flows that name none. It is set from the top, because executors are in a room above this one. */
export const defaultExecutor: { make: () => Executor } = {
  make: () => {
    throw new Error('no default executor: import heddle by its own name');
  },
};
