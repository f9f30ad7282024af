// The variables that a task reads of its module, as texts that may be told and sent: without what may be a secret.

import { variablesOf, type ModuleVariable } from '../code/drift.ts';
import { codeOf, partsOf, type Task } from '../flow/task.ts';
import { shorten } from '../values/members.ts';
import { withoutSecrets } from './secrets.ts';

const shownLength = 80;
/** A text with such a part is not shown. */
const credentials = /:\/\/[^/\s]*:[^/\s]*@/;
/** The text of a variable with such a name is not shown. */
const secretName = /secret|token|password|passwd|credential|api_?key|private_?key/i;
/** A shorter value of an environment variable may be in a text by chance. */
const leastWithinText = 8;
/** A shorter text may be in the value of an environment variable by chance. */
const leastCutOut = 4;

/** The variables that a task reads of its module, and its fields, as they are here. Its project is in `folder`. */
export function noteVariables(task: Task, folder = ''): readonly ModuleVariable[] {
  const parts = partsOf(task);
  const variables = variablesOf(codeOf(task), 'fields' in parts ? parts.fields : {}, folder);
  // Reading the whole environment takes as long as some tasks do.
  if (variables.length === 0) return [];
  const environment = Object.values(process.env) as string[];
  return variables.map((variable) => ({ ...variable, text: discreet(variable, environment) }));
}

/** The text, or `***` if it may be a secret: by its name or look, as one seen before, or from the environment. */
function discreet({ name, text }: ModuleVariable, environment: readonly string[]): string {
  const isSecret = secretName.test(name) || credentials.test(text) || withoutSecrets(text) !== text;
  return isSecret || environment.some((value) => isFrom(value, text)) ? '***' : shorten(text, shownLength);
}

/** Whether a text, as written in code, is the value of an environment variable, contains it, or is a part of it. */
function isFrom(value: string, text: string): boolean {
  const plain = text.replaceAll(/^['"`]|['"`]$/g, '');
  if (plain.length >= leastCutOut && value.includes(plain)) return true;
  if (value.length >= leastWithinText && plain.includes(value)) return true;
  return plain === value && value !== '' && plain !== text;
}
