// Loads the task of an array: its function, and the inputs that are the same for all indices. A thread keeps them from
// one chunk to the next.

import type { ChunkInput, ChunkTask, CodeSource, Importing } from '../../lib/chunk.ts';
import type { UnknownTypes } from '../../values/copier.ts';
import { deepFrozen } from '../../values/deep-frozen.ts';
import { HeddleError } from '../../lib/heddle-error.ts';
import { nameAndMessageIn } from '../../lib/thrown-text.ts';
import { inBundle } from '../../code/call-site.ts';
import { assertSame, type FunctionIdentity } from '../../code/function-identity.ts';
import { load } from '../../code/load.ts';
import type { Reference } from '../../code/registry.ts';
import { codesOfResource, type ResourceDefinition } from '../../flow/resource.ts';
import { codeOf, type Task } from '../../flow/task.ts';
import { triggerOf } from '../../flow/triggers.ts';
import { useTypes, type Registered } from '../../values/types.ts';
import { reviveTask } from '../captured-task.ts';
import { Ending } from './endings.ts';
import type { LoadedTask } from './loaded-task.ts';
import { hookLoadedLoggers } from '../loggers/named.ts';
import { moduleWarnings } from './module-warnings.ts';
import { FailureLog } from './failure-log.ts';
import { captureOutput } from './output-capture.ts';
import { decodePlan, forgetPlans, openPlan, type PlannedResource, type RunPlan, type SealedPlan } from '../plan.ts';
import { outcomesOf, unknownTypesFor } from './read-inputs.ts';
import type { UsedResource } from './resources.ts';
import { openStorage } from './storage.ts';
import { loadTypes } from '../types.ts';
import { Waiting } from './waiting.ts';
import { failed } from '../failures.ts';

export interface KeptArray {
  readonly loaded: Promise<LoadedTask | Ending>;
  readonly failures: FailureLog;
  /** Whether the warnings about its module were logged. */
  isWarned: boolean;
  /** Absent for a single run, which overlaps with none. */
  readonly waiting: Waiting | undefined;
}

/** How many arrays a thread keeps. */
const keptArrays = 16;
const noTypes: readonly Registered[] = [];
const kept = new Map<number, KeptArray>();

/** Forgets all functions and inputs that are kept on this thread. */
export function forgetArrays(): void {
  kept.clear();
  forgetPlans();
}

/** What is kept of the chunk's array. The first chunk here loads it, and reports the import. */
export function keep(task: ChunkTask, emit: (message: Importing) => void): KeptArray {
  let array = kept.get(task.array);
  if (array === undefined) {
    const waiting = task.length > 1 ? new Waiting() : undefined;
    const loaded = loadTask(task, emit);
    // The next chunk tries again: this thread may only have been short of files.
    void loaded.then((each) => each instanceof Ending && kept.delete(task.array));
    array = { loaded, failures: new FailureLog(task.name), isWarned: false, waiting };
    if (kept.size >= keptArrays) kept.delete(kept.keys().next().value!);
  }
  kept.delete(task.array);
  // A single run may have changed its inputs, so a retry gets them fresh. Other arrays go to the end of the line: the
  // one that was not used for longest is dropped first.
  if (task.length > 1) kept.set(task.array, array);
  return array;
}

async function loadTask(task: ChunkTask, emit: (message: Importing) => void): Promise<LoadedTask | Ending> {
  try {
    const sealed = decodePlan(task.definition);
    // Frozen, so that a run that keeps something in its task fails at once, wherever it runs.
    const known = sealed.isSent ? undefined : (await loadTold(sealed.reference, task.code, emit)).freeze();
    if (known !== undefined) assertSameTask(sealed, known);
    const types = sealed.types === undefined ? noTypes : await loadTypes(sealed.types, task.code);
    useTypes(types);
    const unknownTypes = unknownTypesFor(sealed.reference);
    const apart = task.whole[sealed.wholeIsList.length];
    const readParameters = apart && readerOf(apart, { types, unknownTypes });
    const plan = openPlan(sealed, { unknownTypes, readParameters });
    const found = known ?? (await reviveTask(plan)).freeze();
    // No run may change what other runs share. A single run may change its inputs.
    if (plan.isMapped) deepFrozen(plan.constants);
    const whole = plan.wholeIsList.map((isList, position) => {
      const outcomes = outcomesOf(task.whole[position]!, { isList, unknownTypes });
      const value = isList ? outcomes.values : outcomes.values[0];
      return { outcomes, value: plan.isMapped ? deepFrozen(value) : value };
    });
    if (plan.logStdout) captureOutput();
    if (plan.extraLoggers !== undefined) hookLoadedLoggers(found.reference.module);
    const trigger = plan.trigger === null ? found.settings.trigger : triggerOf(plan.trigger);
    const storage = plan.storage && (await openStorage(plan.storage, { plan, task: found, code: task.code }));
    const resources = plan.resources && (await Promise.all(plan.resources.map((each) => findResource(each, task))));
    const warnings = await moduleWarnings(plan, found);
    return { plan, task: found, trigger, whole, storage, resources, types, warnings };
  } catch (error) {
    const cause =
      error instanceof HeddleError
        ? error
        : new HeddleError('TASK_NOT_LOADED', nameAndMessageIn(error), { cause: error });
    return new Ending(failed(cause));
  }
}

/** Gives the parameters of the flow run where they are in no plan, but behind all else that is needed whole. */
function readerOf(
  apart: ChunkInput,
  { types, unknownTypes }: { readonly types: readonly Registered[]; readonly unknownTypes: UnknownTypes },
): () => RunPlan['parameters'] {
  return () => {
    useTypes(types);
    return outcomesOf(apart, { isList: false, unknownTypes }).values[0] as RunPlan['parameters'];
  };
}

/** Reports when the module's top level begins to run and when it has ended, since it can hang like any function. */
async function loadTold(reference: Reference, code: CodeSource, emit: (message: Importing) => void): Promise<Task> {
  let isImporting = false;
  const importing = (module: string) => {
    isImporting = true;
    emit({ type: 'importing', module });
  };
  const task = (await load(reference, code, importing)) as Task;
  if (isImporting) emit({ type: 'importing' });
  return task;
}

/** By the identities that a plan has: the task whose functions were found to be the same. */
const same = new WeakMap<readonly FunctionIdentity[], Task>();

function assertSameTask({ name, functions }: SealedPlan, task: Task): void {
  if (functions === undefined || same.get(functions) === task) return;
  assertSame(functions, { subject: `task '${name}'`, module: task.reference.module, codes: codeOf(task) });
  same.set(functions, task);
}

async function findResource(
  { key, name, reference, functions, input }: PlannedResource,
  task: ChunkTask,
): Promise<UsedResource> {
  const definition = (await load(reference, task.code)) as ResourceDefinition;
  const module = task.code.bundle === undefined ? reference.module : inBundle(task.code.bundle, reference.module!);
  assertSame(functions, { subject: `resource '${name}'`, module, codes: codesOfResource(definition) });
  const makeArguments = () => {
    // Each setup may change its arguments.
    const unknownTypes = unknownTypesFor(reference);
    const { values } = outcomesOf(task.whole[input]!, { isList: false, unknownTypes });
    return values[0] as readonly unknown[] | undefined;
  };
  return { key, name, definition, makeArguments };
}
