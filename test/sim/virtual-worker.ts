// The real core of a worker, in a process and with a connection that are not real.

import assert from 'node:assert/strict';
import { unreachable } from '../../src/lib/unreachable.ts';
import type { ArrayDefinition, ToWorker } from '../../src/protocol/messages.ts';
import { WorkerCore, type WorkerCommand, type WorkerEvent } from '../../src/worker/core.ts';
import type { ChunkEnd, ChunkReport } from '../../src/worker/pool.ts';
import { VirtualThread, type Host } from './virtual-thread.ts';
import type { World } from './world.ts';

export interface VirtualWorkerOptions {
  readonly id: string;
  readonly threads: number;
  readonly slowness: number;
  /** Whether it asks for code, and has it sent; else it imports its own. */
  readonly keepsCode: boolean;
}

export class VirtualWorker implements Host {
  readonly id: string;
  readonly threads: readonly VirtualThread[];
  readonly slowness: number;
  readonly #world: World;
  readonly #core: WorkerCore;
  readonly #definitions = new Map<number, ArrayDefinition>();
  readonly #wholes = new Set<number>();
  readonly #bundles = new Set<string>();
  isAlive = true;
  isConnected = true;
  /** It was told to drain, and not that its time is up. */
  isDraining = false;
  /** It left, and as far as it knows nothing of what it had to do is left. */
  isDrained = false;
  isLeaving = false;
  stalledUntil = 0;
  /** When the last message from it, and to it, arrives: a connection is a stream. */
  lastDelivery = 0;
  lastArrival = 0;

  constructor(world: World, { id, threads, slowness, keepsCode }: VirtualWorkerOptions) {
    this.id = id;
    this.slowness = slowness;
    this.#world = world;
    this.#core = new WorkerCore({ threads, keepsCode });
    this.threads = Array.from({ length: threads }, () => new VirtualThread(world, this));
  }

  get isBusy(): boolean {
    return this.#core.isBusy || this.threads.some(({ attempt }) => attempt !== undefined);
  }

  /** Throws a `ProtocolError` for nonsense. */
  hear(message: ToWorker): void {
    if (message.type === 'code') return this.#codeNamed(message);
    if (message.type === 'bundle') {
      this.#bundles.add(message.id);
      return this.#handle({ type: 'bundle-arrived', bundle: message.id, source: { bundle: message.id } });
    }
    // Its reports are no burden to anybody.
    if (message.type === 'hold' || message.type === 'go-on') return;
    if (message.type === 'define') this.#definitions.set(message.definition.array, message.definition);
    if (message.type === 'whole') this.#wholes.add(message.array);
    this.#handle({ type: 'told', message });
    if (message.type === 'define') this.#lookFor(message.definition);
  }

  /** It is to end when it has finished what it runs, within a time if there is one. */
  drain(limitMs: number | undefined): void {
    if (this.isLeaving || this.isDraining) return;
    this.isDraining = true;
    this.#handle({ type: 'drain-asked' });
    if (limitMs === undefined) return;
    this.#world.agenda.in(limitMs, () => {
      if (!this.isAlive || !this.isDraining) return;
      this.isDraining = false;
      this.#handle({ type: 'time-ran-out' });
    });
  }

  /** The connection is lost: both ends hear of it, this one now. */
  cut(): void {
    if (!this.isAlive || !this.isConnected) return;
    this.#disconnect();
    this.#handle({ type: 'disconnected', reason: 'it was cut' });
  }

  /** The process dies, and its connection with it. */
  crash(): void {
    if (!this.isAlive) return;
    this.#end();
    this.#disconnect();
  }

  /** The process dies, and nobody hears of it. */
  vanish(): void {
    if (this.isAlive) this.#end();
  }

  get isBare(): boolean {
    return this.#world.isBare(this);
  }

  isUnableToRun(array: number): boolean {
    return this.#world.isUnable(this, array);
  }

  report(attempt: number, report: ChunkReport): void {
    this.#handle({ type: 'chunk-reported', attempt, report });
  }

  over(attempt: number, end: ChunkEnd): void {
    this.#soon({ type: 'chunk-over', attempt, ...end });
  }

  #handle(event: WorkerEvent): void {
    for (const command of this.#core.handle(event)) this.#perform(command);
  }

  #perform(command: WorkerCommand): void {
    switch (command.type) {
      case 'send':
        return this.#world.send(this, command.message);
      case 'run-chunk': {
        const { array, attempt, ranges, lanes, timedOut } = command.message;
        const thread = this.threads.find((each) => each.attempt === undefined);
        assert(thread !== undefined, `${this.id} is to run attempt ${attempt} and has no free thread`);
        const { timeoutMs, whole } = this.#definitions.get(array)!;
        for (const upstream of whole)
          assert(this.#wholes.has(upstream), `array ${array} runs before array ${upstream}`);
        return thread.run({ array, attempt, ranges, lanes, timedOut, timeoutMs });
      }
      case 'recall-chunk':
        return this.threads.find(({ attempt }) => attempt === command.attempt)?.recall();
      case 'cancel-chunk':
        return this.threads.find(({ attempt }) => attempt === command.attempt)?.cancel(command.graceMs);
      case 'close-resource':
        return this.#closeResource(command.resource);
      case 'tell-dismissed':
        // As a worker process does: one that drains ends when it is drained, any other comes back as a new one.
        return this.isDraining ? undefined : this.#leave();
      case 'tell-drained':
        return this.#leave();
      case 'leave':
        this.isDrained = this.isDraining && this.isConnected;
        this.#disconnect();
        return this.#end();
      default:
        unreachable(command);
    }
  }

  /** In a turn of its own, as what a promise brings. */
  #soon(event: WorkerEvent): void {
    this.#world.agenda.in(0, () => {
      if (this.isAlive) this.#handle(event);
    });
  }

  #leave(): void {
    this.isLeaving = true;
    this.#soon({ type: 'leave-asked' });
  }

  #closeResource(resource: string): void {
    let open = this.threads.length;
    for (const thread of this.threads) {
      thread.closeResource(resource, () => {
        open -= 1;
        if (open === 0) this.#soon({ type: 'resource-closed', resource });
      });
    }
  }

  #lookFor({ array, code }: ArrayDefinition): void {
    const bundle = code?.bundle;
    if (bundle !== undefined && this.#bundles.has(bundle))
      this.#handle({ type: 'code-found', array, source: { bundle } });
  }

  #codeNamed({ array, id, problem = 'none' }: Extract<ToWorker, { type: 'code' }>): void {
    if (id === undefined) return this.#handle({ type: 'code-found', array, source: { problem } });
    if (!this.#bundles.has(id)) return this.#handle({ type: 'bundle-named', array, bundle: id });
    this.#handle({ type: 'code-found', array, source: { bundle: id } });
  }

  #disconnect(): void {
    if (!this.isConnected) return;
    this.isConnected = false;
    this.#world.disconnected(this);
  }

  #end(): void {
    this.isAlive = false;
    this.#world.ended(this);
  }
}
