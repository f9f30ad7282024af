/** Works for so many milliseconds, and gives how many there were. */
export function beBusy(durationMs: number): number {
  const startedAt = performance.now();
  while (performance.now() - startedAt < durationMs);
  return performance.now() - startedAt;
}

export default beBusy;
