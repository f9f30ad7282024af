// Every case is shown by a test, which has its id in brackets in its name, or it is decided in one sentence of the files
// beside this one, which says what there is instead.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blank, filesOf, read } from '../source.ts';
import { allIds } from './all-ids.ts';
import type { Case } from './case.ts';

/** As each file has them. */
const lists = await readDecisions();
const decisions = lists.flat();
/** Where each id is tagged. */
const shownBy = readTags();

test('every case is shown by a test or decided', () => {
  const isOpen = (id: string) => !shownBy.has(id) && !decisions.some((decided) => decided.id === id);

  const open = [...allIds].flatMap(([about, ids]) => {
    const missing = ids.filter(isOpen);
    return missing.length === 0 ? [] : [`${about}: ${missing.join(' ')}`];
  });

  const message = `tag a test with its id, or decide it in test/cases/part-*.ts:\n${open.join('\n')}`;
  assert.ok(open.length === 0, message);
});

test('no case is decided that a test shows', () => {
  const both = decisions.flatMap(({ id }) => (shownBy.has(id) ? [`${id}: ${shownBy.get(id)!.join(', ')}`] : []));

  assert.deepEqual(both, []);
});

test('every id that is tagged or decided is that of a case', () => {
  const known = new Set([...allIds.values()].flat());

  const tagged = [...shownBy].flatMap(([id, paths]) => (known.has(id) ? [] : [`${id}: ${paths.join(', ')}`]));
  const decided = decisions.map(({ id }) => id).filter((id) => !known.has(id));

  assert.deepEqual([...tagged, ...decided], []);
});

test('every case is decided once, in its order, in a sentence', () => {
  const ids = lists.map((list) => list.map(({ id }) => id));

  for (const list of ids) assert.deepEqual(list, list.toSorted());
  assert.deepEqual(ids.flat(), [...new Set(ids.flat())]);
  assert.deepEqual(
    decisions.filter(({ decision }) => !/^[A-Z`].{20,}[.`]$/.test(decision)),
    [],
  );
});

test('a tag is an id in brackets, alone or with others, in a text and in no comment', () => {
  const code = [
    `test('one [P001], two [S02] [P003], three [P004 P005] and [P006, S07]', f);`,
    `// as in [P008]`,
    `const rows = [['a row [P009]', P010], [P011]];`,
    `test('seven [D007 N08]', f);`,
    `test('no [p012], [P13x], [14], [P0015] or P016', f);`,
  ];

  assert.deepEqual(tagsIn(code.join('\n')), [
    'P001',
    'S02',
    'P003',
    'P004',
    'P005',
    'P006',
    'S07',
    'P009',
    'D007',
    'N08',
  ]);
});

async function readDecisions(): Promise<Case[][]> {
  const parts = filesOf(['test/cases'], ['.ts']).filter((path) => path.startsWith('test/cases/part-'));
  const modules = await Promise.all(parts.map((path) => import(`../../${path}`)));
  return modules.map((module) => Object.values(module as Record<string, readonly Case[]>).flat());
}

function readTags(): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const path of filesOf(['test'], ['.ts']).filter((each) => !each.startsWith('test/cases/'))) {
    for (const id of tagsIn(read(path))) found.set(id, [...new Set([...(found.get(id) ?? []), path])]);
  }
  return found;
}

/** What stands in texts alone: all that goes when they are blanked, and stays when comments are. */
function tagsIn(source: string): string[] {
  const [withTexts, code] = [blank(source, false), blank(source, true)];
  const tags = withTexts.matchAll(/\[([DNPS]\d{2,3}(?:,? [DNPS]\d{2,3})*)\]/g);
  return [...tags].flatMap(({ 1: ids, index }) => (code[index] === ' ' ? ids!.split(/,? /) : []));
}
