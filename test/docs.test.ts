// The pages of the documentation are programs: what their blocks of code say is what happens. Where a page does not say
// that it is one whole program, a block that begins with an import begins a program of its own.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { Program } from './cli/process.ts';

const folder = mkdtempSync('test/.docs-');
after(() => rmSync(folder, { recursive: true, force: true }));

const pages = readdirSync('docs').filter((name) => name.endsWith('.md'));
const programs = pages.flatMap((page) => programsOf(page));

for (const { page, number, code } of programs) {
  test(`program ${number} of docs/${page} does what it says`, { timeout: 60_000 }, async () => {
    const file = join(folder, `${page}-${number}.ts`);
    writeFileSync(file, code);
    const env = { HEDDLE__RESULTS__DIRECTORY: join(folder, 'results'), TMPDIR: resolve(folder) };

    await using program = new Program(process.execPath, [file], env);

    assert.equal(await program.status(), 0, program.stderr.join('\n'));
  });
}

test('the compiler accepts what the pages say', { timeout: 60_000 }, async () => {
  const all = join(folder, 'typed');
  mkdirSync(all);
  for (const { page, number, code } of programs) writeFileSync(join(all, `${page}-${number}.ts`), code);
  const compilerOptions = { noUnusedLocals: false, noUnusedParameters: false, noImplicitReturns: false };
  writeFileSync(
    join(all, 'tsconfig.json'),
    JSON.stringify({ extends: '../../../tsconfig.json', compilerOptions, include: ['*.ts'] }),
  );

  await using compiler = new Program('node_modules/.bin/tsc', ['-p', all]);

  assert.equal(await compiler.status(), 0, compiler.stdout.join('\n'));
});

test('a link from one page to another, or from the README, leads somewhere', () => {
  const dead = ['../README.md', ...pages].flatMap((page) => {
    const links = textOf(page).matchAll(/\]\((?:docs\/)?([\w-]+\.md)?(#[\w-]+)?\)/g);
    return [...links].flatMap(([link, target = page, place]) => (leads(target, place) ? [] : [`${page}: ${link}`]));
  });

  assert.deepEqual(dead, []);
});

test('a line of a page has 120 columns at most, but for rows of tables', () => {
  const long = ['../README.md', ...pages].flatMap((page) => {
    const lines = textOf(page).split('\n');
    return lines.flatMap((line, index) => (line.length > 120 && line[0] !== '|' ? [`${page}:${index + 1}`] : []));
  });

  assert.deepEqual(long, []);
});

function programsOf(page: string) {
  const codes: string[] = [];
  const isWhole = /[Tt]his\s+whole\s+page\s+is\s+one\s+program/.test(textOf(page));
  for (const [, code] of textOf(page).matchAll(/```ts\n([\s\S]*?)```/g)) {
    if ((!isWhole && /^import /m.test(code!)) || codes.length === 0) codes.push(code!);
    else codes[codes.length - 1] += `\n${code}`;
  }
  return codes.map((code, index) => ({ page, number: index + 1, code }));
}

/** Whether there is such a page, with such a heading. */
function leads(page: string, place: string | undefined): boolean {
  if (!pages.includes(page)) return false;
  if (place === undefined) return true;
  const headings = [...textOf(page).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading!);
  const places = headings.map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  );
  return places.includes(place.slice(1));
}

function textOf(page: string): string {
  return readFileSync(join('docs', page), 'utf8');
}
