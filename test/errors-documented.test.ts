import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

/** Codes of Node and of the operating system, and the names of environment variables. */
const notOurs = /^(ERR_|EAI_AGAIN|HEDDLE_TOKEN|HEDDLE_TLS_PASSPHRASE|SLACK_WEBHOOK_URL)/;

test('docs/errors.md lists every error code, and none that does not exist', () => {
  const sources = globSync('{src,workers}/**/*.ts').map((path) => readFileSync(path, 'utf8'));
  const thrown = new Set(sources.flatMap((source) => codes(source, /'([A-Z]+(?:_[A-Z]+)+|CYCLE)'/g)));
  const listed = new Set(codes(readFileSync('docs/errors.md', 'utf8'), /`([A-Z]+(?:_[A-Z]+)+|CYCLE)`/g));

  assert.deepEqual([...listed].toSorted(), [...thrown].filter((code) => !notOurs.test(code)).toSorted());
});

function codes(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, code]) => code!);
}
