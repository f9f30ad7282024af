// What is told of the modules of tasks, which every thread imports for itself: that a variable is not there what it is
// where the flow was started, and what the import left open or changed.

import { isBundled } from '../code/call-site.ts';
import { isRead, isSamePlace, isToBeFilled, variableHere, variablesOf, type ModuleVariable } from '../code/drift.ts';
import { sideEffectsOf } from '../code/load.ts';
import { codeOf, partsOf, type Task } from '../flow/task.ts';
import { shorten } from '../values/members.ts';
import type { RunPlan } from './plan.ts';
import { withoutSecrets } from './secrets.ts';

/** To be told once in a run, whichever thread finds it out first. */
export interface ModuleWarning {
  readonly message: string;
  readonly once: string;
}

const shownLength = 80;
/** What is called so, or holds something that is, is not shown. */
const credentials = /:\/\/[^/\s]*:[^/\s]*@/;
const secretName = /secret|token|password|passwd|credential|api_?key|private_?key/i;

/** The variables that a task reads of its module, and its fields, as they are here. */
export async function noteVariables(task: Task): Promise<readonly ModuleVariable[]> {
  const parts = partsOf(task);
  const variables = await variablesOf(codeOf(task), 'fields' in parts ? parts.fields : {});
  return variables.map((variable) => ({ ...variable, text: withoutSecrets(variable.text) }));
}

/** On the thread that is about to run a task: what is otherwise than where the flow was started. */
export async function moduleWarnings(plan: RunPlan, task: Task): Promise<readonly ModuleWarning[]> {
  return [...(await driftWarnings(plan, task)), ...effectWarnings(plan, task)];
}

async function driftWarnings(
  { variables, captured, flowRunId, name: slug }: RunPlan,
  task: Task,
): Promise<ModuleWarning[]> {
  if (variables === undefined) return [];
  const here = new Map((await noteVariables(task)).map(({ name, text }) => [name, text]));
  const warnings: ModuleWarning[] = [];
  const sent = new Set(captured?.functions.flatMap((each) => ('locals' in each ? Object.keys(each.locals) : [])));
  const isSent = ({ name }: ModuleVariable) => sent.has(name.replace(/^globalThis\./, ''));
  for (const variable of variables.filter((each) => !isToBeFilled(each) && !isSent(each))) {
    const { name, text, isAround } = variable;
    const isInBundle = isBundled(task.reference.module ?? '');
    const other = variableHere(variable, here, isInBundle);
    if (other === undefined || other.text === text || !(await isReadBy(task, other.name))) continue;
    if (isInBundle && isSamePlace(text, other.text)) continue;
    const isSecret = [name, text, other.text].some((each) => secretName.test(each) || credentials.test(each));
    const [there, inWorker] = [text, other.text].map((each) => (isSecret ? '***' : shorten(each, shownLength)));
    const whose = /^(?:globalThis|this)\./.test(name)
      ? ''
      : ` of ${isAround ? 'the function around it' : 'its module'}`;
    const message =
      `task '${slug}' reads '${name}'${whose}: ${there} where the flow was started, but ${inWorker} in a ` +
      `worker, which imported the module again. Pass it to the task as an input, or make it a Parameter and read ` +
      `context.parameters.`;
    warnings.push(warning('CAPTURE_DRIFT', message, [flowRunId, slug, name]));
  }
  return warnings;
}

async function isReadBy(task: Task, name: string): Promise<boolean> {
  for (const code of codeOf(task)) if (await isRead(code, name)) return true;
  return false;
}

function effectWarnings({ reference, captured, flowRunId }: RunPlan, task: Task): ModuleWarning[] {
  const used = captured?.functions.flatMap((each) => ('module' in each ? (each.module?.url ?? []) : [])) ?? [];
  // The module of a task that was found has here the name that it was imported by: that of a bundle, say.
  const modules = new Set(captured === undefined ? [task.reference.module ?? ''] : used);
  return [...modules].flatMap((module) => {
    const effects = sideEffectsOf(module);
    if (effects.length === 0) return [];
    const path = captured === undefined ? reference.path : module;
    const message =
      `importing ${path} to find its tasks, each worker thread ${list(effects)}. Do that inside of a task, or in a ` +
      `resource (resourceManager), or behind if (import.meta.main), which is false in workers.`;
    return [warning('TASK_MODULE_SIDE_EFFECTS', message, [flowRunId, module])];
  });
}

/** Which ends with what to look for in docs/errors.md. */
function warning(code: string, message: string, about: readonly string[]): ModuleWarning {
  return { message: `${message} (${code})`, once: [code, ...about].join('/') };
}

function list(clauses: readonly string[]): string {
  return clauses.length < 2 ? clauses.join() : `${clauses.slice(0, -1).join(', ')} and ${clauses.at(-1)}`;
}
