import { task } from 'heddle';

/** Next to nothing to do, so that what is measured is the way there and back. */
export const inc = task('inc', (value: number) => value + 1);
