import type { Scheduler } from '../scheduler/scheduler.ts';

/** What a cluster that was started holds. */
export interface RunningCluster {
  readonly scheduler: Scheduler;
  /** All that was opened for it, the scheduler included. */
  readonly resources: AsyncDisposableStack;
}

/** The start and the end of a cluster: one start however often it is asked for, another after a close or a failure. */
export class ClusterLife {
  readonly #open: () => Promise<RunningCluster>;
  #running: Promise<RunningCluster> | undefined;

  constructor(open: () => Promise<RunningCluster>) {
    this.#open = open;
  }

  get isStarted(): boolean {
    return this.#running !== undefined;
  }

  async start(): Promise<Scheduler> {
    this.#running ??= this.#open().catch((error: unknown) => {
      this.#running = undefined;
      throw error;
    });
    return (await this.#running).scheduler;
  }

  async close(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    await (await running)?.resources[Symbol.asyncDispose]();
  }
}
