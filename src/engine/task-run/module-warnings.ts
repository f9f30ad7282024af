// Warnings about what is not in a thread what it is where the flow was started: a variable of a task's module, which
// every thread imports for itself, or one of the environment; and about what the import left open or changed.

import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fileOf, isBundled } from '../../code/call-site.ts';
import { variablesHere, type ModuleVariable } from '../../code/drift.ts';
import { sideEffectsOf } from '../../code/load.ts';
import { isAlike } from '../../code/plain-value.ts';
import { isRead } from '../../code/reads.ts';
import { projectOf } from '../../code/registry.ts';
import { codeOf, type Task } from '../../flow/task.ts';
import { stepTo } from '../../values/members.ts';
import { noteVariables } from '../noted-variables.ts';
import type { RunPlan } from '../plan.ts';

/** To be told once in a run, whichever thread finds it out first. */
export interface Notice {
  readonly message: string;
  readonly once: string;
}

const shownMembers = 3;

/** To be called on the thread that is about to run the task. */
export async function moduleWarnings(plan: RunPlan, task: Task): Promise<readonly Notice[]> {
  const drift = plan.variables === undefined ? [] : await driftWarnings(plan, task, plan.variables);
  return [...drift, ...environmentWarnings(plan), ...effectWarnings(plan, task)];
}

async function driftWarnings(
  { captured, flowRunId, name: slug, reference }: RunPlan,
  task: Task,
  variables: readonly ModuleVariable[],
): Promise<Notice[]> {
  const { module = '' } = task.reference;
  const where = { isElsewhere: module.startsWith('file:') && module !== reference.module };
  const noted = noteVariables(task, where.isElsewhere ? folderOf(module) : '');
  const here = new Map(noted.map((each) => [each.name, each]));
  const warnings: Notice[] = [];
  const sent = new Set(captured?.functions.flatMap((each) => ('locals' in each ? Object.keys(each.locals) : [])));
  const isSent = ({ name }: ModuleVariable) => sent.has(name.replace(/^globalThis\./, ''));
  // An empty variable is one that tasks fill while they run, so it may differ by now.
  for (const variable of variables.filter((each) => each.isEmpty !== true && !isSent(each))) {
    const { name, isAround } = variable;
    const others = variablesHere(variable, here, { isInBundle: isBundled(module) });
    const [other] = others;
    if (other === undefined || others.some(({ look }) => isAlike(variable.look, look, where))) continue;
    if (!(await isReadBy(task, other.name))) continue;
    const whose = /^(?:globalThis|this)\./.test(name)
      ? ''
      : ` of ${isAround ? 'the function around it' : 'its module'}`;
    const message =
      `task '${slug}' reads '${name}'${whose}: ${differenceOf(variable, other, where)}, which imported the ` +
      `module again. Pass it to the task as an input, or make it a Parameter and read context.parameters.`;
    warnings.push(warning('CAPTURE_DRIFT', message, [flowRunId, slug, name]));
  }
  return warnings;
}

/** Where a worker has the files of a module's project: its bundles, or its checkout. */
function folderOf(module: string): string {
  const folder = dirname(fileURLToPath(fileOf(module)));
  return isBundled(module) ? dirname(folder) : projectOf(folder);
}

/** How a variable differs. The text ends with the worker, for the sentence to go on from there. */
function differenceOf(there: ModuleVariable, here: ModuleVariable, where: { isElsewhere: boolean }): string {
  const [one, other] = [there.members ?? {}, here.members ?? {}];
  const none = { whole: '' };
  const names = [...new Set([...Object.keys(one), ...Object.keys(other)])].filter(
    (name) => !isAlike(one[name] ?? none, other[name] ?? none, where),
  );
  if (there.text !== here.text || there.text === '***' || names.length === 0) {
    const isOnlyInside = there.text === here.text && there.text !== '***';
    return `${there.text} where the flow was started, but ${isOnlyInside ? 'another' : here.text} in a worker`;
  }
  const shown = names.slice(0, shownMembers).map((name) => `'${there.name}${stepTo(name)}'`);
  const more = names.length > shownMembers ? [`${names.length - shownMembers} more`] : [];
  const have = names.length === 1 ? 'has another value' : 'have other values';
  return `${list([...shown, ...more])} ${have} where the flow was started than in a worker`;
}

async function isReadBy(task: Task, name: string): Promise<boolean> {
  for (const code of codeOf(task)) if (await isRead(code, name)) return true;
  return false;
}

function environmentWarnings({ name: slug, environment, resources = [], flowRunId }: RunPlan): Notice[] {
  const ofResources = resources.flatMap(({ name, environment: names = [] }) =>
    names.map((key) => [`resource '${name}'`, key] as const),
  );
  const read = [...(environment ?? []).map((key) => [`task '${slug}'`, key] as const), ...ofResources];
  return read
    .filter(([, key]) => !(key in process.env))
    .map(([reader, key]) => {
      const message =
        `${reader} reads process.env${stepTo(key)}, which is set where the flow was started, but not in a worker. ` +
        `Start workers with it, or pass it as an input; a secret give to the run, as flow.run({ secrets }), and read ` +
        `context.secrets${stepTo(key)}.`;
      return warning('ENVIRONMENT_DRIFT', message, [flowRunId, reader, key]);
    });
}

function effectWarnings({ reference, captured, flowRunId }: RunPlan, task: Task): Notice[] {
  const used = captured?.functions.flatMap((each) => ('module' in each ? (each.module?.url ?? []) : [])) ?? [];
  // A module is named as it was imported here: as that of a bundle, for example.
  const modules = new Set(captured === undefined ? [task.reference.module ?? ''] : used);
  return [...modules].flatMap((module) => {
    const effects = sideEffectsOf(module);
    if (effects.length === 0) return [];
    const path = captured === undefined ? reference.path : module;
    const message =
      `importing ${path} to find its tasks, each worker thread ${list(effects)}. Do that inside of a task, or in a ` +
      `resource (resourceManager), or behind if (import.meta.main), which is false in workers. If it is a package ` +
      `that does so, ignore this, or import that package inside of the task.`;
    return [warning('TASK_MODULE_SIDE_EFFECTS', message, [flowRunId, module])];
  });
}

/** The message ends with its code, which is in docs/errors.md. */
export function warning(code: string, message: string, about: readonly string[]): Notice {
  return { message: `${message} (${code})`, once: [code, ...about].join('/') };
}

function list(clauses: readonly string[]): string {
  return clauses.length < 2 ? clauses.join() : `${clauses.slice(0, -1).join(', ')} and ${clauses.at(-1)}`;
}
