import type { LogRecord } from '../lib/log-record.ts';

export interface SchedulerOptions {
  /** How many deaths of a thread or a worker one index may cause before it is given up as `Crashed`. Default 3. */
  readonly allowedFailures?: number;
  /** How many runs of a task may overlap in one thread when it does not say so itself. Default 1. */
  readonly concurrency?: number;
  /** How long a worker may be silent before it is given up, in milliseconds. Default 15,000. */
  readonly heartbeatTimeoutMs?: number;
  /** How long nothing of a flow run may start or settle before it is told why, in milliseconds. Default 10,000. */
  readonly standstillMs?: number;
  /** How much memory results may take before they are moved to disk. Default: 1 GB. */
  readonly resultMemoryBytes?: number;
  /** Where they are moved to. Default: the system's folder for temporary files. */
  readonly spillDirectory?: string;
  /** The file that events and decisions are written to. Default: none. */
  readonly record?: string;
  /** Is told who comes and goes, for the log of the scheduler. */
  readonly log?: (record: LogRecord) => void;
  readonly workerJoined?: (name: string) => void;
  /** Asked when the connection of a worker is lost: whoever started the worker may soon know how it ended. */
  readonly howWorkerEnded?: (name: string) => Promise<string | undefined> | undefined;
  /** Asked why there is no worker: whoever starts them may know, and when there will be one. */
  readonly whyNoWorker?: () => string | undefined;
  /** Is told the name of a worker that was silent for too long. */
  readonly workerGivenUp?: (name: string) => void;
}
