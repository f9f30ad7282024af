// Tasks that workers cannot find, because they were made inside a function. They are taken apart where the flow is
// started, with what their functions capture, and put together again where they run.

import type { Capture } from '../code/capture/capture.ts';
import type { Captured } from '../code/capture/captured.ts';
import type { Code } from '../code/function-place.ts';
import { notAddressable } from '../code/not-loaded.ts';
import { insideFunction } from '../code/registry.ts';
import { codeOf, partsOf, taskOf, type Task, type TaskParts } from '../flow/task.ts';
import { isExact } from '../values/exactness.ts';
import { outgoing, type OutgoingUse } from './outgoing.ts';
import type { RunPlan } from './plan.ts';

/** Whose task it is, how it was made, and in which run. */
export type CaptureUse = Pick<OutgoingUse, 'flowRunId' | 'warn' | 'sharesMemory'> & CaptureSubject;

export interface CaptureSubject {
  readonly slug: string;
  /** See `Reference`; inside a function, unless it says otherwise. */
  readonly made: string | undefined;
}

/**
 * All that a task is made of, as plain data. Rejects with `FUNCTION_NOT_SERIALIZABLE` for a function that cannot leave
 * its place, with `CAPTURE_NOT_SERIALIZABLE` for a value that cannot, and with `TASK_NOT_ADDRESSABLE` where nobody can
 * tell what it captures.
 */
export async function captureTask(task: Task, { slug, made, ...ofRun }: CaptureUse): Promise<Captured> {
  const { holders, values, ...captured } = await takeApart(task, { slug, made });
  const holderOf = (path: string) => holders.get(keyIn(path));
  const use = (): OutgoingUse => ({
    role: 'captured',
    task: slug,
    made,
    check: task.settings.check,
    holderOf,
    ...ofRun,
  });
  return { ...captured, values: outgoing(values, use) as Captured['values'] };
}

/** What a task is made of, with its values not checked yet. Rejects as `captureTask` does, except for values. */
export async function takeApart(task: Task, { slug, made = insideFunction }: CaptureSubject): Promise<Capture> {
  const { capture, NoInspectorError } = await import('../code/capture/capture.ts');
  try {
    const parts = partsOf(task);
    const classes = 'class' in parts ? codeOf(task) : [];
    return await capture(withoutPlace(parts), { subject: `task '${slug}'`, made, isPlain: isExact, classes, codesOf });
  } catch (error) {
    throw error instanceof NoInspectorError ? notAddressable(task.reference, error) : error;
  }
}

/** The task again. Rejects as `revive` does. */
export async function reviveTask({ reference, captured }: RunPlan): Promise<Task> {
  const { revive } = await import('../code/capture/revive.ts');
  return taskOf(reference, (await revive(captured!, codesOf)) as unknown as TaskParts);
}

/** Only tasks have a reference of that kind. */
function codesOf(task: object): readonly Code[] {
  return codeOf(task as Task);
}

/** Leaves out the `result`, which has a plan of its own, and upstream tasks, which stay where the flow is. */
function withoutPlace({ options, ...rest }: TaskParts): Readonly<Record<string, unknown>> {
  const { result: _, upstreamTasks: __, ...sent } = options;
  return { options: sent, ...rest };
}

/** The variable at the beginning of a path: `db` of `.db.pool`, `a (2)` of `["a (2)"].b`. */
function keyIn(path: string): string {
  const [, name, quoted] = /^(?:\.([^.[]+)|\[("(?:[^"\\]|\\.)*")\])/.exec(path) ?? [];
  return name ?? (quoted === undefined ? '' : (JSON.parse(quoted) as string));
}
