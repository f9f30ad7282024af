// The other ends of a scheduler's comms, as a test wants them: they say what it tells them to, and keep what they hear.

import type { Comm, CommHandlers } from '../../src/comm/comm.ts';
import { inprocPair } from '../../src/comm/inproc.ts';
import { HeddleError } from '../../src/lib/heddle-error.ts';
import { version } from '../../src/lib/version.ts';
import {
  protocolVersion,
  type FromPeer,
  type Hello,
  type Submission,
  type ToPeer,
} from '../../src/protocol/messages.ts';
import type { Scheduler } from '../../src/scheduler/scheduler.ts';

const self = { protocol: protocolVersion, heddle: version, node: '', name: 'test', threads: 0 } as const;

export const payload = Uint8Array.of(9);

export function submission(facts: Partial<Submission> & { array: number; length: number }): Submission {
  const definition = { parts: ['plan'], values: Uint8Array.of(1, 2, 3) };
  return { name: 'test', definition, elementwise: [], whole: [], priority: 0, ...facts };
}

export function block(start: number, count: number) {
  return { start, count, bytes: Uint8Array.of(0) };
}

export function settled(attempt: number, start: number): FromPeer {
  return { type: 'settled', attempt, start, count: 1, busyMs: 1, bytes: payload };
}

/**
 * The other end of a comm to the scheduler: says hello, and gives what comes by type, in order. `arrivingBytes` have
 * come of something big, `backlogBytes` of another one have not gone.
 */
export function connect(scheduler: Scheduler, hello: Partial<Hello>, { arrivingBytes = 0, backlogBytes = 0 } = {}) {
  const [ours, theirs] = inprocPair<FromPeer, ToPeer>();
  scheduler.accept(Object.assign(ours, { arrivingBytes, backlogBytes }));
  const messages: ToPeer[] = [];
  let arrived = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<string>();
  theirs.listen({
    message: (message) => {
      messages.push(message);
      arrived.resolve();
      arrived = Promise.withResolvers();
    },
    seen: () => {},
    closed: ({ reason }) => closed.resolve(reason),
  });
  theirs.send({ type: 'hello', role: 'client', ...self, ...hello });
  const next = async <Type extends ToPeer['type']>(type: Type): Promise<Extract<ToPeer, { type: Type }>> => {
    for (;;) {
      const position = messages.findIndex((message) => message.type === type);
      if (position !== -1) return messages.splice(position, 1)[0] as Extract<ToPeer, { type: Type }>;
      await arrived.promise;
    }
  };
  return {
    next,
    has: (type: ToPeer['type']) => messages.some((message) => message.type === type),
    send: (...all: FromPeer[]) => all.forEach((message) => theirs.send(message)),
    close: () => theirs.close('the test is through with it'),
    closed: closed.promise,
  };
}

/** The scheduler's end of a connection to a worker that says hello, and takes nothing of what it is sent. */
export class WorkerBehind implements Comm<FromPeer, ToPeer> {
  readonly peer = 'somewhere';
  readonly backlogBytes = 2 ** 30;
  readonly arrivingBytes = 0;
  readonly sent: string[] = [];
  readonly #hello: Partial<Hello>;
  readonly #fallen = Promise.withResolvers<void>();
  #handlers: CommHandlers<FromPeer> | undefined;

  constructor(hello: Partial<Hello>) {
    this.#hello = hello;
  }

  listen(handlers: CommHandlers<FromPeer>): void {
    this.#handlers = handlers;
    queueMicrotask(() => handlers.message({ type: 'hello', role: 'worker', ...self, ...this.#hello }));
  }

  send({ type }: ToPeer): void {
    this.sent.push(type);
  }

  backlogFallenTo(): Promise<void> {
    return this.#fallen.promise;
  }

  /** As when its process is killed: what was not taken never will be. */
  breaks(): void {
    this.#fallen.resolve();
    const error = new HeddleError('CONNECTION_LOST', 'it broke');
    this.#handlers?.closed({ by: 'failure', reason: error.message, error });
  }

  look(): void {}

  ping(): void {}

  close(): Promise<void> {
    return Promise.resolve();
  }

  hangUp(): Promise<void> {
    return Promise.resolve();
  }
}
