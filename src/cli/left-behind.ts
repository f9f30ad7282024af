// No run goes on, and the process does, because something that a task began goes on. The process is not ended for it,
// since nobody knows what else the file is there for; but it says so.

import { awaitsSignal, isAnyRunGoingOn } from '../engine/interrupt.ts';
import { plural } from '../lib/plural.ts';
import { say } from './output.ts';

const lookEveryMs = 3_000;

/** Words for what Node names by its own classes. A name that is not here is shown as it is. */
const words: Readonly<Record<string, string>> = {
  TCPSocketWrap: 'TCP socket',
  TCPServerWrap: 'TCP server',
  TLSWrap: 'TLS socket',
  UDPWrap: 'UDP socket',
  Timeout: 'timer',
  ProcessWrap: 'child process',
  MessagePort: 'message port',
  FSEventWrap: 'file watcher',
  GetAddrInfoReqWrap: 'name lookup',
};
/** The standard streams are among these, and keep nothing. */
const streams = ['PipeWrap', 'TTYWrap'];

interface Looking {
  readonly program?: Pick<NodeJS.Process, 'listenerCount'> & { getActiveResourcesInfo(): string[] };
  readonly tell?: (line: string) => void;
}

/** Says once what keeps the process, if it is still there after a while, no flow runs, and it is not meant to stay. */
export function tellWhatStays({ program = process, tell = say }: Looking = {}): void {
  const timer = setInterval(() => {
    if (isAnyRunGoingOn() || awaitsSignal(program)) return;
    clearInterval(timer);
    const what = listed(program.getActiveResourcesInfo());
    tell(
      `nothing runs any more, and the process stays because of what is left open${what}. Ctrl-C ends it. To let it ` +
        `end by itself, end in a task what it begins: give fetch its signal: context.signal, clear timers, close ` +
        `connections.`,
    );
  }, lookEveryMs).unref();
}

function listed(resources: readonly string[]): string {
  const named = resources.filter((kind) => !streams.includes(kind)).map((kind) => words[kind] ?? kind);
  const counts = Map.groupBy(named, (name) => name);
  const parts = [...counts].map(([name, { length }]) => {
    return plural(length, name, name === 'child process' ? 'child processes' : undefined);
  });
  return parts.length === 0 ? '' : `: ${parts.join(', ')}`;
}
