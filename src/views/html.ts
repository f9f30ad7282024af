import { printable } from './printable.ts';

/** Text as HTML shows it, in elements and in quoted attributes alike. */
export function escapeHtml(text: string): string {
  return printable(text).replaceAll(/[&<>"'`]/g, (found) => `&#${found.codePointAt(0)!};`);
}

/** A value for a script element that holds JSON: nothing in it can end the element. */
export function embedJson(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c').replaceAll('>', '\\u003e').replaceAll('&', '\\u0026');
}
