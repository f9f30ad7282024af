// Whether something can be sent to workers, found out before a run does. Values are looked through as they are when
// they are sent; tasks are looked for by a fresh process, which knows nothing but what their modules define.

import { inspect } from 'node:util';
import { certain } from '../code/certain.ts';
import { identitiesOf } from '../code/function-identity.ts';
import type { Code } from '../code/function-place.ts';
import { insideFunction, type Reference } from '../code/registry.ts';
import type { Binding, Node } from '../flow/node.ts';
import { Parameter } from '../flow/parameter.ts';
import { codesOfResource, Resource } from '../flow/resource.ts';
import { codeOf, Task } from '../flow/task.ts';
import { HeddleError } from '../lib/heddle-error.ts';
import { toMilliseconds, type Duration } from '../lib/duration.ts';
import { checkOptions, rules } from '../lib/options.ts';
import { nameAndMessageIn } from '../lib/thrown-text.ts';
import { diagnose, type Finding } from '../values/diagnosis.ts';
import { nameOf } from '../values/kinds.ts';
import { encodeColumn, encodeValue } from '../values/encode.ts';
import { heldBack } from './held.ts';
import { takeApart, type CaptureSubject } from './captured-task.ts';
import { Flow } from './flow-run/flow.ts';
import { searchAfresh } from './search-afresh.ts';
import { changesOf, distinctTasks, insteadOfKeeping, keptBy, whyNotKept } from './flow-run/stateful-tasks.ts';

export interface InspectOptions {
  /** How long the modules of a flow's tasks may take to load; `'20s'` by default. */
  readonly timeout?: Duration;
}

/** One reason why something cannot be sent, or would arrive changed. */
export interface SerializationFault {
  /** Such as `task 'load'`, `argument 2 of task 'load'.pool`, `default of parameter 'day'`, `value.rows[0].owner`. */
  readonly path: string;
  /** A clause, such as `is a Promise`. */
  readonly what: string;
  readonly why: string;
  /** What to do instead, the likeliest first. */
  readonly remedies: readonly string[];
  /** For programs: what sort of value it is, or the code of the error that a run would end with. */
  readonly kind: string;
}

interface Findings {
  readonly problems: readonly SerializationFault[];
  readonly changes: readonly SerializationFault[];
  readonly kept?: readonly SerializationFault[];
  readonly bytes: number;
}

/** What was found out. Printed, it says so in words. */
export class SerializationReport {
  /** Whether there are no problems. There may be changes. */
  readonly isSerializable: boolean;
  readonly problems: readonly SerializationFault[];
  /** What would be sent, but arrive as something else: a class instance as a plain object, say. */
  readonly changes: readonly SerializationFault[];
  /** What tasks write to variables that are not their own: each thread has those for itself. */
  readonly kept: readonly SerializationFault[];
  /** The size of what can be sent: of the value, or of the constants and parameter defaults of a flow. */
  readonly bytes: number;
  readonly #subject: string;

  constructor(subject: string, { problems, changes, kept = [], bytes }: Findings) {
    this.isSerializable = problems.length === 0;
    this.problems = problems;
    this.changes = changes;
    this.kept = kept;
    this.bytes = bytes;
    this.#subject = subject;
  }

  toString(): string {
    const { bytes, problems, changes, kept } = this;
    const size = `${bytes.toLocaleString('en')} ${bytes === 1 ? 'byte' : 'bytes'} of values`;
    // Of a value, not all are looked for.
    const reasons = problems.length === 1 ? 'one reason' : 'these reasons';
    const verdict = this.isSerializable
      ? `${this.#subject} can be sent to workers (${size}).`
      : `${this.#subject} cannot be sent to workers, for ${reasons}:`;
    const sections = [
      { title: 'What would arrive changed:', faults: changes },
      { title: 'What each thread would keep for itself:', faults: kept },
    ].filter(({ faults }) => faults.length > 0);
    const rest = sections.flatMap(({ title, faults }) => [title, ...faults.map(paragraph)]);
    return [verdict, ...problems.map(paragraph), ...rest].join('\n\n');
  }

  [inspect.custom](): string {
    return this.toString();
  }
}

/** Whether `inspectSerializable` finds no problem. It is a promise: await it before you ask. */
export async function isSerializable(value: unknown, options: InspectOptions = {}): Promise<boolean> {
  return (await inspectSerializable(value, options)).isSerializable;
}

/**
 * What keeps a value, a task or a whole flow from being sent to workers, if anything does. The tasks of a flow are
 * looked for by a fresh process that imports their modules as a worker does; it is gone when this resolves. Like a run,
 * this never settles for a flow while a worker imports the file that calls it.
 */
export async function inspectSerializable(value: unknown, options: InspectOptions = {}): Promise<SerializationReport> {
  checkOptions('inspectSerializable()', options, { timeout: rules.anything });
  const timeoutMs = toMilliseconds(options.timeout ?? '20s', `option 'timeout' of inspectSerializable()`);
  const isFlow = value instanceof Flow;
  if (!isFlow && !(value instanceof Task)) return new SerializationReport('the value', lookAt(value));
  const held = heldBack('call of inspectSerializable()');
  if (held !== undefined) return await held;
  const nodes = isFlow ? value.graph.nodes : [];
  const sought = isFlow
    ? soughtBy(value)
    : new Map([[value.reference, { path: `task '${value.name}'`, codes: codeOf(value) }]]);
  const tasks = isFlow ? distinctTasks(value.graph) : new Map([[value, value.name]]);
  const kept = await keptFaults(tasks);
  const captured: Findings[] = [];
  for (const [task, slug] of tasks) {
    const { module, made } = await certain(task.reference);
    if (module === undefined && sought.delete(task.reference)) captured.push(await capturedBy(task, { slug, made }));
  }
  const values = [...captured, ...nodes.flatMap(valuesOf)];
  const faults = await lookupFaults(sought, timeoutMs);
  return new SerializationReport(`${isFlow ? 'flow' : 'task'} '${value.name}'`, {
    problems: [...faults, ...values.flatMap(({ problems }) => problems)],
    changes: values.flatMap(({ changes }) => changes),
    kept,
    bytes: values.reduce((sum, { bytes }) => sum + bytes, 0),
  });
}

/** Who asks of a function most likely wants it to run on a worker. */
function lookAt(value: unknown): Findings {
  const findings = look('value', value);
  if (nameOf(value) !== 'a function') return findings;
  const { name } = value as () => unknown;
  const remedy = `if it is to run there, make it a task: task('${name || 'name'}', ${name || '…'})`;
  return {
    ...findings,
    problems: findings.problems.map((fault) => ({ ...fault, remedies: [remedy, ...fault.remedies] })),
  };
}

function look(path: string, value: unknown, encode: (value: unknown) => Uint8Array = encodeValue): Findings {
  const { packed, refused, changed } = diagnose(value);
  const at = ({ path: step, what, why, remedy, kind }: Finding): SerializationFault => {
    return { path: `${path}${step}`, what, why, remedies: remedy, kind };
  };
  const changes = changed.map(at);
  if (refused.length > 0) return { problems: refused.map(at), changes, bytes: 0 };
  try {
    return { problems: [], changes, bytes: encode(packed).byteLength };
  } catch (error) {
    const remedies = ['write it to storage, and send where it is'];
    return {
      problems: [{ path, what: 'cannot be encoded', why: nameAndMessageIn(error), remedies, kind: 'unknown' }],
      changes,
      bytes: 0,
    };
  }
}

/** What a task captures that workers cannot find, because it was made inside a function, say. */
async function capturedBy(task: Task, subject: CaptureSubject): Promise<Findings> {
  const { slug } = subject;
  try {
    const { values } = await takeApart(task, subject);
    const { problems, changes, bytes } = look('', values);
    const of = (fault: SerializationFault) => ({ ...fault, path: `variable ${fault.path.slice(1)} of task '${slug}'` });
    return { problems: problems.map(of), changes: changes.map(of), bytes };
  } catch (error) {
    if (!(error instanceof HeddleError)) throw error;
    return { problems: [insideFault(task.reference, subject, error)], changes: [], bytes: 0 };
  }
}

function insideFault(
  { definedAt }: Reference,
  { slug, made: how }: CaptureSubject,
  error: HeddleError,
): SerializationFault {
  const { function: holder, what, remedy } = error as HeddleError & Readonly<Record<string, string>>;
  const { what: _, ...fault } = lookups['TASK_NOT_ADDRESSABLE']!;
  const made = `was made ${how ?? insideFunction} (${definedAt})`;
  const { code: kind } = error;
  const path = `task '${slug}'`;
  if (what === undefined) return { ...fault, path, kind, what: `${made}; ${nameAndMessageIn(error.cause)}` };
  return {
    path,
    kind,
    what: `${made}, and ${holder} ${what}`,
    why: 'it travels with what it captures, and with the functions among that',
    remedies: [remedy!, ...fault.remedies.map((each) => `or ${each.replace(/^or /, '')}`)],
  };
}

/** What a node brings along: the constants among its arguments, or its default. */
function valuesOf(node: Node): Findings[] {
  if (node instanceof Parameter) return defaultOf(node);
  return node.bindings.flatMap((binding, position) => {
    const path = `argument ${position + 1} of ${node instanceof Resource ? 'resource' : 'task'} '${node.slug}'`;
    return constantOf(binding, path) ?? [];
  });
}

function constantOf(binding: Binding, path: string): Findings | undefined {
  switch (binding.type) {
    case 'constant':
      return look(path, binding.value);
    case 'filled':
      return look(path, binding.template);
    case 'each-constant':
      return look(path, binding.values, (values) => encodeColumn(values as unknown[]));
    default:
      return undefined;
  }
}

function defaultOf(parameter: Parameter): Findings[] {
  if (parameter.isRequired) return [];
  const path = `default of parameter '${parameter.name}'`;
  try {
    return [look(path, parameter.makeDefault())];
  } catch (error) {
    const why = 'it is called when a run starts that gives no value';
    const remedies = ['let the function return a value', 'or make the parameter required'];
    const problem = { path, what: `threw ${nameAndMessageIn(error)}`, why, remedies, kind: 'default' };
    return [{ problems: [problem], changes: [], bytes: 0 }];
  }
}

/** How to speak of what is sought, and its functions. */
interface Subject {
  readonly path: string;
  readonly codes: readonly Code[];
}

/** How to speak of all that workers must find: tasks, of which copies may share a reference, and resources. */
function soughtBy({ graph }: Flow): Map<Reference, Subject> {
  const sought = new Map<Reference, Subject>();
  for (const node of graph.nodes) {
    const { task, slug } = node;
    if (node instanceof Resource) {
      sought.set(node.reference, { path: `resource '${slug}'`, codes: codesOfResource(node.definition) });
    } else if (task !== undefined && !sought.has(task.reference)) {
      sought.set(task.reference, { path: `task '${slug}'`, codes: codeOf(task) });
    }
  }
  return sought;
}

async function keptFaults(tasks: ReadonlyMap<Task, string>): Promise<SerializationFault[]> {
  const faults: SerializationFault[] = [];
  for (const [task, name] of tasks) {
    const kept = await keptBy(task);
    if (kept.length === 0) continue;
    const kind = 'TASK_WRITES_VARIABLE';
    const what = `${changesOf(kept)} outside of itself`;
    faults.push({ path: `task '${name}'`, what, why: whyNotKept, remedies: insteadOfKeeping, kind });
  }
  return faults;
}

async function lookupFaults(sought: ReadonlyMap<Reference, Subject>, timeoutMs: number): Promise<SerializationFault[]> {
  const searched = [...sought].map(([reference, { codes }]) => ({ reference, functions: identitiesOf(codes) }));
  const faults = await searchAfresh(searched, timeoutMs);
  return [...sought].flatMap(([reference, { path }]) => {
    const fault = faults.get(reference);
    if (fault === undefined) return [];
    const { code: kind, cause } = fault;
    const { what, ...rest } = lookups[kind] ?? lookups['TASK_NOT_LOADED']!;
    return { path, what: what(reference, cause), ...rest, kind };
  });
}

interface Lookup {
  readonly what: (task: Reference, cause: string) => string;
  readonly why: string;
  readonly remedies: readonly string[];
}

const place = ({ path, module, definedAt }: Reference) => path ?? module ?? definedAt;

/** By the code of the error that a worker answers with. */
const lookups: Readonly<Record<string, Lookup>> = {
  TASK_NOT_ADDRESSABLE: {
    what: ({ definedAt }) => `was made inside a function (${definedAt})`,
    why: 'a worker finds a task by importing the module that makes it, and this one is not there when that is done',
    remedies: [
      'move the call that makes it to the top level of a module, and pass what it captures as inputs',
      'or run the flow with LocalExecutor',
    ],
  },
  TASK_NOT_FOUND: {
    what: ({ definedAt }) => `was not made when its module was imported again (it was made at ${definedAt})`,
    why:
      'a worker only has what the module makes whenever it is imported, before it waits for a run of a flow or the ' +
      'start of a cluster',
    remedies: [
      'make it at the top level of the module, above the first run of a flow or start of a cluster',
      'and under no condition that may be otherwise in another process',
    ],
  },
  TASK_MODULE_FAILED: {
    what: (task, cause) => `is made by ${place(task)}, which cannot be imported: ${cause}`,
    why: 'every worker imports it to find the task, so its top level must be safe to run there',
    remedies: ['do what fails inside of the task that needs it', 'or move the task to a module of its own'],
  },
  TASK_MODULE_NOT_FOUND: {
    what: (task) => `is made by ${place(task)}, which is not there any more`,
    why: 'every worker imports it to find the task',
    remedies: ['put the file back', 'or start this process again'],
  },
  TASK_VERSION_SKEW: {
    what: (task) => `is made by ${place(task)}, which was changed since this process read it`,
    why: 'a worker would run another function than this process has',
    remedies: ['start this process again'],
  },
  TASK_FUNCTION_DIFFERS: {
    what: (_, instead) => `has another function when its module is imported again: that at ${instead}`,
    why: 'a worker would run that, as the module chooses by something that is not the same there',
    remedies: ['choose inside of it', 'or pass what the choice depends on as an input'],
  },
  TASK_NOT_LOADED: {
    what: (task, cause) => `is made by ${place(task)}, which could not be imported: ${cause}`,
    why: 'every worker imports it to find the task, so its top level must come to an end there',
    remedies: [
      'do what takes long, or waits, inside of the task that needs it',
      'or give inspectSerializable() a longer timeout',
    ],
  },
};

function paragraph({ path, what, why, remedies }: SerializationFault): string {
  const fixes = remedies.map((remedy) => `      - ${remedy}`);
  return [`  ${path}`, `    ${what}`, `    Why: ${why}.`, '    Fix:', ...fixes].join('\n');
}
