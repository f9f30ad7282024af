import { task, transfer } from 'heddle';

export const giveBack = task('give-back', (bytes: Uint8Array) => transfer(bytes));
