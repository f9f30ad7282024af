/** Whether a value is to be awaited. One that does not even let itself be asked is not. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  try {
    return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
  } catch {
    return false;
  }
}

/** Likewise, for a promise of the language itself. */
export function isPromise(value: unknown): value is Promise<unknown> {
  try {
    return value instanceof Promise;
  } catch {
    return false;
  }
}

/** What a function of the user's gave that is not waited for. A promise is no answer, though it looks like a yes. */
export function atOnce(answer: unknown): unknown {
  if (!isThenable(answer)) return answer;
  // That nobody waits for it must not end the thread, should it fail.
  answer.then(undefined, () => {});
  throw new TypeError('it gave a promise: it is not waited for, and must give its answer at once');
}
