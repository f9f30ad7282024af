import { connect, createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** From whoever is at the near end to the scheduler, or back. */
export type Way = 'to the scheduler' | 'from the scheduler';

export interface CableLimits {
  /** How long each byte is on its way, in each direction. */
  readonly delayMs?: number;
  /** How many bytes come through in each of `pieceMs`, in each direction. */
  readonly pieceBytes?: number;
}

const pieceMs = 10;

/**
 * A cable to a scheduler, for those who connect to its near end. It can be cut in each direction: then nothing comes
 * through, no goodbye either, until it is mended. And it can be long, or narrow.
 */
export class Cable implements AsyncDisposable {
  readonly #server: Server;
  readonly #lanes = new Set<Lane>();
  readonly #cut = new Set<Way>();

  static async to(url: string, limits: CableLimits = {}): Promise<Cable> {
    const cable = new Cable(Number(new URL(url).port), limits);
    cable.#server.listen(0, '127.0.0.1');
    await once(cable.#server, 'listening');
    return cable;
  }

  private constructor(port: number, limits: CableLimits) {
    this.#server = createServer({ allowHalfOpen: true }, (near) => {
      const far = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
      this.#lay(new Lane(near, far, { ...limits, way: 'to the scheduler' }));
      this.#lay(new Lane(far, near, { ...limits, way: 'from the scheduler' }));
    });
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  cut(...ways: readonly Way[]): void {
    for (const way of ways) this.#cut.add(way);
    for (const lane of this.#lanes) if (this.#cut.has(lane.way)) lane.cut();
  }

  mend(): void {
    this.#cut.clear();
    for (const lane of this.#lanes) lane.mend();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    for (const lane of this.#lanes) lane.destroy();
    await once(this.#server, 'close');
  }

  #lay(lane: Lane): void {
    this.#lanes.add(lane);
    if (this.#cut.has(lane.way)) lane.cut();
  }
}

class Lane {
  readonly way: Way;
  readonly #from: Socket;
  readonly #to: Socket;
  #isCut = false;
  /** What happened while it was cut. */
  #held: (() => void)[] = [];

  constructor(from: Socket, to: Socket, { way, delayMs = 0, pieceBytes }: CableLimits & { readonly way: Way }) {
    this.way = way;
    this.#from = from;
    this.#to = to;
    let before = Promise.resolve();
    const pass = (act: () => void) => {
      if (pieceBytes !== undefined) before = before.then(() => delay(pieceMs)).then(() => this.#pass(act));
      else if (delayMs === 0) this.#pass(act);
      else setTimeout(() => this.#pass(act), delayMs);
    };
    from.on('data', (data: Buffer) => {
      for (let at = 0; at < data.length; at += pieceBytes ?? data.length) {
        const piece = data.subarray(at, at + (pieceBytes ?? data.length));
        pass(() => to.write(piece));
      }
    });
    from.on('end', () => pass(() => to.end()));
    from.on('error', () => {});
    from.on('close', (hadError) => pass(() => (hadError ? to.destroy() : to.end())));
  }

  cut(): void {
    this.#isCut = true;
  }

  mend(): void {
    this.#isCut = false;
    for (const act of this.#held.splice(0)) act();
  }

  destroy(): void {
    this.#from.destroy();
    this.#to.destroy();
  }

  #pass(act: () => void): void {
    if (this.#isCut) this.#held.push(act);
    else act();
  }
}
