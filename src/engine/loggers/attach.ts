import { UsageError } from '../../lib/heddle-error.ts';
import { checkOptions, describe, rules } from '../../lib/options.ts';
import { attachDebug, isDebug, type DebugModule } from './debug.ts';
import { levelOf } from './levels.ts';
import { writingRun } from '../context.ts';
import { attachmentKey, writeLine, type Attachment } from './lines.ts';
import { hookPino, isPino } from './pino.ts';
import { hookWinston, isWinston, isWinstonModule } from './winston.ts';
import { formatMessage } from '../logger.ts';

export interface AttachLoggerOptions {
  /** What it is called in the log; what it calls itself by default. */
  readonly name?: string;
  /** Whether its lines also go where they went before; false by default. */
  readonly echo?: boolean;
}

/** What `import debug from 'debug'` gives, as far as can be seen in its type. */
export interface DebugLibrary {
  readonly enable: (namespaces: string) => void;
  readonly enabled: (namespace: string) => boolean;
}

export interface AttachDebugOptions {
  /** Namespaces, as in `DEBUG`: `['app:*', '-app:noise']`. */
  readonly names: readonly string[];
}

/**
 * Hands a line to the run whose task writes it, and says whether there was one. Levels are those of any common library,
 * as names or as pino's numbers; the rest is put together as `console.log` does.
 */
export type WriteLine = (level: string | number, ...message: unknown[]) => boolean;

const optionRules = { name: rules.text, echo: rules.flag };
const debugRules = {
  names: { expected: "a list of namespaces, such as ['app:*']", holds: isListOfNames },
};

/**
 * From here on, what `logger` says while a task runs goes to the log of the run, and what it says at other times where
 * it went before. Call it at the top level of the module of the tasks: then it holds on every worker.
 *
 * It takes a logger of pino or winston; the function that `debug` exports, with the namespaces; or, for any other
 * library, a name and a function that hands its lines on.
 */
export function attachLogger(debug: DebugLibrary, options: AttachDebugOptions): void;
export function attachLogger(logger: object, options?: AttachLoggerOptions): void;
export function attachLogger(name: string, connect: (write: WriteLine) => void): void;
export function attachLogger(logger: object | string, given: object = {}): void {
  if (typeof logger === 'string') return connectLogger(logger, given);
  if (!isObject(logger)) throw unknownLogger(logger);
  if (isDebug(logger)) return attachNamespaces(logger, given);
  checkOptions('attachLogger', given, optionRules);
  const { name, echo = false }: AttachLoggerOptions = given;
  const attachment: Attachment = { echo, ...(name !== undefined && { name }) };
  const own = isWinstonModule(logger) ? logger.exceptions.logger : logger;
  if (isPino(own)) hookPino(own);
  else if (isWinston(own)) hookWinston(own);
  else throw unknownLogger(logger);
  Object.defineProperty(own, attachmentKey, { value: attachment, configurable: true });
}

function attachNamespaces(debug: DebugModule, options: object): void {
  checkOptions('attachLogger(debug)', options, debugRules);
  const { names } = options as Partial<AttachDebugOptions>;
  if (names === undefined) {
    const message = `attachLogger(debug) needs the namespaces: attachLogger(debug, { names: ['app:*'] })`;
    throw new UsageError('INVALID_OPTION', message, { option: 'names' });
  }
  attachDebug(debug, names);
}

function connectLogger(name: string, connect: unknown): void {
  if (name === '' || typeof connect !== 'function') {
    const message =
      `attachLogger('${name}', …) needs a name and a function that hands on what the logger says: ` +
      `attachLogger('amqp', (write) => amqp.on('log', (text) => write('info', text))); got ${describe(connect)}. To ` +
      `have loggers by name, without code, set logging.extraLoggers in heddle.toml.`;
    throw new UsageError('INVALID_OPTION', message, { logger: name });
  }
  const write: WriteLine = (level, ...message) => {
    const run = writingRun();
    if (run === undefined) return false;
    writeLine(run, { name, level: levelOf(level), message: formatMessage(message) });
    return true;
  };
  connect(write);
}

function unknownLogger(logger: unknown): UsageError {
  const message =
    `attachLogger knows loggers of pino and winston and the function that debug exports; got ${describe(logger)}. ` +
    `For any other, hand its lines on: attachLogger('name', (write) => …), where write('info', text) writes one.`;
  return new UsageError('UNKNOWN_LOGGER', message, { logger: describe(logger) });
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

function isListOfNames(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every(rules.text.holds);
}
