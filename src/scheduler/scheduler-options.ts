import type { LogRecord } from '../lib/log-record.ts';

export interface SchedulerOptions {
  /** How many deaths of a thread or a worker one index may cause before it is given up as `Crashed`. Default 3. */
  readonly allowedFailures?: number;
  /** How many runs of a task may overlap in one thread when it does not say so itself. Default 1. */
  readonly concurrency?: number;
  /** A worker of which nothing is heard for so long is given up, in milliseconds. Default 15,000. */
  readonly heartbeatTimeoutMs?: number;
  /** When nothing of a flow run has started or settled for so long, it is told why, in milliseconds. Default 10,000. */
  readonly standstillMs?: number;
  /** How much memory results may take before they are moved to disk. Default: 1 GB. */
  readonly resultMemoryBytes?: number;
  /** Where they are moved to. Default: the system's folder for temporary files. */
  readonly spillDirectory?: string;
  /** The file that events and decisions are written to. Default: none. */
  readonly record?: string;
  /** Hears who comes and goes, for those who look after the scheduler. */
  readonly log?: (record: LogRecord) => void;
  readonly workerJoined?: (name: string) => void;
  /** Whoever started a worker may soon know more of its end than that the connection is lost. */
  readonly howWorkerEnded?: (name: string) => Promise<string | undefined> | undefined;
  /** Whoever starts workers may know why there is none, and when there will be. */
  readonly whyNoWorker?: () => string | undefined;
  /** Nothing was heard of it for too long. */
  readonly workerGivenUp?: (name: string) => void;
}
