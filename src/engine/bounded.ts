import { withoutSecrets } from './secrets.ts';

/**
 * Shortens a text for a line of the log, since a task can make one of any length. The beginning stays, which says what
 * is wrong; the end, which says where; and how much is missing between them. Secrets are masked first: a secret that is
 * cut in two would not be found.
 */
export function bounded(text: string, { first, last } = { first: 6_000, last: 2_000 }): string {
  if (text.length <= first + last) return text;
  const masked = withoutSecrets(text);
  const missing = masked.length - first - last;
  if (missing <= 0) return masked;
  const cut = `[and ${missing} more characters, which the state of the task run has]`;
  return `${masked.slice(0, first)} ${cut} ${masked.slice(masked.length - last)}`.toWellFormed();
}
