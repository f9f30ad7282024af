// pino: every line of every logger of one copy of the library goes through one method of their common prototype. While
// a run listens, that method writes to a stream of ours, so redaction, serializers and child bindings are as they are.

import { outsideOfRuns, writingRun, type Run } from '../context.ts';
import { levelOf } from './levels.ts';
import { attachmentKey, hookedKey, runNaming, writeLine, type Attachment } from './lines.ts';

interface Pino {
  readonly [key: symbol]: unknown;
  readonly bindings: () => { readonly name?: unknown };
}
type Write = (this: Pino, object: unknown, message: unknown, level: number) => void;

/** What pino adds to every line, and our log has in its own way. */
const ownKeys = new Set(['level', 'time', 'pid', 'hostname', 'name']);

export function isPino(value: object): value is Pino {
  return symbolIn(value, 'pino.write') !== undefined && symbolIn(value, 'pino.stream') !== undefined;
}

/** From here on, runs that name loggers of this copy of pino get their lines. `logger` may be any of them. */
export function hookPino(logger: Pino): void {
  const keys = keysOf(logger);
  const prototype = ownerOf(logger, keys.write);
  if (Object.hasOwn(prototype, hookedKey)) return;
  const write = prototype[keys.write as never] as Write;
  const hooked: Write = function hooked(object, message, level) {
    const attachment = this[attachmentKey] as Attachment | undefined;
    const name = attachment?.name ?? nameOf(this);
    const run = attachment === undefined ? runNaming(name) : writingRun();
    if (run === undefined) return write.call(this, object, message, level);
    const stream = { write: (json: string) => tell(run, json, { name, level, keys: keysIn(this, keys) }) };
    write.call(Object.create(this, { [keys.stream]: { value: stream } }) as Pino, object, message, level);
    if (attachment?.echo === true) outsideOfRuns(() => write.call(this, object, message, level));
  };
  Object.defineProperties(prototype, {
    [keys.write]: { value: hooked, writable: true, configurable: true },
    [hookedKey]: { value: true },
  });
}

interface LineFacts {
  readonly name: string;
  readonly level: number;
  readonly keys: { readonly message: string; readonly error: string };
}

function tell(run: Run, json: string, { name, level, keys }: LineFacts): void {
  const { [keys.message]: message = '', [keys.error]: error, ...rest } = parsed(json);
  const fields = Object.fromEntries(Object.entries(rest).filter(([key]) => !ownKeys.has(key)));
  const { type: _, message: __, stack, ...details } = isRecord(error) ? error : {};
  const isError = typeof stack === 'string';
  if (!isError && error !== undefined) fields[keys.error] = error;
  if (isError && Object.keys(details).length > 0) fields[keys.error] = details;
  writeLine(run, {
    name,
    level: levelOf(level),
    message: String(message),
    fields,
    stack: isError ? stack : undefined,
  });
}

/** A line that the user's own hooks have changed may no longer be JSON. */
function parsed(json: string): Record<string, unknown> {
  try {
    return JSON.parse(json) as Record<string, unknown>;
  } catch {
    return { msg: json.trimEnd() };
  }
}

const names = new WeakMap<Pino, string>();

function nameOf(logger: Pino): string {
  let name = names.get(logger);
  if (name === undefined) {
    const { name: bound } = logger.bindings();
    name = typeof bound === 'string' ? bound : 'pino';
    names.set(logger, name);
  }
  return name;
}

interface Keys {
  readonly write: symbol;
  readonly stream: symbol;
  readonly message: symbol | undefined;
  readonly error: symbol | undefined;
}

/** pino's own symbols: each copy of it has others, with the same descriptions. */
function keysOf(logger: Pino): Keys {
  const [write, stream] = [symbolIn(logger, 'pino.write')!, symbolIn(logger, 'pino.stream')!];
  return { write, stream, message: symbolIn(logger, 'pino.messageKey'), error: symbolIn(logger, 'pino.errorKey') };
}

function keysIn(logger: Pino, { message, error }: Keys): LineFacts['keys'] {
  const key = (symbol: symbol | undefined, usual: string) => {
    const own = symbol === undefined ? undefined : logger[symbol];
    return typeof own === 'string' ? own : usual;
  };
  return { message: key(message, 'msg'), error: key(error, 'err') };
}

function symbolIn(value: object, description: string): symbol | undefined {
  for (let holder: object | null = value; holder !== null; holder = Object.getPrototypeOf(holder) as object | null) {
    const symbol = Object.getOwnPropertySymbols(holder).find((each) => each.description === description);
    if (symbol !== undefined) return symbol;
  }
  return undefined;
}

function ownerOf(value: object, key: symbol): object {
  let owner = value;
  while (!Object.hasOwn(owner, key)) owner = Object.getPrototypeOf(owner) as object;
  return owner;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
