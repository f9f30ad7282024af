import { isExact } from '../values/exactness.ts';
import type { Finding } from '../values/diagnosis.ts';
import { encodeColumn, encodeValue, joinValues } from '../values/encode.ts';
import { assertTravels } from '../values/travels.ts';
import type { State } from '../flow/state.ts';
import { packOutcomes } from './outcomes.ts';
import type { Logger } from './logger.ts';
import type { RunPlan } from './plan.ts';
import { Ending, failed } from './endings.ts';
import type { TaskRunner } from './task-runner.ts';

/**
 * Collects the outcomes of consecutive indices until they leave as one block. An object is put into bytes when it is
 * returned, not when the block leaves: the task may hold on to it and change it in its next run.
 */
export class OutcomeBuffer {
  #start: number;
  #values: unknown[] = [];
  /** By position: the bytes of the values that are objects. */
  #objects = new Map<number, Uint8Array>();
  #states = new Map<number, State>();

  constructor(start: number) {
    this.#start = start;
  }

  /** The first index that has not left yet. */
  get start(): number {
    return this.#start;
  }

  /** Takes a value that was returned, or gives the ending of a run whose value cannot travel. */
  succeed(index: number, value: unknown, plan: RunPlan, runner: TaskRunner): Ending | undefined {
    const position = index - this.#start;
    const isObject = typeof value === 'object' && value !== null;
    try {
      if (!isExact(value)) {
        const mapIndex = plan.isMapped ? index : undefined;
        const findings = assertTravels(value, { role: 'result', task: plan.name, mapIndex });
        for (const finding of findings) warnOnce(plan, finding, runner.loggerFor(index));
      }
      if (isObject) this.#objects.set(position, encodeValue(value));
    } catch (error) {
      return new Ending(failed(error), { isRetriable: false });
    }
    this.#values[position] = isObject ? undefined : value;
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
    this.#objects = new Map();
    this.#states = new Map();
  }

  /** What was collected, as bytes; nothing when there is nothing. */
  take(): Uint8Array | undefined {
    if (this.#values.length === 0) return undefined;
    const bytes = packOutcomes(this.#column(), this.#states);
    this.restart(this.#start + this.#values.length);
    return bytes;
  }

  #column(): Uint8Array {
    if (this.#objects.size === 0) return encodeColumn(this.#values);
    const [only] = this.#objects.values();
    if (this.#values.length === 1) return only!;
    return joinValues(this.#values.map((value, position) => this.#objects.get(position) ?? encodeValue(value)));
  }
}

/** Which ways of being changed were reported, by task and path without indices; for all runs of this thread. */
const warned = new Set<string>();

function warnOnce(plan: RunPlan, { path, what, remedy }: Finding, logger: Logger): void {
  const key = `${plan.flowRunId} ${plan.name} ${path.replaceAll(/\[\d+\]/g, '[]')}`;
  if (warned.has(key)) return;
  warned.add(key);
  logger.warn(`result${path} ${what}; whoever gets it gets something else: ${remedy[0] ?? 'send plain data'}`);
}
