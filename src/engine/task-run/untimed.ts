import { controlWords, type Control } from '../../lib/control.ts';

/** How often a time limit begins anew meanwhile: more often than it is looked at. */
const unhurryMs = 50;

/**
 * Does what is no part of a task's function, so that its time limit does not count it. Without a limit there is no
 * `control`.
 */
export function untimed<T>(control: Control | undefined, work: () => Promise<T>): Promise<T> {
  return control === undefined ? work() : unhurried(control, work);
}

/** Whoever watches over the thread sees starts meanwhile, as long as its event loop turns. */
async function unhurried<T>(control: Control, work: () => Promise<T>): Promise<T> {
  const unhurry = () => Atomics.add(control, controlWords.starts, 1);
  const timer = setInterval(unhurry, unhurryMs);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    unhurry();
  }
}
