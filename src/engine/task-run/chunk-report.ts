// What is reported of a chunk while it runs: its outcomes, and the lines of its log before them, on one road.

import { clearImmediate, setImmediate } from 'node:timers';
import type { ChunkMessage, ChunkTask } from '../../lib/chunk.ts';
import { controlWords } from '../../lib/control.ts';
import type { LogRecord } from '../../lib/log-record.ts';
import { UnsaidLines } from '../../lib/unsaid-lines.ts';
import { outsideOfRuns } from '../context.ts';
import { OutcomeBlocks } from './outcome-blocks.ts';

/** Outcomes are sent at least this often, so that a thread loses little and nobody waits long. */
const flushIntervalMs = 100;

/** The chunks that run on this thread; one listener serves them all. */
const underWay = new Set<ChunkReport>();
process.on('exit', () => underWay.forEach((report) => report.flush()));

export class ChunkReport {
  readonly outcomes: OutcomeBlocks;
  /** How many have ended that had been tried again, and are not reported yet. */
  retried = 0;
  /** Why the function could not be had from its module. */
  unable: string | undefined;
  isOver = false;
  readonly #task: ChunkTask;
  readonly #emit: (message: ChunkMessage) => void;
  #logs: LogRecord[] = [];
  #saying: NodeJS.Immediate | undefined;
  /** Absent on the thread of the flow itself, which nobody watches, and once this chunk is over. */
  #unsaid: UnsaidLines | undefined;
  #flushing: NodeJS.Timeout | undefined;
  #flushedAt = performance.now();

  constructor(task: ChunkTask, emit: (message: ChunkMessage) => void) {
    this.outcomes = new OutcomeBlocks(task.ranges[0]!.start);
    this.#task = task;
    this.#emit = emit;
    this.#unsaid = task.unsaid && new UnsaidLines(task.unsaid);
  }

  /** From here on until it is stopped, what there is is sent when a function ends its thread. */
  start(): void {
    underWay.add(this);
  }

  stop(): void {
    clearTimeout(this.#flushing);
    clearImmediate(this.#saying);
    underWay.delete(this);
  }

  /** What it returns gives the last messages, with the lines that are written until it is called. */
  last(): () => readonly ChunkMessage[] {
    const outcomes = this.#takeOutcomes();
    return () => {
      const records = this.#takeLines();
      // What was not awaited may still write while the next chunk does, or end the thread.
      this.#unsaid = undefined;
      this.isOver = true;
      return records.length === 0 ? outcomes : [{ type: 'logs', records }, ...outcomes];
    };
  }

  /** The line is sent with the next outcome, or in the next turn; or read by the watcher of this thread before. */
  readonly log = (record: LogRecord): void => {
    if (this.isOver) return this.#say([record]);
    const place = this.#unsaid?.add(record) ?? (this.#logs.length === 0 ? 'first' : 'more');
    if (place === 'full') return this.#say([...this.#takeLines(), record]);
    if (place === 'first') {
      this.#logs = [];
      this.#saying = setImmediate(() => this.#flushLogs());
    }
    this.#logs.push(record);
  };

  /** What is neither an outcome nor a line; all that came before is sent first. */
  tell(message: ChunkMessage): void {
    this.flush();
    this.#emit(message);
  }

  flush(): void {
    this.#flushLogs();
    for (const message of this.#takeOutcomes()) this.#emit(message);
  }

  flushIfDue(): void {
    if (this.outcomes.isFull || performance.now() - this.#flushedAt >= flushIntervalMs) this.flush();
  }

  /** Sends outcomes after a while, so that they do not wait for runs that take long. */
  flushInTime(): void {
    this.#flushing ??= setTimeout(() => {
      this.#flushing = undefined;
      this.flush();
    }, flushIntervalMs);
  }

  #flushLogs(): void {
    const records = this.#takeLines();
    if (records.length > 0) this.#say(records);
  }

  #say(records: readonly LogRecord[]): void {
    // A task wrote these lines, but the listener to the log is not that task: what it prints is not the task's output.
    outsideOfRuns(() => this.#emit({ type: 'logs', records }));
    this.#unsaid?.clear();
  }

  /** The lines that were not sent yet. */
  #takeLines(): readonly LogRecord[] {
    const records = this.#logs;
    if (records.length === 0) return [];
    this.#logs = [];
    const reports = Atomics.load(this.#task.control, controlWords.reports);
    return this.#unsaid?.claim(reports) === false ? [] : records;
  }

  /** The outcomes that were not sent yet, as messages. */
  #takeOutcomes(): readonly ChunkMessage[] {
    const now = performance.now();
    const meanMs = (now - this.#flushedAt) / this.outcomes.count;
    this.#flushedAt = now;
    // Runs that overlap share the time among them.
    return this.outcomes.take().map((block) => {
      const { retried, unable } = this;
      this.retried = 0;
      const more = { ...(retried > 0 && { retried }), ...(unable !== undefined && { unable }) };
      return { ...block, type: 'settled', busyMs: meanMs * block.count, ...more };
    });
  }
}
