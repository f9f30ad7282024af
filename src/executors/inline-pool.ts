import { controlOrders, controlWords, type ChunkMessage } from '../lib/chunk.ts';
import { runChunk } from '../engine/chunk-runner.ts';
import type { ChunkLoss, ChunkPool, PooledChunk } from '../worker/pool.ts';

/**
 * Runs chunks on the thread of the flow itself, one at a time. A function that never yields cannot be stopped here: its
 * timeout is judged when it returns, and a cancelled run stops waiting for it after the grace period.
 */
export class InlinePool implements ChunkPool {
  readonly threads = 1;
  #current: { attempt: number; control: Int32Array<SharedArrayBuffer>; stop: () => void } | undefined;

  async run(chunk: PooledChunk, emit: (message: ChunkMessage) => void): Promise<ChunkLoss | undefined> {
    const control = new Int32Array(new SharedArrayBuffer(controlWords.length * Int32Array.BYTES_PER_ELEMENT));
    const { promise: stopped, resolve } = Promise.withResolvers<ChunkLoss>();
    const stop = () => {
      resolve({ index: Atomics.load(control, controlWords.running), loss: { kind: 'cancelled' } });
    };
    this.#current = { attempt: chunk.attempt, control, stop };
    const { timeoutMs: _, ...task } = chunk;
    try {
      return await Promise.race([runChunk({ ...task, control }, emit).then(() => undefined), stopped]);
    } finally {
      this.#current = undefined;
    }
  }

  cancel(attempt: number, graceMs: number): void {
    const current = this.#current;
    if (current?.attempt !== attempt) return;
    Atomics.store(current.control, controlWords.order, controlOrders.cancel);
    Atomics.notify(current.control, controlWords.order);
    setTimeout(current.stop, graceMs).unref();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}
