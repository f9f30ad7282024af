import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fingerprintOf, type Reference } from '../../src/code/registry.ts';

/** The URL of a fixture. */
export function fixture(name: string): string {
  return new URL(`fixtures/${name}`, import.meta.url).href;
}

/** The line of a fixture that ends with this mark. */
export function lineOf(name: string, mark: string): number {
  const lines = readFileSync(fileURLToPath(fixture(name)), 'utf8').split('\n');
  return lines.findIndex((line) => line.endsWith(`// mark: ${mark}`)) + 1;
}

/** A reference as it arrives from where the module was imported already. */
export function referenceTo(name: string, file: string, changes: Partial<Reference> = {}): Reference {
  const path = `test/code/fixtures/${file}`;
  const module = fixture(file);
  return { name, ordinal: 0, module, path, fingerprint: fingerprintOf(module), definedAt: `${path}:1`, ...changes };
}
