import { setTimeout as delay } from 'node:timers/promises';
import { task } from 'heddle';

export const waitMs = 100;

export async function incLater(value: number): Promise<number> {
  await delay(waitMs);
  return value + 1;
}

export const incTogether = task('inc-together', { concurrency: 100 }, incLater);
