import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { HeddleError } from '../lib/heddle-error.ts';
import { processWide } from '../lib/process-wide.ts';

interface Holder {
  readonly pid: number;
  readonly host: string;
}

/** Restarted in a container, a process gets the number again that it had. */
const held = processWide('lock-files', () => new Set<string>());

/**
 * Says by a file that this process carries out a flow run. What a process left that is gone is taken over. Throws
 * `RUN_IS_ACTIVE` while another has it.
 */
export function lockFile(path: string, flowRunId: string): Disposable {
  const mine = JSON.stringify({ pid: process.pid, host: hostname() } satisfies Holder);
  try {
    writeFileSync(path, mine, { flag: 'wx' });
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'EEXIST') throw error;
    const holder = holderOf(path);
    if (holder !== undefined && isAlive(holder, path)) throw active(path, flowRunId, holder);
    writeFileSync(path, mine);
  }
  held.add(path);
  return {
    [Symbol.dispose]: () => {
      held.delete(path);
      rmSync(path, { force: true });
    },
  };
}

function holderOf(path: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Holder;
  } catch {
    // It was killed before it had written who it is, or has just let go.
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
