import { totalmem } from 'node:os';

/** How many bytes of memory there are for this process: of the machine, or of the container that it is in. */
export function memoryHere(): number {
  const limit = process.constrainedMemory();
  // Without a limit of its own, a process is told 0 or a number beyond all memory.
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}
