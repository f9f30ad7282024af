import type { LogRecord } from '../../lib/log-record.ts';
import { isNamed } from './names.ts';

/** Which of the loggers that the configuration names have said nothing: their names may be wrong. */
export class UnheardLoggers {
  readonly #names: Set<string>;

  constructor(names: readonly string[]) {
    this.#names = new Set(names.filter((name) => !name.startsWith('-')));
  }

  note({ logger }: LogRecord): void {
    if (logger === undefined) return;
    for (const name of this.#names) if (isNamed(logger, [name])) this.#names.delete(name);
  }

  /** What to tell when the run is over, if anything. */
  get advice(): string | undefined {
    if (this.#names.size === 0) return undefined;
    const names = [...this.#names].map((name) => `'${name}'`).join(', ');
    const [first] = this.#names;
    return (
      `no line came from ${names}, which logging.extraLoggers names. If one should have: a name is that of a ` +
      `namespace of debug, of a logger of pino, or the id, service or label of one of winston; what it says below ` +
      `logging.level is not written; and any other logger is attached in the module of the tasks: ` +
      `attachLogger('${first}', (write) => …).`
    );
  }
}
