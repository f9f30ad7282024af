// What importing a module leaves behind: things that stay open, and what it changes for everybody in the thread, or on
// disk. Each thread of each worker imports the modules of tasks, so there is one of each in every one of them.

import { plural } from '../lib/plural.ts';
import { Inspector, type Code } from '../lib/inspector.ts';
import { watchFiles } from './file-changes.ts';

/** How a thread looked at one moment. */
interface Snapshot {
  readonly open: ReadonlyMap<string, number>;
  readonly globals: ReadonlySet<string>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly listeners: ReadonlyMap<PropertyKey, readonly Code[]>;
}

/** What keeps a thread busy for longer than a moment, one and many, by what Node calls it. */
const lasting: Readonly<Record<string, readonly [one: string, many?: string]>> = {
  TCPServerWrap: ['server'],
  PipeServerWrap: ['server on a pipe', 'servers on a pipe'],
  TCPSocketWrap: ['socket'],
  TLSWrap: ['socket'],
  PipeWrap: ['pipe'],
  UDPWrap: ['UDP socket'],
  FSEventWrap: ['watcher of files', 'watchers of files'],
  StatWatcher: ['watcher of files', 'watchers of files'],
  ProcessWrap: ['child process', 'child processes'],
  Worker: ['thread'],
  Timeout: ['timer'],
};
/** Nobody is called in a thread for a signal; and to be told of an end changes nothing before it. */
const harmlessEvent = /^(?:SIG|exit$|beforeExit$|newListener$|removeListener$|warning$)/;
/** So packages call what they keep for themselves (`__zod_globalRegistry`): nobody who imports one can do otherwise. */
const ownGlobal = /^__/;

/** What it returns is to be called once: it tells what is otherwise by then, each as a clause: `opened 1 server`. */
export function watchEffects(): () => string[] {
  const filesChanged = watchFiles();
  const before = lookAround();
  return () => [...changesSince(before), ...filesChanged()];
}

function lookAround(): Snapshot {
  const events = process.eventNames().filter((event) => !harmlessEvent.test(String(event)));
  return {
    open: countEach(process.getActiveResourcesInfo()),
    // Symbols are what packages, Node and we keep for ourselves.
    globals: new Set(Object.getOwnPropertyNames(globalThis)),
    environment: { ...process.env },
    listeners: new Map(events.map((event) => [event, process.listeners(event as NodeJS.Signals)])),
  };
}

function changesSince(before: Snapshot): string[] {
  const now = lookAround();
  const opened = [...now.open].flatMap(([kind, count]) => {
    const more = count - (before.open.get(kind) ?? 0);
    const name = lasting[kind];
    return more > 0 && name !== undefined ? [`opened ${plural(more, ...name)}`] : [];
  });
  const globals = [...now.globals].filter((name) => !before.globals.has(name) && !ownGlobal.test(name));
  const names = new Set([...Object.keys(now.environment), ...Object.keys(before.environment)]);
  const changed = [...names].filter((name) => now.environment[name] !== before.environment[name]);
  const added = [...now.listeners].map(([event, all]) => ({
    event,
    more: all.slice(before.listeners.get(event)?.length),
  }));
  const listened = withoutThoseOfNode(added.filter(({ more }) => more.length > 0));
  return [
    ...opened,
    ...globals.map((name) => `set the global ${quoted(name)}`),
    ...changed.map((name) => `changed the environment variable ${name}`),
    ...listened.map(({ event }) => `listens to ${quoted(event)} of the process`),
  ];
}

interface Added {
  readonly event: PropertyKey;
  readonly more: readonly Code[];
}

/** `node:test`, for one, listens for what its tests leave behind. */
function withoutThoseOfNode(added: readonly Added[]): readonly Added[] {
  if (added.length === 0) return added;
  try {
    using inspector = new Inspector();
    const isOfNode = (code: Code) => {
      const location = inspector.locationOf(code);
      return location !== undefined && inspector.scriptAt(location)?.url.startsWith('node:') === true;
    };
    return added.filter(({ more }) => !more.every(isOfNode));
  } catch {
    return added;
  }
}

function quoted(name: PropertyKey): string {
  return typeof name === 'symbol' ? String(name) : `'${String(name)}'`;
}

function countEach(kinds: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const kind of kinds) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}
