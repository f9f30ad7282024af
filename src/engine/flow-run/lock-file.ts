import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { nodeCrypto } from '../../lib/lazy-node.ts';
import { HeddleError } from '../../lib/heddle-error.ts';
import { processWide } from '../../lib/process-wide.ts';

interface Holder {
  readonly pid: number;
  readonly host: string;
}

/** Restarted in a container, a process gets the number again that it had. */
const held = processWide('lock-files', () => new Set<string>());

/**
 * Says by a file that this process carries out a flow run. What a process left that is gone is taken over, by one of
 * those that want it. Throws `RUN_IS_ACTIVE` while another has it.
 */
export function lockFile(path: string, flowRunId: string): Disposable {
  const mine = JSON.stringify({ pid: process.pid, host: hostname(), id: nodeCrypto().randomUUID() } satisfies Holder & {
    id: string;
  });
  // Nobody ever sees a lock that is not written yet: it is made elsewhere, and gets its name as a whole.
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

/** Takes a lock away whose holder is gone. Of several who do, one gets the file that it has read. */
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
  // Another took it over between our look and our grip: it gets it back.
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

/** Of a process on another machine nobody here knows, so it counts as alive. */
function isAlive({ pid, host }: Holder, path: string): boolean {
  if (host !== hostname()) return true;
  if (pid === process.pid) return held.has(path);
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: unknown }).code === 'EPERM';
  }
}

function active(path: string, flowRunId: string, { pid, host }: Holder): HeddleError {
  const isOurs = held.has(path);
  const who = isOurs ? 'this very process' : `process ${pid} on ${host}`;
  const hint = isOurs ? '' : ` If that process is gone, remove ${path}.`;
  const message =
    `the flow run '${flowRunId}' is being carried out by ${who}, and two at a time would do everything twice. Wait ` +
    `for its end, or choose another flowRunId.${hint}`;
  return new HeddleError('RUN_IS_ACTIVE', message, { flowRunId, pid, host, path });
}
