import { isExact } from '../values/exactness.ts';
import type { Finding } from '../values/diagnosis.ts';
import { encodeValue } from '../values/encode.ts';
import { assertTravels } from '../values/travels.ts';
import type { State } from '../flow/state.ts';
import { encodeOutcomes } from './outcomes.ts';
import type { Logger } from './logger.ts';
import type { RunPlan } from './plan.ts';
import { Ending, failed } from './endings.ts';
import type { TaskRunner } from './task-runner.ts';

/** Collects the outcomes of consecutive indices until they leave as one block. */
export class OutcomeBuffer {
  #start: number;
  #values: unknown[] = [];
  #states = new Map<number, State>();
  /** Of the latest value. */
  #plan: RunPlan | undefined;

  constructor(start: number) {
    this.#start = start;
  }

  /** The first index that has not left yet. */
  get start(): number {
    return this.#start;
  }

  /** Takes a value that was returned, or gives the ending of a run whose value cannot travel. */
  succeed(index: number, value: unknown, plan: RunPlan, runner: TaskRunner): Ending | undefined {
    this.#plan = plan;
    if (!isExact(value)) {
      const mapIndex = plan.isMapped ? index : undefined;
      try {
        const findings = assertTravels(value, { role: 'result', task: plan.name, mapIndex });
        for (const finding of findings) warnOnce(plan, finding, runner.loggerFor(mapIndex));
      } catch (error) {
        return new Ending(failed(error), { isRetriable: false });
      }
    }
    this.#values[index - this.#start] = value;
    return undefined;
  }

  /** Puts a state of the task's own beside a value that was taken. */
  describe(index: number, state: State): void {
    this.#states.set(index - this.#start, state);
  }

  end(index: number, state: State): void {
    this.#values[index - this.#start] = undefined;
    this.#states.set(index - this.#start, state);
  }

  /** Goes on at another index; what was collected must have been taken. */
  restart(start: number): void {
    this.#start = start;
    this.#values = [];
    this.#states = new Map();
  }

  /** What was collected, as bytes; nothing when there is nothing. */
  take(): Uint8Array | undefined {
    if (this.#values.length === 0) return undefined;
    const start = this.#start;
    const bytes = this.#encode();
    this.restart(start + this.#values.length);
    return bytes;
  }

  #encode(): Uint8Array {
    try {
      return encodeOutcomes(this.#values, this.#states);
    } catch {
      // A value could be sent when it was returned, and cannot any more since somebody changed it: the others can.
      for (const index of this.#values.keys()) this.#endIfSpoiled(this.#start + index);
      return encodeOutcomes(this.#values, this.#states);
    }
  }

  #endIfSpoiled(index: number): void {
    const value = this.#values[index - this.#start];
    const mapIndex = this.#plan?.isMapped === true ? index : undefined;
    try {
      assertTravels(value, { role: 'result', task: this.#plan?.name, mapIndex });
      encodeValue(value);
    } catch (error) {
      this.end(index, failed(error));
    }
  }
}

/** Which ways of being changed were reported, by task and path without indices; for all runs of this thread. */
const warned = new Set<string>();

function warnOnce(plan: RunPlan, { path, what }: Finding, logger: Logger): void {
  const key = `${plan.flowRunId} ${plan.name} ${path.replaceAll(/\[\d+\]/g, '[]')}`;
  if (warned.has(key)) return;
  warned.add(key);
  logger.warn(`result${path} ${what}; whoever gets it gets something else`);
}
