// What is open on this thread. A resource is opened for the first task run that needs it here, serves all that do, and
// is closed when the thread is told that no other will come.

import { newControl, type Control } from '../../lib/control.ts';
import { formatDuration } from '../../lib/duration.ts';
import { HeddleError } from '../../lib/heddle-error.ts';
import { inTime } from '../../lib/in-time.ts';
import type { LogRecord } from '../../lib/log-record.ts';
import { nameAndMessageIn } from '../../lib/thrown-text.ts';
import type { ResourceDefinition } from '../../flow/resource.ts';
import { Signal } from '../../flow/signals.ts';
import { encodeThrown } from '../../values/thrown.ts';
import { onCancel } from './abort-watch.ts';
import { outsideOfRuns, withContext } from '../context.ts';
import { Ending, firstTry } from './endings.ts';
import { tellOfLongWait } from '../long-wait.ts';
import { changedPlan, type RunPlan } from '../plan.ts';
import { RunContext } from './run-context.ts';
import { failed } from '../failures.ts';

/** A resource as one array of task runs uses it. */
export interface UsedResource {
  /** Unique among all resources of all flow runs. */
  readonly key: string;
  /** As the flow calls it. */
  readonly name: string;
  readonly definition: ResourceDefinition;
  /** Makes the arguments of its setup anew; `undefined` when the run that was to give them did not succeed. */
  readonly makeArguments: () => readonly unknown[] | undefined;
}

/** What it is opened for. */
export interface OpeningFacts {
  readonly plan: RunPlan;
  readonly control: Control;
  readonly write: (record: LogRecord) => void;
}

interface OpenResource {
  readonly used: UsedResource;
  readonly plan: RunPlan;
  /** Writes lines to where those of the task runs go that use it now. */
  write: (record: LogRecord) => void;
  opening: Promise<unknown>;
  /** In a list of its own, since it may be undefined. */
  value: readonly [unknown] | undefined;
}

const open = new Map<string, OpenResource>();

/** From now on, lines of these resources go where those of the task runs go that use them. */
export function lendWriter(used: readonly UsedResource[], write: (record: LogRecord) => void): void {
  for (const { key } of used) {
    const resource = open.get(key);
    if (resource !== undefined) resource.write = write;
  }
}

/** The first of these that has to be opened before they can be used. */
export function firstClosed(used: readonly UsedResource[]): UsedResource | undefined {
  return used.find((each) => open.get(each.key)?.value === undefined && each.makeArguments() !== undefined);
}

/** Undefined when there is nothing to open it with. */
export function valueOf({ key }: UsedResource): unknown {
  return open.get(key)?.value?.[0];
}

/** Rejects with `RESOURCE_SETUP_FAILED`, or with the signal that the setup threw; then it is not open. */
export async function openResource(used: UsedResource, { plan, control, write }: OpeningFacts): Promise<void> {
  const { key, name, definition } = used;
  const resource: OpenResource = { used, plan: shared(plan), write, opening: Promise.resolve(), value: undefined };
  open.set(key, resource);
  const run = new RunContext(runFacts(used, { plan, control, write: (record) => resource.write(record) }));
  const setUp = async () => await withContext(run, () => definition.setup(...used.makeArguments()!));
  const startedAt = performance.now();
  resource.opening = setUp();
  try {
    resource.value = [await openInTime(resource, run, control)];
    run.logger.info(`opened in ${formatDuration(performance.now() - startedAt)}`);
  } catch (cause) {
    if (open.get(key) === resource) open.delete(key);
    if (cause instanceof Signal) throw cause;
    const why = nameAndMessageIn(cause);
    const message = `task '${plan.name}' could not run, because the setup of its resource '${name}' failed: ${why}`;
    throw new HeddleError('RESOURCE_SETUP_FAILED', message, { task: plan.name, resource: name, cause });
  } finally {
    run.close();
  }
}

/** The run that waits for a resource keeps the process; without it, nobody needs the resource. */
const notAlone = { keepsProcess: false };

/** Its value. Rejects when it takes longer than it may; it is closed then as soon as it is open after all. */
async function openInTime(resource: OpenResource, run: RunContext, control: Control): Promise<unknown> {
  const { used, opening } = resource;
  const { name, definition } = used;
  const { setupTimeoutMs } = definition;
  using _told = tellOfLongWait((elapsed) => {
    run.logger.info(`resource '${name}' is still being opened, for ${elapsed} so far`);
  });
  const unsubscribe = onCancel(control, () => {
    run.logger.warn(`resource '${name}' was still being opened when the run was cancelled`);
  });
  try {
    const opened = await inTime(setupTimeoutMs, opening, notAlone);
    if (opened !== undefined) return opened.value;
  } finally {
    unsubscribe();
  }
  void opening.then(
    () => close(resource, resource.write),
    () => {},
  );
  const error = setupTimedOut(name, setupTimeoutMs);
  run.abort(new DOMException(error.message, error.name));
  throw error;
}

/** With the name of what Node and browsers throw when a time is up. */
function setupTimedOut(resource: string, setupTimeoutMs: number): HeddleError {
  const message =
    `it took longer than its setupTimeout of ${formatDuration(setupTimeoutMs)}. Look at what it waits for, or give ` +
    `resource '${resource}' a longer setupTimeout.`;
  const error = new HeddleError('RESOURCE_SETUP_TIMED_OUT', message, { resource, setupTimeoutMs });
  error.name = 'TimeoutError';
  return error;
}

/** Closes it, if it is open here. Never rejects: what goes wrong is logged. */
export async function closeResource(key: string, log: (record: LogRecord) => void): Promise<void> {
  const resource = open.get(key);
  if (resource === undefined) return;
  open.delete(key);
  await close(resource, log);
}

async function close(resource: OpenResource, log: (record: LogRecord) => void): Promise<void> {
  // Whoever reads the log is not the cleanup that wrote it: see `ChunkReport`.
  const write = (record: LogRecord) => outsideOfRuns(() => log(record));
  resource.write = write;
  const { name, definition } = resource.used;
  const { cleanupTimeoutMs } = definition;
  // The flow run may be cancelled, but its cleanup is not.
  const control = newControl();
  const run = new RunContext(runFacts(resource.used, { plan: resource.plan, control, write }));
  try {
    const closing = resource.opening.then(
      (value) => withContext(run, () => (definition.cleanup ?? dispose)(value)),
      () => {},
    );
    if ((await inTime(cleanupTimeoutMs, closing, notAlone)) !== undefined) return;
    const remedy = 'It is left behind; look at what it waits for, or give it a longer cleanupTimeout.';
    const how = resource.value === undefined ? 'was not open yet, and so not closed,' : 'was not closed';
    run.logger.warn(`resource '${name}' ${how} within ${formatDuration(cleanupTimeoutMs)}. ${remedy}`);
  } catch (thrown) {
    run.logger.warn(`the cleanup of resource '${name}' failed, and it may not be closed: ${textOf(thrown)}`);
  } finally {
    run.close();
  }
}

/** How a run ends that returned a resource, which cannot leave the thread. */
export function refuseOpen(value: unknown, used: readonly UsedResource[], task: string): Ending | undefined {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return undefined;
  const resource = used.find((each) => valueOf(each) === value);
  if (resource === undefined) return undefined;
  const { name } = resource;
  const message =
    `task '${task}' returned its resource '${name}', which only exists on the thread that opened it. Return what was ` +
    `got from it; to use it in another task, give that task the resource as well.`;
  const error = new HeddleError('RESOURCE_MISPLACED', message, { task, resource: name });
  return new Ending(failed(error));
}

async function dispose(value: unknown): Promise<void> {
  const resource = (value ?? {}) as Partial<Disposable & AsyncDisposable>;
  if (resource[Symbol.asyncDispose] === undefined) resource[Symbol.dispose]?.();
  else await resource[Symbol.asyncDispose]!();
}

function runFacts({ name }: UsedResource, { plan, control, write }: OpeningFacts) {
  return {
    plan: changedPlan(plan, { name }),
    progress: firstTry,
    mapIndex: undefined,
    taskRunName: undefined,
    control,
    write,
  };
}

/** The plan without what only one array needs, which may be large. */
function shared(plan: RunPlan): RunPlan {
  return changedPlan(plan, { args: [], constants: [] });
}

function textOf(thrown: unknown): string {
  const record = encodeThrown(thrown);
  return record.kind === 'error' ? record.stack : record.text;
}
