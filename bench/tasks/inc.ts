import { context, task } from 'heddle';

/** Next to nothing to do, so that what is measured is the way there and back. */
export const inc = task('inc', (value: number) => value + 1);

/** Every hundredth run fails the first time. */
export const incRetried = task('inc-retried', { retries: 1, retryDelay: 0 }, (value: number) => {
  if (value % 100 === 0 && context.taskRunCount === 1) throw new Error(`not yet for ${value}`);
  return value + 1;
});

export const incWatched = task('inc-watched', { stateHandlers: [({ to }) => to] }, (value: number) => value + 1);

export const incLogged = task('inc-logged', (value: number) => {
  context.logger.info(`adding one to ${value}`);
  return value + 1;
});

export const sum = task('sum', (values: readonly number[]) => values.reduce((total, value) => total + value, 0));

/** Milliseconds, by the clock that all processes of a machine have in common. */
export function clockMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Tells when it ran. */
export const now = task('now', (value: number) => clockMs() + 0 * value);

/** Tells nothing, but that the first run takes place. */
export const nothing = task('nothing', (value: number) => {
  if (value === 0) context.logger.info('running');
});
