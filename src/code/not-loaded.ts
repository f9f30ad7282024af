// The errors of a task whose function could not be had from its module: what happened, where, and what to do.

import { HeddleError } from '../lib/heddle-error.ts';
import { nameAndMessageIn } from '../lib/thrown-text.ts';
import { fileOf, isBundled, unbundled } from './call-site.ts';
import { lackedBy, notInBundle } from './bundle/not-in-bundle.ts';
import { fingerprintOf, insideFunction, loadedByVite, namesIn, placeOf, viteRemedy } from './registry.ts';
import type { HeldDeed, Reference } from './registry.ts';

/** The error for a function that only the code which made it knows; and why it is not sent with what it captures. */
export function notAddressable({ name, definedAt, made }: Reference, cause?: Error): HeddleError {
  const unsent =
    cause === undefined
      ? ''
      : ` Nor can it be sent with what it captures, as nobody here can tell what that is: ` +
        `${cause.message.replace(/\.$/, '')}. Start Node with --allow-inspector, if it was started with --permission.`;
  const facts = { task: name, definedAt, ...(cause && { cause }) };
  if (made === loadedByVite) {
    const message = `task '${name}' was made ${made} (${definedAt}), so no worker can import it. ${viteRemedy}`;
    return new HeddleError('TASK_NOT_ADDRESSABLE', message, facts);
  }
  const isInside = made === undefined || made === insideFunction;
  const how = isInside
    ? `${insideFunction} (${definedAt}), not while its module was being loaded`
    : `${made} (${definedAt})`;
  const where = isInside ? '' : ', above the first run of a flow or start of a cluster, and under no condition,';
  const message =
    `task '${name}' was made ${how}, so a worker cannot find it by importing the module.${unsent} Move the task() ` +
    `call to the top level of a module${where} and pass what it ` +
    `captures as inputs, or run the flow with LocalExecutor.`;
  return new HeddleError('TASK_NOT_ADDRESSABLE', message, facts);
}

/** None of the files `tried` is there. `problem` is why the code was not sent, if it was to be. */
export function moduleNotFound({ name }: Reference, tried: readonly string[], problem?: string): HeddleError {
  const message =
    `this worker has no module for task '${name}': it looked for ${tried.join(' and ')}` +
    whyOr(problem, 'Start the worker in a checkout of the same project, or let it take code: --code bundle.');
  return new HeddleError('TASK_MODULE_NOT_FOUND', message, { task: name, tried });
}

/** Of the files `tried`, `present` is the first that is there. */
export function versionSkew(
  { name, path, fingerprint }: Reference,
  { tried, present }: { readonly tried: readonly string[]; readonly present: string },
  problem?: string,
): HeddleError {
  const message =
    `task '${name}' comes from ${path}, whose bytes differ here (submitter ${fingerprint}, worker ` +
    `${fingerprintOf(present)})` +
    whyOr(
      problem,
      'Start the flow again if the file was changed after its process had loaded it; else bring both to the same ' +
        'version, then restart this worker.',
    );
  return new HeddleError('TASK_VERSION_SKEW', message, { task: name, path, tried });
}

/** Ends a message with why the code was not sent, which says what to do; or else with a remedy. */
function whyOr(problem: string | undefined, remedy: string): string {
  return problem === undefined ? `. ${remedy}` : `, and ${problem}`;
}

/** How to use a module of a circle before it has run fails; in a bundle its variables are there, and undefined. */
const unreadyInCircle =
  /before initialization$|^TypeError: (?:.* is not a (?:function|constructor)$|Cannot .* of undefined)/;

const remedies: readonly (readonly [sign: RegExp, remedy: string])[] = [
  [
    unreadyInCircle,
    'If it and other modules import each other, it is the first of them to be imported here, and was not where the ' +
      'flow was started: move what their top levels need of each other to a module that imports none of them.',
  ],
  [/\b(?:vitest|jest)\b/i, 'A file of tests can be loaded by their runner alone: move its tasks to another module.'],
];
const usualRemedy = `A task's module is imported by every worker, so its top level must be safe to run there.`;

/** `sought` is what it was imported for. A bundle that could not be loaded has not said where its flow was started. */
export function moduleFailed(
  { module, path = shown(module) }: { readonly module: string; readonly path?: string },
  error: unknown,
  sought: string,
): HeddleError {
  const failed = `a worker could not import ${path} to find ${sought}`;
  const absence = notInBundle(error);
  if (absence !== undefined) {
    const facts = Object.fromEntries(Object.entries(absence));
    return new HeddleError(absence.code, `${failed}: ${absence.message}`, { ...facts, module, cause: error });
  }
  const why = nameAndMessageIn(error);
  const remedy = remedies.find(([sign]) => sign.test(why))?.[1] ?? usualRemedy;
  const lacked = isBundled(module) ? lackedBy(fileOf(module)) : '';
  return new HeddleError('TASK_MODULE_FAILED', `${failed}: ${why}. ${remedy}${lacked}`, { module, cause: error });
}

/** `heldAt` is where the module was held, if it was. */
export function taskNotFound(
  { name, module, definedAt }: Reference & { module: string },
  heldAt: HeldDeed | undefined,
): HeddleError {
  const names = namesIn(module);
  const { when, where } = heldAt === undefined ? notHeld : heldHow(module, heldAt);
  const message =
    `a worker imported ${shown(module)}, but no task '${name}' was defined ${when}; it was defined at ` +
    `${definedAt} where the flow was started. Tasks there: ${names.join(', ') || 'none'}. Call task() ${where}.`;
  return new HeddleError('TASK_NOT_FOUND', message, { task: name, module, definedAt, found: names });
}

/** A module as its author knows it, whatever file it was imported from. */
export function shown(module: string): string {
  return placeOf(unbundled(module));
}

const notHeld = {
  when: 'while it loaded',
  where: 'at the top level of a module, and under no condition: import.meta.main is false in workers',
};

function heldHow(module: string, { deed, module: whose }: HeldDeed): typeof notHeld {
  if (whose !== undefined && whose !== module) {
    return {
      when: `before the ${deed} that ${shown(whose)}, which it imports, waits for`,
      where: `in a module that imports none which waits for the ${deed}`,
    };
  }
  const waiting = whose === undefined ? 'it, or a module it imports,' : 'it';
  return {
    when: `before the ${deed} that ${waiting} waits for`,
    where: `at the top level of a module, above the first ${deed}`,
  };
}

const codes: ReadonlySet<unknown> = new Set([
  'EXTERNAL_MISSING',
  'NOT_IN_BUNDLE',
  'TASK_FUNCTION_DIFFERS',
  'TASK_MODULE_FAILED',
  'TASK_MODULE_NOT_FOUND',
  'TASK_NOT_FOUND',
  'TASK_VERSION_SKEW',
]);

/** Whether it is that the function could not be had from its module here: elsewhere it perhaps can. */
export function isNotLoaded(error: unknown): boolean {
  return error instanceof HeddleError && codes.has(error.code);
}
