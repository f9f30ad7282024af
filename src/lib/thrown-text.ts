/** What something says that was thrown, which need not be an error. */
export function messageIn(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** Likewise, with the name of an error. */
export function nameAndMessageIn(thrown: unknown): string {
  return thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
}
