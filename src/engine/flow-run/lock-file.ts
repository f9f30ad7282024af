import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { nodeCrypto } from '../../lib/lazy-node.ts';
import { HeddleError } from '../../lib/heddle-error.ts';
import { processWide } from '../../lib/process-wide.ts';

interface Holder {
  readonly pid: number;
  readonly host: string;
  /** Tells it from another process that got the same number later; absent where the system does not say. */
  readonly started?: string;
}

/** The locks of this very process: a process that is restarted in a container gets the same process id again. */
const held = processWide('lock-files', () => new Set<string>());

/**
 * Marks by a file that this process carries out a flow run. The lock of a process that is gone is taken over, by only
 * one of those that try. Throws `RUN_IS_ACTIVE` while another process has it.
 */
export function lockFile(path: string, flowRunId: string): Disposable {
  const { pid } = process;
  const started = startOf(pid);
  const self: Holder = { pid, host: hostname(), ...(started !== undefined && { started }) };
  const mine = JSON.stringify({ ...self, id: nodeCrypto().randomUUID() });
  // Written under another name first, and then linked, so that nobody ever sees a half-written lock.
  const draft = `${path}.${nodeCrypto().randomUUID()}`;
  try {
    writeFileSync(draft, mine);
    while (!isLinked(draft, path)) clearAway(path, flowRunId);
  } finally {
    // It is there, and empty, also when the disk is full.
    rmSync(draft, { force: true });
  }
  held.add(path);
  return {
    [Symbol.dispose]: () => {
      held.delete(path);
      if (textOf(path) === mine) rmSync(path, { force: true });
    },
  };
}

function isLinked(draft: string, path: string): boolean {
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code === 'EEXIST') return false;
    throw error;
  }
}

/** Removes a lock whose holder is gone. If several try, only one of them gets the file that it has read. */
function clearAway(path: string, flowRunId: string): void {
  const text = textOf(path);
  if (text === undefined) return;
  const holder = holderIn(text);
  if (holder !== undefined && isAlive(holder, path)) throw active(path, flowRunId, holder);
  const aside = `${path}.${nodeCrypto().randomUUID()}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return;
    throw error;
  }
  // Another process took it over between our reading and our renaming: it gets it back.
  if (textOf(aside) !== text) isLinked(aside, path);
  rmSync(aside);
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function holderIn(text: string): Holder | undefined {
  try {
    return JSON.parse(text) as Holder;
  } catch {
    return undefined;
  }
}

/** A process on another machine cannot be checked from here, so it counts as alive. */
function isAlive({ pid, host, started }: Holder, path: string): boolean {
  if (host !== hostname()) return true;
  if (pid === process.pid) return held.has(path);
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'EPERM') return false;
  }
  return started === undefined || started === (startOf(pid) ?? started);
}

/** When a process began, by the clock of the system since it booted. */
function startOf(pid: number): string | undefined {
  // The name of the program comes before, in parentheses, and may hold anything.
  return textOf(`/proc/${pid}/stat`)?.split(') ').at(-1)!.split(' ')[19];
}

function active(path: string, flowRunId: string, { pid, host }: Holder): HeddleError {
  const isOurs = held.has(path);
  const who = isOurs ? 'this very process' : `process ${pid} on ${host}`;
  const hint = isOurs ? '' : ` If that process is gone, or is another program by now, remove ${path}.`;
  const message =
    `the flow run '${flowRunId}' is being carried out by ${who}, and two at a time would do everything twice. Wait ` +
    `for its end, or choose another flowRunId.${hint}`;
  return new HeddleError('RUN_IS_ACTIVE', message, { flowRunId, pid, host, path });
}
