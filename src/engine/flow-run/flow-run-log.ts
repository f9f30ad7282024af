// The log of one flow run, where the flow was started. All lines come through here, those of workers too, and get the
// name that the flow run has by then.

import { AsyncLocalStorage } from 'node:async_hooks';
import type { LogLevel, LogRecord } from '../../lib/log-record.ts';
import { createLogger, isLogged, renaming, type Logger } from '../logger.ts';

interface LogFacts {
  readonly flow: string;
  /** What the flow run is called at first. */
  readonly flowRunName: string;
  readonly least: LogLevel;
  readonly write: (record: LogRecord) => void;
}

export class FlowRunLog {
  /** The keys of lines that are logged only once, and were: several threads may write the same. */
  readonly #said = new Set<string>();
  readonly #facts: LogFacts;
  /** Listeners are called as the starter of the flow, not as the task or handler that wrote the line. */
  readonly #asCaller = AsyncLocalStorage.snapshot();
  #flowRunName: string;
  /** The logger of the flow run itself. */
  readonly logger: Logger;

  constructor(facts: LogFacts) {
    this.#facts = facts;
    this.#flowRunName = facts.flowRunName;
    this.logger = this.loggerFor();
  }

  /** What the flow run is called now. */
  get flowRunName(): string {
    return this.#flowRunName;
  }

  /** The logger for what happens here to a task that runs elsewhere or not at all; or of another library, by name. */
  loggerFor(task?: string, logger?: string): Logger {
    const source = { ...(task !== undefined && { task }), ...(logger !== undefined && { logger }) };
    return createLogger(source, (record) => this.take(record), this.#facts.least);
  }

  rename(name: string): void {
    this.take(renaming(name, {}));
  }

  /** Takes the next line. Workers have left out what is below the level; schedulers, which serve many, have not. */
  take(record: LogRecord): void {
    if (record.once === undefined) this.#write(record);
    else this.#takeOnce(record);
  }

  #takeOnce({ once = '', ...record }: LogRecord): void {
    if (this.#said.has(once)) return;
    this.#said.add(once);
    this.#write(record);
  }

  #write(record: LogRecord): void {
    const { flow, least, write } = this.#facts;
    this.#flowRunName = record.renamedTo ?? this.#flowRunName;
    if (!isLogged(record.level, least)) return;
    this.#asCaller(() => write({ ...record, flow, flowRun: this.#flowRunName }));
  }
}
