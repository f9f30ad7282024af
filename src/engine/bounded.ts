import { withoutSecrets } from './secrets.ts';

/**
 * What a line of the log has of a text that a task may have made as long as it liked: of a longer one the beginning,
 * which says what is wrong, the end, which says where, and how much is between them. Secrets are masked first, since no
 * part of one that is cut in two would be found.
 */
export function bounded(text: string, { first, last } = { first: 6_000, last: 2_000 }): string {
  if (text.length <= first + last) return text;
  const masked = withoutSecrets(text);
  const missing = masked.length - first - last;
  if (missing <= 0) return masked;
  const cut = `[and ${missing} more characters, which the state of the task run has]`;
  return `${masked.slice(0, first)} ${cut} ${masked.slice(masked.length - last)}`.toWellFormed();
}
