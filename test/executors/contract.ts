// What every executor must do, whatever it is made of: the same flows end the same way everywhere.

import { test } from 'node:test';
import type { Executor, Flow, FlowRunOptions, FlowState, LogRecord } from 'heddle';
import { cacheRules } from './contract/caches.ts';
import { cancelRules } from './contract/cancel.ts';
import { collectionRules } from './contract/collections.ts';
import { contextRules } from './contract/context.ts';
import { controlRules } from './contract/control.ts';
import {
  everyThrownValueRules,
  everyValueRules,
  hostileValueRules,
  rejectedPromiseRules,
} from './contract/every-value.ts';
import { failureRules } from './contract/failures.ts';
import { loggerRules } from './contract/loggers.ts';
import { loopRules } from './contract/loops.ts';
import { handlerRules } from './contract/handlers.ts';
import { logLineRules } from './contract/log-lines.ts';
import { mappingRules } from './contract/mapping.ts';
import { memoryRules } from './contract/memory.ts';
import { mergeRules } from './contract/merges.ts';
import { nameRules } from './contract/names.ts';
import { outputRules } from './contract/output.ts';
import { resourceRules } from './contract/resources.ts';
import { resultRules } from './contract/results.ts';
import { placingRules } from './contract/placing.ts';
import { registeredTypeRules } from './contract/registered-types.ts';
import { resumeRules } from './contract/resume.ts';
import { retryRules } from './contract/retries.ts';
import { scaleRules } from './contract/scale.ts';
import { sensorRules } from './contract/sensors.ts';
import { sharingRules } from './contract/sharing.ts';
import { signalRules } from './contract/signals.ts';
import { stateRules } from './contract/state.ts';
import { triggerRules } from './contract/triggers.ts';
import { valueRules } from './contract/values.ts';
import { wiringRules } from './contract/wiring.ts';

/** A flow run on the executor under test: its final state, and all that was logged until then. */
export type Run = <Plan>(flow: Flow<Plan>, options?: FlowRunOptions) => Promise<FinishedRun<Plan>>;

export interface FinishedRun<Plan> {
  readonly state: FlowState<Plan>;
  readonly logs: readonly LogRecord[];
}

export type Rule = (sentence: string, check: (run: Run) => Promise<void>) => void;

/** What an executor has that another has not. */
export interface Means {
  /** Whether all of its task runs are in this process. */
  readonly sharesMemory: boolean;
  /** Whether all of its processes have `Temporal`, or none. */
  readonly knowsTemporal?: boolean;
}

export function describeContract(name: string, makeExecutor: () => Executor, means: Means): void {
  const rule: Rule = (sentence, check) => {
    test(`${name}: ${sentence}`, { timeout: 20_000 }, () => check(runOn(makeExecutor())));
  };
  mappingRules(rule);
  wiringRules(rule);
  controlRules(rule);
  mergeRules(rule);
  collectionRules(rule);
  triggerRules(rule);
  failureRules(rule);
  retryRules(rule);
  loopRules(rule);
  resumeRules(rule);
  signalRules(rule);
  valueRules(rule);
  everyValueRules(rule, means);
  memoryRules(rule, means);
  everyThrownValueRules(rule);
  hostileValueRules(rule);
  rejectedPromiseRules(rule);
  registeredTypeRules(rule);
  contextRules(rule);
  loggerRules(rule);
  nameRules(rule);
  handlerRules(rule);
  logLineRules(rule);
  outputRules(rule);
  cancelRules(rule);
  placingRules(rule);
  resultRules(rule);
  cacheRules(rule);
  scaleRules(rule);
  sharingRules(rule);
  sensorRules(rule);
  resourceRules(rule);
  stateRules(rule);
}

/** Here alone is a flow run: `onLog` of the test hears each line as it comes, and `logs` keeps them all. */
export function runOn(executor: Executor): Run {
  return async (flow, { onLog, ...options } = {}) => {
    const logs: LogRecord[] = [];
    const keep = (record: LogRecord) => {
      logs.push(record);
      onLog?.(record);
    };
    const state = await flow.run({ executor, onLog: keep, ...options });
    return { state, logs: [...logs] };
  };
}
