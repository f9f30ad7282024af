import type { LogRecord } from '../lib/log-record.ts';

export interface SchedulerOptions {
  /** How many deaths of a thread or a worker one index may cause before it is given up as `Crashed`. Default 3. */
  readonly allowedFailures?: number;
  /** A worker of which nothing is heard for so long is given up, in milliseconds. Default 15,000. */
  readonly heartbeatTimeoutMs?: number;
  /** When nothing of a flow run has started or settled for so long, it is told why, in milliseconds. Default 10,000. */
  readonly standstillMs?: number;
  /** Hears who comes and goes, for those who look after the scheduler. */
  readonly log?: (record: LogRecord) => void;
  readonly workerJoined?: (name: string) => void;
}
