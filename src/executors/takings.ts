// What a flow run takes of the large blocks that a scheduler tells it of: those that it wants, and of these no more at
// a time than it can put down.

import type { Comm } from '../comm/comm.ts';
import type { SettledBlock } from '../engine/flow-run/executor.ts';
import type { FromClient, ToClient } from '../protocol/messages.ts';

/** A block that is larger travels alone. */
const windowBytes = 16 * 2 ** 20;

interface Taking {
  readonly array: number;
  readonly start: number;
  readonly byteLength: number;
  readonly arrived: (block: SettledBlock) => void;
}

export class Takings {
  readonly #comm: Comm<ToClient, FromClient>;
  readonly #waiting = new Set<Taking>();
  readonly #underWay = new Map<string, Taking>();
  #underWayBytes = 0;

  constructor(comm: Comm<ToClient, FromClient>) {
    this.#comm = comm;
  }

  take(taking: Taking): void {
    this.#waiting.add(taking);
    this.#ask();
  }

  leave({ array, start }: Pick<Taking, 'array' | 'start'>): void {
    this.#comm.send({ type: 'take', array, start, isWanted: false });
  }

  arrived({ array, start, count, bytes }: Extract<ToClient, { type: 'block' }>): void {
    const taking = this.#underWay.get(keyOf({ array, start }));
    if (taking === undefined) return;
    this.#underWay.delete(keyOf(taking));
    this.#underWayBytes -= taking.byteLength;
    this.#ask();
    taking.arrived({ start, count, bytes });
  }

  #ask(): void {
    for (const taking of this.#waiting) {
      const { array, start, byteLength } = taking;
      if (this.#underWayBytes > 0 && this.#underWayBytes + byteLength > windowBytes) return;
      this.#waiting.delete(taking);
      this.#underWay.set(keyOf(taking), taking);
      this.#underWayBytes += byteLength;
      this.#comm.send({ type: 'take', array, start, isWanted: true });
    }
  }
}

function keyOf({ array, start }: Pick<Taking, 'array' | 'start'>): string {
  return `${array} ${start}`;
}
