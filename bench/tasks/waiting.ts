import { setTimeout as delay } from 'node:timers/promises';
import { context, task } from 'heddle';

export const waitMs = 100;

export async function incLater(value: number): Promise<number> {
  await delay(waitMs);
  return value + 1;
}

export const incTogether = task('inc-together', { concurrency: 100 }, incLater);

export const incTriedAgain = task('inc-tried-again', { concurrency: 100, retries: 1 }, async (value: number) => {
  const next = await incLater(value);
  if (value % 10 === 0 && context.taskRunCount === 1) throw new Error('busy');
  return next;
});
