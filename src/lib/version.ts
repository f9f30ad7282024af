import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { HeddleError } from './heddle-error.ts';

/** The version of this package. */
export const version = ownVersion();

/** Who has put us into a file of their own hears of it here, before anything else of ours is missing there. */
function ownVersion(): string {
  // Nothing where CommonJS was made of it.
  const here = import.meta.url as string | undefined;
  let cause: unknown;
  try {
    const own = readFileSync(new URL('../../package.json', here), 'utf8');
    const { name, version: found } = JSON.parse(own) as { readonly name: unknown; readonly version: string };
    if (name === 'heddle') return found;
  } catch (error) {
    cause = error;
  }
  const file = here && fileURLToPath(here);
  const message =
    `Heddle was put into a bundle${file === undefined ? '' : `, ${file}`}, where it lacks the files that it starts ` +
    `threads and workers with. Keep it outside, with esbuild --external:heddle (other bundlers have an option ` +
    `'external' too), and install it where the program runs: npm install heddle.`;
  throw new HeddleError('HEDDLE_BUNDLED', message, { file, cause });
}
