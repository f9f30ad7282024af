const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const;

/** The flow runs that are to be cancelled; one listener serves them all. */
const runs = new Set<(why: string) => void>();

/**
 * While in use, the first Ctrl-C or SIGTERM calls `cancel` and sets the exit status; a second one ends the process as
 * if nobody had listened.
 */
export function listenForInterrupts(cancel: (why: string) => void): Disposable {
  if (runs.size === 0) for (const signal of Object.keys(exitCodes)) process.on(signal, interrupt);
  runs.add(cancel);
  return {
    [Symbol.dispose]: () => {
      runs.delete(cancel);
      if (runs.size === 0) stopListening();
    },
  };
}

function interrupt(signal: NodeJS.Signals): void {
  process.exitCode = exitCodes[signal as keyof typeof exitCodes];
  stopListening();
  for (const cancel of runs) cancel(signal);
}

function stopListening(): void {
  for (const signal of Object.keys(exitCodes)) process.off(signal, interrupt);
}
