import { reach } from '../code/load.ts';
import type { Deed } from '../code/registry.ts';
import { isInTaskRun } from './context.ts';

/**
 * For whoever is about to do what the user's script does: a promise that never settles where the script runs again only
 * for its tasks. A task may do what it likes, and nothing is given there.
 */
export function heldBack(deed: Deed): Promise<never> | undefined {
  return isInTaskRun() ? undefined : reach(deed);
}
