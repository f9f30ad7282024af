// A scheduler with one worker that runs everything on the thread of the flow itself.

import { setImmediate } from 'node:timers';
import { controlOrders, controlWords, newControl, resetControl, runningIn, takeTail } from '../lib/control.ts';
import type { ChunkMessage, ChunkTask } from '../lib/chunk.ts';
import { timerMs } from '../lib/timer.ts';
import type { LogRecord } from '../lib/log-record.ts';
import type { FlowRunFacts, Session, SessionListener } from '../engine/flow-run/executor.ts';
import { runChunk } from '../engine/task-run/chunk-runner.ts';
import { forgetArrays } from '../engine/task-run/load-task.ts';
import { closeResource } from '../engine/task-run/resources.ts';
import { Scheduler } from '../scheduler/scheduler.ts';
import type { ChunkEnd, ChunkPool, Emit, PooledChunk } from '../worker/pool.ts';
import { connectClient } from './connect-client.ts';
import { connectWorker } from './connect-worker.ts';
import { openSession } from './scheduler-session.ts';

export async function startOnThisThread(run: FlowRunFacts, listener: SessionListener): Promise<Session> {
  const scheduler = new Scheduler();
  const worker = await connectWorker(scheduler, new InlinePool(), { name: 'this thread' });
  const owned = [scheduler, worker];
  const how = { name: run.flowRunName, importsModules: false, sharesMemory: true, takesCaptures: true, owned };
  return await openSession(connectClient(scheduler), listener, how);
}

/**
 * Runs chunks on the thread of the flow itself, one at a time. A function that never yields cannot be stopped here: its
 * timeout is judged when it returns, and a cancelled run stops waiting for it after the grace period.
 */
export class InlinePool implements ChunkPool {
  readonly threads = 1;
  /** One for all chunks: whoever waits for an order waits on it, and a wait that is never answered stays for good. */
  readonly #control = newControl();
  #current: { attempt: number; stop: () => void; recall: () => void } | undefined;

  async run(chunk: PooledChunk, emit: Emit): Promise<ChunkEnd> {
    const control = this.#control;
    resetControl(control);
    const { promise: stopped, resolve } = Promise.withResolvers<ChunkEnd>();
    const stop = () => {
      void emit({ type: 'logs', records: runningIn(control).map((index) => leftRecord(chunk, index)) });
      resolve({ last: [], loss: { indices: [], loss: { kind: 'cancelled' } } });
    };
    const recall = () => void emit({ type: 'returned', ranges: takeTail(control, chunk.ranges) });
    this.#current = { attempt: chunk.attempt, stop, recall };
    try {
      const report = (message: ChunkMessage) => void emit(message);
      return await Promise.race([runInTurn({ ...chunk, control }, report), stopped]);
    } finally {
      this.#current = undefined;
    }
  }

  cancel(attempt: number, graceMs: number): void {
    const current = this.#current;
    if (current?.attempt !== attempt) return;
    Atomics.store(this.#control, controlWords.order, controlOrders.cancel);
    Atomics.notify(this.#control, controlWords.order);
    setTimeout(current.stop, timerMs(graceMs)).unref();
  }

  recall(attempt: number): void {
    if (this.#current?.attempt === attempt) this.#current.recall();
  }

  async closeResource(key: string, log: (record: LogRecord) => void): Promise<void> {
    await closeResource(key, log);
  }

  [Symbol.asyncDispose](): Promise<void> {
    forgetArrays();
    return Promise.resolve();
  }
}

/** The function that it calls may not yield for long: so all that came before is told first, and noted. */
async function runInTurn(task: ChunkTask, report: (message: ChunkMessage) => void): Promise<ChunkEnd> {
  await new Promise((resolve) => setImmediate(resolve));
  const takeLast = await runChunk(task, report);
  return { last: takeLast() };
}

function leftRecord({ name: task, length }: PooledChunk, mapIndex: number): LogRecord {
  const message =
    'it was told to end and still runs, and on this thread it cannot be ended: the run waits for it no longer, but ' +
    'the process may. A second Ctrl-C ends the process.';
  return { time: Date.now(), level: 'warn', message, task, ...(length > 1 && { mapIndex }) };
}
