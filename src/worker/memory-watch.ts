// What a worker process is to do about its memory. All that the process takes counts, not only the heaps of its
// threads, since the system would kill the whole process. It has no clock: it looks when it is called, at regular
// intervals.

/** At this share of the limit, or more, nothing new is begun. */
const pauseShare = 0.8;
/** Below this share, work is begun again. */
const resumeShare = 0.7;
/** At this share, or more, what was begun last is ended. */
const endShare = 0.95;
/** Below this share, four times as much memory would still pause nothing. */
const roomShare = pauseShare / 4;
/** The scheduler is told of a change by this share of the limit, */
const newsShare = 0.05;
/** and otherwise at every tenth look. */
const longestSilence = 10;
/** After something was ended, nothing else is ended for so many looks: memory comes back with a delay. */
const patience = 4;

interface MemoryLook {
  /** What the process takes. */
  readonly bytes: number;
  readonly isBusy: boolean;
}

/** Whether so much is taken that something has to be ended. */
export function isFull(bytes: number, limitBytes: number): boolean {
  return bytes >= limitBytes * endShare;
}

/** Whether the arguments that Node was started with say how its heaps grow. */
export function isGrowthGiven(execArgv: readonly string[]): boolean {
  return execArgv.some((argument) => /^--heap[-_]growing[-_]percent\b/.test(argument));
}

export class MemoryWatch {
  readonly limitBytes: number;
  /** It is to get no more work for now. */
  isPaused = false;
  /** Something has run on its threads since they were started. */
  #hasRun = false;
  #endedAgo = patience;
  #bytes = 0;
  #told: { readonly bytes: number; readonly isPaused: boolean } | undefined;
  #toldAgo = 0;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  /** Whether heaps may grow to several times what lives in them. */
  get hasRoom(): boolean {
    return this.#bytes < this.limitBytes * roomShare;
  }

  /** Whether it is time to tell the scheduler again. To be called once a look: a `true` counts as told. */
  isToTell(): boolean {
    const [bytes, { isPaused, limitBytes }] = [this.#bytes, this];
    this.#toldAgo += 1;
    const isSame = this.#told?.isPaused === isPaused && Math.abs(this.#told.bytes - bytes) < limitBytes * newsShare;
    if (isSame && this.#toldAgo < longestSilence) return false;
    this.#told = { bytes, isPaused };
    this.#toldAgo = 0;
    return true;
  }

  /** Whether to end what was begun last; or, when nothing runs and memory was not given back, to start threads anew. */
  look({ bytes, isBusy }: MemoryLook): 'go-on' | 'end-newest' | 'start-anew' {
    const share = bytes / this.limitBytes;
    this.#bytes = bytes;
    this.#hasRun ||= isBusy;
    this.#endedAgo += 1;
    if (!isBusy) {
      // To wait for memory that nobody will give back would be to wait for ever.
      this.isPaused = false;
      return share >= pauseShare && this.#hasRun ? 'start-anew' : 'go-on';
    }
    if (share >= pauseShare) this.isPaused = true;
    if (share < resumeShare) this.isPaused = false;
    if (!isFull(bytes, this.limitBytes) || this.#endedAgo <= patience) return 'go-on';
    this.#endedAgo = 0;
    return 'end-newest';
  }
}
