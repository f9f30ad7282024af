const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const;

/** The flow runs that are to be cancelled; one listener serves them all. */
const runs = new Set<(why: string) => void>();
let isListening = false;

/**
 * While in use, the first Ctrl-C or SIGTERM calls `cancel` and sets the exit status; a second one ends the process as
 * if nobody had listened.
 */
export function listenForInterrupts(cancel: (why: string) => void): Disposable {
  if (runs.size === 0 && !isListening) listen();
  runs.add(cancel);
  return {
    [Symbol.dispose]: () => {
      runs.delete(cancel);
      // To begin and to end listening costs much of what a short run does, and often the next one begins at once.
      if (runs.size === 0) setImmediate(stopIfIdle);
    },
  };
}

function interrupt(signal: NodeJS.Signals): void {
  stopListening();
  // It came when the last run was over, and is for nobody.
  if (runs.size === 0) return void process.kill(process.pid, signal);
  process.exitCode = exitCodes[signal as keyof typeof exitCodes];
  for (const cancel of runs) cancel(signal);
}

function stopIfIdle(): void {
  if (runs.size === 0) stopListening();
}

function listen(): void {
  isListening = true;
  for (const signal of Object.keys(exitCodes)) process.on(signal, interrupt);
}

function stopListening(): void {
  isListening = false;
  for (const signal of Object.keys(exitCodes)) process.off(signal, interrupt);
}
