// The parent's side of inspect-child.ts: starts the process that looks for tasks, hears it, and ends it in any case.

import type { Reference } from '../code/registry.ts';
import { formatDuration } from '../lib/duration.ts';
import { inheritedArguments } from '../lib/inherited-arguments.ts';
import { timerMs } from '../lib/timer.ts';
import type { Answer, LookupFault, Search, Sought } from './inspect-child.ts';

const entry = new URL(`../engine/inspect-child.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);
/** How many of the last characters that a process writes are kept, to say why it died. */
const keptText = 1_000;

/**
 * The tasks that a worker would not find, and why. Resolves within `timeoutMs` and the time that it takes to end a
 * process, and leaves none.
 */
export async function searchAfresh(
  sought: readonly Sought[],
  timeoutMs: number,
): Promise<ReadonlyMap<Reference, LookupFault>> {
  const references = sought.map(({ reference }) => reference);
  const inside = references.filter(({ module }) => module === undefined);
  const faults = new Map(inside.map((reference) => [reference, { code: 'TASK_NOT_ADDRESSABLE', cause: '' }]));
  const missing = new Set(references.filter(({ module }) => module !== undefined));
  if (missing.size === 0) return faults;
  const open = sought.filter(({ reference }) => missing.has(reference));
  const modules = [...Map.groupBy(open, ({ reference }) => reference.module).values()];
  const { promise: over, resolve } = Promise.withResolvers<string>();
  const child = startChild(resolve);
  child.ask({ modules }, ({ module, task, fault }) => {
    const { reference } = modules[module]![task]!;
    if (fault !== undefined) faults.set(reference, fault);
    missing.delete(reference);
    if (missing.size === 0) resolve('');
  });
  const late = `it was still loading after ${formatDuration(timeoutMs)}`;
  const timer = setTimeout(() => resolve(late), timerMs(timeoutMs));
  const cause = await over;
  clearTimeout(timer);
  await child.end();
  for (const reference of missing) faults.set(reference, { code: 'TASK_NOT_LOADED', cause });
  return faults;
}

/** A process of its own group, so that it can be ended together with all that the modules started. */
function startChild(ended: (why: string) => void) {
  // Loaded when there is something to look for: it takes milliseconds.
  const child = process.getBuiltinModule('node:child_process').fork(entry, {
    execArgv: inheritedArguments(process.execArgv),
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    serialization: 'advanced',
    detached: process.platform !== 'win32',
  });
  let lastWords = '';
  child.stderr!.on('data', (text: Buffer) => {
    lastWords = `${lastWords}${text.toString()}`.slice(-keptText);
  });
  const { promise: gone, resolve } = Promise.withResolvers<void>();
  const end = (how: string) => {
    ended(`the process that looked for it ${how}${lastWords === '' ? '' : `: ${lastWords.trim()}`}`);
    resolve();
  };
  child.on('error', (error) => end(`could not be started: ${error.message}`));
  child.on('exit', (code, signal) => end(`ended by ${signal ?? `itself, with status ${code}`}`));
  return {
    ask: (search: Search, hear: (answer: Answer) => void): void => {
      child.on('message', hear);
      // If it is gone already, its exit status says more than a failure to send.
      child.send(search, () => {});
    },
    end: async (): Promise<void> => {
      const { pid } = child;
      if (pid !== undefined) kill(process.platform === 'win32' ? pid : -pid);
      await gone;
      child.stderr!.destroy();
    },
  };
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It was gone already.
  }
}
