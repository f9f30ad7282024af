import { UsageError } from './heddle-error.ts';
import { didYouMean } from './nearest.ts';

/**
 * Fills a text like `'load-{parameters.day}'` from nested values. A name that is not there throws `UNKNOWN_NAME`, with
 * the
 * nearest that is. Dates come as `yyyy-MM-dd`.
 */
export function fillTemplate(template: string, values: Readonly<Record<string, unknown>>): string {
  return template.replaceAll(/\{([\w.]+)\}/g, (_, path: string) => textOf(look(template, path, values)));
}

function look(template: string, path: string, values: Readonly<Record<string, unknown>>): unknown {
  let value: unknown = values;
  for (const name of path.split('.')) {
    const names = typeof value === 'object' && value !== null ? Object.keys(value) : [];
    if (!names.includes(name)) {
      const message = `'${template}' asks for {${path}}, and there is no '${name}'.${didYouMean(name, names)}`;
      throw new UsageError('UNKNOWN_NAME', `${message} There is: ${names.join(', ') || 'nothing'}.`, {
        template,
        path,
      });
    }
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

function textOf(value: unknown): string {
  return value instanceof Date ? value.toISOString().slice(0, 10) : String(value);
}
