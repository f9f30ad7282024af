// A program that is through with its flows and stays nevertheless, because nobody closed the cluster that others may
// join: nothing else would tell why it does not end.

import type { Listener } from '../comm/ws.ts';
import { awaitsSignal } from '../engine/interrupt.ts';

export interface LeftOpenOptions {
  /** Where others join. */
  readonly url: string;
  readonly listener: Pick<Listener, 'ref' | 'unref'>;
  readonly hasFlowRuns: () => boolean;
  /** Whose end it is about; this process, if not given. */
  readonly program?: Pick<NodeJS.Process, 'once' | 'off' | 'listenerCount' | 'emitWarning'>;
}

/** At least so long passes from the beginning of a flow run, and when it is over, to the first look. */
const lookEveryMs = 3_000;
/** So long the program may take to close the cluster after all, when Node says that it would end. */
const closingMs = 1_000;

/**
 * Says once that the process stays only because of a cluster. That this is so is known for certain: the cluster lets
 * the process end for a moment, and Node says when it would. Where no flow of this process has run, or the program
 * waits for a signal, it is meant to stay.
 */
export class LeftOpen implements Disposable {
  readonly #options: LeftOpenOptions;
  readonly #program: NonNullable<LeftOpenOptions['program']>;
  #timer: NodeJS.Timeout | undefined;
  #telling: NodeJS.Timeout | undefined;
  #isTold = false;

  constructor(options: LeftOpenOptions) {
    this.#options = options;
    this.#program = options.program ?? process;
  }

  /** A flow run of this process begins. */
  used(): void {
    if (this.#isTold) return;
    if (this.#timer === undefined) this.#hold();
    this.#timer ??= setInterval(() => this.#look(), lookEveryMs).unref();
  }

  [Symbol.dispose](): void {
    this.#isTold = true;
    clearInterval(this.#timer);
    clearTimeout(this.#telling);
    this.#program.off('beforeExit', this.#wouldEnd);
  }

  #look(): void {
    if (this.#options.hasFlowRuns()) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#options.listener.unref();
    this.#program.once('beforeExit', this.#wouldEnd);
  }

  #hold(): void {
    this.#program.off('beforeExit', this.#wouldEnd);
    clearTimeout(this.#telling);
    this.#options.listener.ref();
  }

  readonly #wouldEnd = (): void => {
    this.#options.listener.ref();
    if (awaitsSignal(this.#program)) return;
    this.#telling = setTimeout(() => this.#tell(), closingMs).unref();
  };

  #tell(): void {
    this.#isTold = true;
    const message =
      `the program is through, and its process stays only because its WebSocketCluster at ${this.#options.url} is ` +
      `still open, which others may join. To let it end, close the cluster: await using cluster = …, or ` +
      `await cluster.close().`;
    this.#program.emitWarning(message, { code: 'CLUSTER_LEFT_OPEN' });
  }
}
