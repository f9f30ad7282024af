const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * While in use, the first Ctrl-C or SIGTERM calls `cancel` and sets the exit status; a second one ends the process as
 * if nobody had listened.
 */
export function listenForInterrupts(cancel: (why: string) => void): Disposable {
  const signals = Object.keys(exitCodes) as (keyof typeof exitCodes)[];
  const stopListening = () => {
    for (const signal of signals) process.off(signal, listener);
  };
  const listener = (signal: NodeJS.Signals): void => {
    process.exitCode = exitCodes[signal as keyof typeof exitCodes];
    stopListening();
    cancel(`the process got ${signal}`);
  };
  for (const signal of signals) process.on(signal, listener);
  return { [Symbol.dispose]: stopListening };
}
