import { setImmediate } from 'node:timers';
import { isBuiltIn } from '../code/registry.ts';
import type { Task } from '../flow/task.ts';

const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const;
const signals = ['SIGINT', 'SIGTERM'] as const;

/** That of a container is sent no signal that it does not listen for, not even by itself. */
const isFirstProcess = process.pid === 1;

/** The flow runs that are to be cancelled; one listener serves them all. */
const runs = new Set<(why: string) => void>();
let isListening = false;
/** Set for a while after a function of the user's was called on this thread. */
let pause: NodeJS.Timeout | undefined;
/** Tasks of which a run waited while the event loop turned. A program may make one anew for each flow run. */
const waiting = new Set<string>();
/** So many are known: a program may name each that it makes. */
const mostWaiting = 1_000;
/** Long enough that stopping and starting to listen costs next to nothing, and too short to be noticed. */
const pauseMs = 10;
/** What the process is about to end for. */
let interrupted: NodeJS.Signals | undefined;
/** So long a program may go on after the last run that was cancelled, to tell how that ended and close what is open. */
const farewellMs = 5_000;

/**
 * While in use, the first Ctrl-C or SIGTERM calls `cancel` and sets the exit status; a second one ends the process as
 * if nobody had listened. While a function on this thread does not yield, the first one does: see `pauseListening`.
 * Unless the program listens for the signal too, it is meant to end: what it runs later is cancelled at once, and if it
 * does not end by itself, like a server, it is ended some seconds after the last run that the signal cancelled.
 */
export function listenForInterrupts(cancel: (why: string) => void): Disposable {
  if (interrupted !== undefined) {
    cancel(interrupted);
    return { [Symbol.dispose]: () => {} };
  }
  if (runs.size === 0 && !isListening && pause === undefined) listen();
  runs.add(cancel);
  return {
    [Symbol.dispose]: () => {
      runs.delete(cancel);
      if (runs.size > 0) return;
      if (interrupted !== undefined) return endSoon(interrupted);
      // Starting and stopping to listen takes much of the time of a short run, and often the next run begins at once.
      setImmediate(stopIfIdle);
    },
  };
}

/** Whether a flow run, or a schedule that starts some, goes on in this process. */
export function isAnyRunGoingOn(): boolean {
  return runs.size > 0;
}

/** Whether the program waits to be told to end, as servers do: it is meant to stay then. */
export function awaitsSignal(program: Pick<NodeJS.Process, 'listenerCount'>): boolean {
  return signals.some((signal) => program.listenerCount(signal) > 0);
}

/**
 * To be called before a function of the user's. While that keeps this thread busy, no listener is ever called, and one
 * that is there would only keep Ctrl-C from ending the process, unless the program listens itself. Listening goes on
 * when the event loop turns again. What comes as it stops gets lost, and ends the process before it goes on: so it
 * stops no more for a task that has waited, in this flow run or in one before.
 */
export function pauseListening(task: Task): void {
  // Whoever listens to nothing there is sent nothing.
  if (!isListening || isFirstProcess || waiting.has(keyOf(task)) || isBuiltIn(task.reference)) return;
  isListening = false;
  for (const signal of signals) if (process.listenerCount(signal) === 1) process.off(signal, interrupt);
  pause = setTimeout(() => {
    pause = undefined;
    if (runs.size > 0) listen();
  }, pauseMs).unref();
}

/** To be called when the event loop has turned while a run of the task waited. */
export function keepListening(task: Task): void {
  if (waiting.size >= mostWaiting) waiting.clear();
  waiting.add(keyOf(task));
}

/** The same for all that are made by the same line under the same name. */
function keyOf({ reference: { definedAt, name } }: Task): string {
  return `${definedAt} ${name}`;
}

function interrupt(signal: NodeJS.Signals): void {
  clearTimeout(pause);
  pause = undefined;
  stopListening();
  const isOurs = process.listenerCount(signal) === 0;
  // It came after the last run was over: as if we had not listened, the process ends, or whoever listens too is told.
  if (runs.size === 0) return isOurs ? end(signal) : undefined;
  process.exitCode = exitCodes[signal as keyof typeof exitCodes];
  if (isOurs) interrupted = signal;
  // The second one.
  if (isFirstProcess) process.once(signal, quit);
  for (const cancel of runs) cancel(signal);
}

function endSoon(signal: NodeJS.Signals): void {
  setTimeout(end, farewellMs, signal).unref();
}

function end(signal: NodeJS.Signals): void {
  process.off(signal, quit);
  process.kill(process.pid, signal);
  if (isFirstProcess && process.listenerCount(signal) === 0) quit(signal);
}

function quit(signal: NodeJS.Signals): void {
  process.exit(exitCodes[signal as keyof typeof exitCodes]);
}

function stopIfIdle(): void {
  if (runs.size === 0) stopListening();
}

function listen(): void {
  // It may have stayed, beside one of the program's.
  stopListening();
  // First, since a listener of the program's that is called once is gone when it is called.
  for (const signal of signals) process.prependListener(signal, interrupt);
  isListening = true;
}

function stopListening(): void {
  isListening = false;
  for (const signal of signals) process.off(signal, interrupt);
}
