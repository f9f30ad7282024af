import { task } from 'heddle';
import { beBusy } from '../peers/busy.ts';

export const busy = task('busy', (durationMs: number) => beBusy(durationMs));
