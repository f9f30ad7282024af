import type { FromWorker } from '../../src/protocol/messages.ts';
import type { Agenda } from './agenda.ts';
import type { Prng } from './prng.ts';
import type { Faults } from './settings.ts';
import type { VirtualWorker } from './virtual-worker.ts';

/** What becomes of an index when it is run; a number is the time after which it wants to be run again. */
export type Fate = 'done' | 'stuck' | 'kills-thread' | 'kills-worker' | number;

/** What virtual workers and threads live in. */
export interface World {
  readonly agenda: Agenda;
  readonly prng: Prng;
  readonly faults: Faults;
  /** How long an index of an array takes. */
  paceMs(array: number): number;
  fateOf(array: number, index: number): Fate;
  /** Whether a worker can start no thread. */
  isBare(worker: VirtualWorker): boolean;
  /** Whether a worker cannot load the task of an array. */
  isUnable(worker: VirtualWorker, array: number): boolean;
  /** Over the worker's connection. */
  send(worker: VirtualWorker, message: FromWorker): void;
  /** The worker's connection is closed. */
  disconnected(worker: VirtualWorker): void;
  /** The worker's process is gone. */
  ended(worker: VirtualWorker): void;
}
