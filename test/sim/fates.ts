// What each index of each array is in for, as far as it is not left to the moment.

import type { ArraySpec } from '../../src/scheduler/core.ts';
import type { Prng } from './prng.ts';
import type { Faults } from './settings.ts';
import type { Fate } from './world.ts';

interface ArrayFate {
  readonly paceMs: number;
  /** Set when what overruns is ended, so that an index can be stuck. */
  readonly timeoutMs: number | undefined;
  /** Whether workers that keep code have to ask for it. */
  readonly isSent: boolean;
  readonly whole: readonly number[];
  readonly sealed: Map<number, Fate>;
  /** For each index whether it has asked to be run again, and how long each of them waits. */
  readonly storm: { readonly asked: Uint8Array; readonly delayMs: number } | undefined;
}

export class Fates {
  readonly #prng: Prng;
  readonly #arrays = new Map<number, ArrayFate>();

  constructor(prng: Prng) {
    this.#prng = prng;
  }

  draw({ array, length, whole }: ArraySpec, faults: Faults, paceMs: number): void {
    const prng = this.#prng;
    const timeoutMs = prng.chance(0.5) ? prng.pick([20, 300]) : undefined;
    const sealed = new Map<number, Fate>();
    for (let index = 0; index < length; index += 1) {
      if (prng.chance(faults.poison)) sealed.set(index, 'kills-thread');
      else if (prng.chance(faults.lethal)) sealed.set(index, 'kills-worker');
      else if (timeoutMs !== undefined && prng.chance(faults.stuck)) sealed.set(index, 'stuck');
    }
    const asked = new Uint8Array(length);
    const storm = prng.chance(faults.storm) ? { asked, delayMs: prng.between(0, 500) } : undefined;
    this.#arrays.set(array, { paceMs, timeoutMs, isSent: prng.chance(0.3), whole, sealed, storm });
  }

  of(array: number): ArrayFate {
    return this.#arrays.get(array)!;
  }

  fateOf(array: number, index: number, faults: Faults): Fate {
    const { sealed, storm } = this.of(array);
    const fate = sealed.get(index);
    if (fate !== undefined) return fate;
    if (storm?.asked[index] === 0) {
      storm.asked[index] = 1;
      return storm.delayMs;
    }
    if (this.#prng.chance(faults.delayed)) return this.#prng.between(0, 2_000);
    return this.#prng.chance(faults.killed) ? 'kills-thread' : 'done';
  }

  /** Those that kill whatever runs them, and whose time cannot be up before they do. */
  *deadly(): Generator<{ readonly array: number; readonly index: number }, void> {
    for (const [array, { sealed, timeoutMs }] of this.#arrays) {
      if (timeoutMs === undefined) for (const index of sealed.keys()) yield { array, index };
    }
  }
}
