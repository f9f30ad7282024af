// winston: every line of every logger of one copy of the library, of children too, goes through `write` of a logger.
// What happens behind it may happen later, for another run; so a line is taken there, and formatted as its logger does.

import { inspect } from 'node:util';
import { outsideOfRuns, writingRun, type Run } from '../context.ts';
import { levelOf } from './levels.ts';
import { attachmentKey, hookedKey, runNaming, writeLine, type Attachment } from './lines.ts';

type Info = Readonly<Record<string | symbol, unknown>>;

export interface Winston {
  readonly silent?: boolean;
  readonly format: { readonly transform: (info: Info, options: unknown) => Info | boolean; readonly options?: unknown };
  readonly isLevelEnabled: (level: string) => boolean;
  readonly write: (info: Info, ...rest: unknown[]) => boolean;
}

/** The library itself: what `import winston from 'winston'` gives. */
export interface WinstonModule {
  readonly loggers: { readonly loggers: ReadonlyMap<string, Winston> };
  readonly exceptions: { readonly logger: Winston };
}

const levelKey = Symbol.for('level');
/** What our log has in its own way. */
const ownKeys = new Set(['level', 'message', 'timestamp', 'stack']);

export function isWinston(value: object): value is Winston {
  return 'isLevelEnabled' in value && 'transports' in value && 'write' in value && 'defaultMeta' in value;
}

export function isWinstonModule(value: object): value is WinstonModule {
  return 'createLogger' in value && 'loggers' in value && 'exceptions' in value;
}

const ids = new WeakMap<Winston, string>();
/** The containers of loggers with ids, one for each copy of the library that is known. */
const containers = new Set<WinstonModule['loggers']>();

/** From here on, runs that name loggers of this copy of winston get their lines. */
export function hookWinstonModule({ loggers, exceptions }: WinstonModule): void {
  containers.add(loggers);
  hookWinston(exceptions.logger);
}

/** The same for one of its loggers, which leads to all. */
export function hookWinston(logger: Winston): void {
  const prototype = prototypeOf(logger);
  if (Object.hasOwn(prototype, hookedKey)) return;
  const { write } = prototype;
  function hooked(this: Winston & { readonly [attachmentKey]?: Attachment }, info: Info, ...rest: unknown[]): boolean {
    const attachment = this[attachmentKey];
    const name = attachment?.name ?? nameOf(this, info);
    const run = attachment === undefined ? runNaming(name) : writingRun();
    if (run === undefined || info['exception'] === true) return write.call(this, info, ...rest);
    if (attachment?.echo === true) outsideOfRuns(() => write.call(this, info, ...rest));
    const level = String(info[levelKey] ?? info['level']);
    if (this.silent !== true && this.isLevelEnabled(level)) tell(run, this, { name, level, info });
    for (const done of rest) if (typeof done === 'function') process.nextTick(done);
    return true;
  }
  Object.defineProperties(prototype, {
    write: { value: hooked, writable: true, configurable: true },
    [hookedKey]: { value: true },
  });
}

function tell(run: Run, { format }: Winston, facts: { name: string; level: string; info: Info }): void {
  const { name, level, info } = facts;
  // A format may change what it is given, and an error loses by being copied.
  const formatted = format.transform(info instanceof Error ? info : { ...info }, format.options);
  if (typeof formatted !== 'object') return;
  // Formats copy the fields of an error, but not its message and stack.
  const { message, stack } =
    info instanceof Error ? { message: info.message, stack: info.stack, ...formatted } : formatted;
  const isName = (key: string, value: unknown) => (key === 'service' || key === 'label') && value === name;
  const fields = Object.entries(formatted).filter(([key, value]) => !ownKeys.has(key) && !isName(key, value));
  const isError = message instanceof Error;
  writeLine(run, {
    name,
    level: levelOf(level),
    message: typeof message === 'string' ? message : isError ? message.message : inspect(message),
    fields: Object.fromEntries(fields),
    stack: isError ? message.stack : typeof stack === 'string' ? stack : undefined,
  });
}

/** Its id, if it has one; else the service or label that it logs for. */
function nameOf(logger: Winston, { service, label }: Info): string {
  for (const { loggers } of ids.has(logger) ? [] : containers) {
    for (const [id, each] of loggers) ids.set(each, id);
  }
  return ids.get(logger) ?? [service, label].find((name) => typeof name === 'string') ?? 'winston';
}

/** Of all loggers of this copy of the library; between it and a logger stands one with the methods of its levels. */
function prototypeOf(logger: Winston): Winston {
  let prototype = logger;
  while (!Object.hasOwn(prototype, 'getHighestLogLevel')) prototype = Object.getPrototypeOf(prototype) as Winston;
  return prototype;
}
