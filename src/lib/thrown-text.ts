/** What something says that was thrown, which need not be an error, nor have a text. */
export function messageIn(thrown: unknown): string {
  return textOf(thrown, ({ message }) => message);
}

/** Likewise, with the name of an error. */
export function nameAndMessageIn(thrown: unknown): string {
  return textOf(thrown, ({ name, message }) => `${name}: ${message}`);
}

function textOf(thrown: unknown, ofError: (error: Error) => string): string {
  try {
    return String(thrown instanceof Error ? ofError(thrown) : thrown);
  } catch {
    return 'something that has no text';
  }
}
