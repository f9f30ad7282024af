import { task } from 'heddle';

export const inc = task('inc', (value) => value + 1);
