// The log of one flow run, where the flow was started. All lines come through here, those of workers too, and get the
// name that the flow run has by then.

import { AsyncLocalStorage } from 'node:async_hooks';
import type { LogLevel, LogRecord } from '../../lib/log-record.ts';
import { createLogger, isLogged, type Logger } from '../logger.ts';
import { renaming } from '../renaming.ts';

interface LogFacts {
  readonly flow: string;
  /** What the flow run is called at first. */
  readonly flowRunName: string;
  readonly least: LogLevel;
  readonly write: (record: LogRecord) => void;
}

export class FlowRunLog {
  /** What is to be said once, and was: several threads may find it out. */
  readonly #said = new Set<string>();
  readonly #facts: LogFacts;
  /** Whoever hears a line is neither the task nor the handler that wrote it, but who started the flow. */
  readonly #asCaller = AsyncLocalStorage.snapshot();
  #flowRunName: string;
  /** Of the flow run itself. */
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

  /** Of what happens here to a task that runs elsewhere, or not at all; or, by name, for lines of another library. */
  loggerFor(task?: string, logger?: string): Logger {
    const source = { ...(task !== undefined && { task }), ...(logger !== undefined && { logger }) };
    return createLogger(source, (record) => this.take(record), this.#facts.least);
  }

  rename(name: string): void {
    this.take(renaming(name, {}));
  }

  /** Takes the next line. Workers have left out what is below the level; schedulers, which serve many, have not. */
  take({ once, ...record }: LogRecord): void {
    if (once !== undefined && this.#said.has(once)) return;
    if (once !== undefined) this.#said.add(once);
    const { flow, least, write } = this.#facts;
    this.#flowRunName = record.renamedTo ?? this.#flowRunName;
    if (!isLogged(record.level, least)) return;
    this.#asCaller(() => write({ ...record, flow, flowRun: this.#flowRunName }));
  }
}
