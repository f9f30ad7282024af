import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmdirSync, truncateSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import { z } from 'zod';
import {
  Flow,
  ifElse,
  Parameter,
  task,
  unmapped,
  type FlowRunOptions,
  type LogRecord,
  type StandardSchema,
} from 'heddle';
import { withConfig } from '../with-config.ts';
import { heddle } from '../cli/process.ts';
import { linesOf, newDiary, until } from '../fixtures/diary.ts';
import { fleeting, half, halves, squares, sum, twice } from '../fixtures/resuming.ts';

const project = fileURLToPath(new URL('../..', import.meta.url));

test('a run whose process was killed is resumed by another process', { timeout: 60_000 }, async () => {
  using diary = newDiary();
  const { path } = diary;
  {
    const args = ['run', 'test/fixtures/resuming.ts', '--flow', 'squares', '--run-id', 'killed', '--workers', '2'];
    await using first = heddle([...args, '--param', `diary=${path}`], { HEDDLE__RESULTS__DIRECTORY: dirname(path) });
    await until(path, (lines) => lines.length >= 60);
    first.child.kill('SIGKILL');
  }
  const before = linesOf(path).length;

  const state = await resume(path, squares, { flowRunId: 'killed' });

  const again = linesOf(path).slice(before);
  assert.equal(state.output, (199 * 200 * 399) / 6);
  assert.ok(state.statistics.keptTaskRuns > 0, 'nothing was kept');
  // The list that is mapped over, and the sum, are task runs too; only the sum was noted.
  assert.equal(again.length + state.statistics.keptTaskRuns, 200 + 2);
  assert.ok(before >= 60 && new Set(linesOf(path)).size === 201, 'every square was made');
});

test('half a record at the end, and whatever follows it, is cut off', async () => {
  using diary = newDiary();
  await resume(diary.path, halves, { flowRunId: 'torn' });
  const journal = journalOf(diary.path, 'torn');
  writeFileSync(`${diary.path}.mended`, '');
  truncateSync(journal, readFileSync(journal).length - 3);
  appendFileSync(journal, 'what no process wrote');

  const state = await resume(diary.path, halves, { flowRunId: 'torn' });
  const third = await resume(diary.path, halves, { flowRunId: 'torn' });

  assert.equal(state.output.total, 15);
  assert.equal(third.statistics.keptTaskRuns, third.statistics.taskRuns);
});

test('damage in the middle costs what was noted behind it, and the log says so', async () => {
  using diary = newDiary();
  await resume(diary.path, halves, { flowRunId: 'damaged' });
  const journal = journalOf(diary.path, 'damaged');
  const bytes = readFileSync(journal);
  bytes[bytes.lastIndexOf('{"type":"node"') + 20]! ^= 1;
  writeFileSync(journal, Buffer.concat([bytes, bytes]));
  writeFileSync(`${diary.path}.mended`, '');
  const said: string[] = [];

  const onLog = ({ level, message }: LogRecord) => void (level === 'warn' && said.push(message));
  const state = await resume(diary.path, halves, { flowRunId: 'damaged', onLog });

  assert.equal(state.output.total, 15);
  assert.match(
    said.join('\n'),
    /journal of this run is damaged \(.*\): what its last \d+ of \d+ bytes noted is done again/,
  );
});

test('a run whose process died while it noted the beginning begins anew', async () => {
  using diary = newDiary();
  writeFileSync(`${diary.path}.mended`, '');
  await resume(diary.path, halves, { flowRunId: 'begun' });
  const journal = journalOf(diary.path, 'begun');
  truncateSync(journal, 40);

  const state = await resume(diary.path, halves, { flowRunId: 'begun' });

  assert.deepEqual([state.output.total, state.statistics.keptTaskRuns], [15, 0]);
});

test('zeros at the end, as a machine that lost its power leaves them, cost nothing that was noted', async () => {
  using diary = newDiary();
  await resume(diary.path, halves, { flowRunId: 'zeros' });
  appendFileSync(journalOf(diary.path, 'zeros'), Buffer.alloc(4096));
  writeFileSync(`${diary.path}.mended`, '');

  const state = await resume(diary.path, halves, { flowRunId: 'zeros' });
  const third = await resume(diary.path, halves, { flowRunId: 'zeros' });

  assert.ok(state.statistics.keptTaskRuns > 0, 'nothing was kept');
  assert.equal(third.statistics.keptTaskRuns, third.statistics.taskRuns);
});

test('a journal that could not be opened does not keep its run for this process', async () => {
  using diary = newDiary();
  writeFileSync(`${diary.path}.mended`, '');
  const journal = journalOf(diary.path, 'blocked');
  mkdirSync(journal, { recursive: true });

  await assert.rejects(resume(diary.path, halves, { flowRunId: 'blocked' }), { code: 'JOURNAL_UNWRITABLE' });
  rmdirSync(journal);
  const state = await resume(diary.path, halves, { flowRunId: 'blocked' });

  assert.equal(state.output.total, 15);
});

test('a run that finds the disk full says so, and leaves nothing there', { timeout: 60_000 }, async () => {
  using diary = newDiary();
  const folder = dirname(diary.path);
  const script =
    'mount -t tmpfs -o size=8k none "$1"; mkdir "$1/runs"; cat /dev/zero > "$1/zeros"; ' +
    'HEDDLE__RESULTS__DIRECTORY="$1" "$2" src/cli/heddle.js run test/fixtures/resuming.ts --flow squares ' +
    '--run-id full --local --param diary=x; echo "status $?"; ls -A "$1/runs"';
  const args = ['--map-root-user', '--mount', 'sh', '-c', script, 'sh', folder, process.execPath];

  const { stdout, stderr } = await promisify(execFile)('unshare', args, { cwd: project });

  assert.equal(stdout, 'status 1\n');
  assert.match(stderr, /'full' cannot be made resumable.* ENOSPC.* Another folder can be set as results.directory/);
});

test('a file that is no journal is left as it is, and the message says where it is', async () => {
  using diary = newDiary();
  await resume(diary.path, halves, { flowRunId: 'foreign' });
  const journal = journalOf(diary.path, 'foreign');
  writeFileSync(journal, 'dear diary, today nothing happened');

  const resumed = resume(diary.path, halves, { flowRunId: 'foreign' });

  await assert.rejects(resumed, {
    code: 'JOURNAL_UNREADABLE',
    message: /foreign\.journal is no journal that this ver/,
  });
  assert.equal(readFileSync(journal, 'utf8'), 'dear diary, today nothing happened');
});

test('a journal of another version is left as it is', async () => {
  using diary = newDiary();
  await resume(diary.path, halves, { flowRunId: 'older' });
  const journal = journalOf(diary.path, 'older');
  const bytes = readFileSync(journal);
  bytes[bytes.indexOf('"format":') + '"format":'.length] = '0'.charCodeAt(0);
  const firstEnd = 12 + bytes.readUInt32LE(0) + bytes.readUInt32LE(4);
  bytes.writeUInt32LE(crc32(bytes.subarray(12, firstEnd)), 8);
  writeFileSync(journal, bytes);

  const resumed = resume(diary.path, halves, { flowRunId: 'older' });

  await assert.rejects(resumed, { code: 'JOURNAL_UNREADABLE', message: /older\.journal is no journal that this ver/ });
  assert.deepEqual(readFileSync(journal), bytes);
});

test('a run is carried out once at a time', async () => {
  using diary = newDiary();
  const first = resume(diary.path, halves, { flowRunId: 'once' });
  const second = resume(diary.path, halves, { flowRunId: 'once' });

  await assert.rejects(second, { code: 'RUN_IS_ACTIVE', message: /'once' is being carried out by this very process/ });
  await first;
});

test('a run that is going on in another process is left alone', async () => {
  using diary = newDiary();
  await resume(diary.path, halves, { flowRunId: 'elsewhere' });
  // The process that started this one lives for as long as this test does.
  const holder = { pid: process.ppid, host: hostname() };
  writeFileSync(`${journalOf(diary.path, 'elsewhere')}.lock`, JSON.stringify(holder));

  const resumed = resume(diary.path, halves, { flowRunId: 'elsewhere' });

  await assert.rejects(resumed, { code: 'RUN_IS_ACTIVE', pid: process.ppid });
});

test('a run cannot be resumed with other parameters, nor by another flow', async () => {
  using diary = newDiary();
  await resume(diary.path, halves, { flowRunId: 'mine' });

  const message =
    /'mine' was begun with parameter 'at' as [\d.]+, and would be resumed with 7\. Leave the parameters out/;
  const parameters = { diary: diary.path, at: 7 };
  await assert.rejects(resume(diary.path, halves, { flowRunId: 'mine', parameters }), {
    code: 'RUN_BEGAN_DIFFERENTLY',
    message,
  });
  await assert.rejects(resume(diary.path, squares, { flowRunId: 'mine' }), {
    code: 'RUN_BEGAN_DIFFERENTLY',
    message: /is one of flow 'halves', not of 'squares'/,
  });
});

test('a run is resumed with the same parameters, whatever they are and however they were made', async () => {
  using diary = newDiary();
  const { path } = diary;
  const kind = task('kind', (given: unknown) => typeof given);
  const flow = new Flow('given', () => kind(new Parameter<unknown>('given')));
  const made = (length: number) => Array.from({ length }, (_, i) => i + 1);
  const pushed: unknown[] = [];
  pushed.push(1.5, 2, 3);
  class Point {
    readonly at = [1, 2];
  }
  const pairs: [unknown, unknown][] = [
    [[1, 2, 3], made(3)],
    [[1.5, 2, 3], pushed],
    [
      ['a', 'é'],
      ['a', 'é'],
    ],
    [
      [{ a: 1 }, [true]],
      [{ a: 1 }, [true]],
    ],
    [
      { a: [1], b: -0 },
      { b: -0, a: made(1) },
    ],
    [new Map([['a', new Set([1])]]), new Map([['a', new Set([1])]])],
    [new Point(), new Point()],
  ];
  for (const [position, [given, again]] of pairs.entries()) {
    const flowRunId = `given-${position}`;
    await resume(path, flow, { flowRunId, parameters: { given } });

    const state = await resume(path, flow, { flowRunId, parameters: { given: again } });

    assert.equal(state.statistics.keptTaskRuns, 1, flowRunId);
    const other = resume(path, flow, { flowRunId, parameters: { given: [given] } });
    await assert.rejects(other, { code: 'RUN_BEGAN_DIFFERENTLY' });
  }
});

test('a parameter that went through its schema does not go through it again', async () => {
  using diary = newDiary();
  const { path } = diary;
  const schema = z.string().transform((text) => text.length) as unknown as StandardSchema<number>;
  const flow = new Flow('transformed', () => twice(new Parameter('length', { schema }), path));
  await resume(path, flow, { flowRunId: 'transformed', parameters: { length: 'four' } });

  const state = await resume(path, flow, { flowRunId: 'transformed', parameters: {} });

  assert.equal(state.output, 8);
  assert.equal(state.statistics.keptTaskRuns, 1);
});

test('a parameter that the flow has got since is kept from then on', async () => {
  using diary = newDiary();
  const { path } = diary;
  const flowRunId = 'grown';
  await resume(path, new Flow('grown', () => twice(1, path)), { flowRunId, parameters: {} });
  const grown = () => new Flow('grown', () => twice(new Parameter<number>('factor'), path));

  const state = await resume(path, grown(), { flowRunId, parameters: { factor: 5 } });

  assert.equal(state.output, 10);
  const other = resume(path, grown(), { flowRunId, parameters: { factor: 6 } });
  await assert.rejects(other, { code: 'RUN_BEGAN_DIFFERENTLY', parameter: 'factor' });
});

test('a lock that was left behind is taken over once, and is gone when the run is over', async () => {
  using diary = newDiary();
  const { path } = diary;
  await resume(path, halves, { flowRunId: 'stale' });
  const lock = `${journalOf(path, 'stale')}.lock`;
  // No process has this number.
  writeFileSync(lock, JSON.stringify({ pid: 2 ** 22 + 1, host: hostname() }));

  const [first, second] = await Promise.allSettled([1, 2].map(() => resume(path, halves, { flowRunId: 'stale' })));

  assert.deepEqual(new Set([first?.status, second?.status]), new Set(['fulfilled', 'rejected']));
  assert.equal(existsSync(lock), false);
});

test('what is bound to a task otherwise than before is run again, with all that depends on it', async () => {
  using diary = newDiary();
  const { path } = diary;
  const flowOf = (last: number) =>
    new Flow('lists', () => ({ made: sum(twice.map([1, 2, last], unmapped(path)), path), other: twice(50, path) }));
  await resume(path, flowOf(3), { flowRunId: 'lists', parameters: {} });
  const before = linesOf(path).length;

  const state = await resume(path, flowOf(4), { flowRunId: 'lists', parameters: {} });

  assert.equal(state.output.made, 14);
  assert.deepEqual(linesOf(path).slice(before).toSorted(), ['sum', 'twice 1', 'twice 2', 'twice 4']);
});

test('a task with checkpoint: false is run again, and nothing of it is in the journal', async () => {
  using diary = newDiary();
  const { path } = diary;
  const flow = new Flow('fleeting', () => ({ gone: fleeting(path), kept: twice(4, path) }));
  await resume(path, flow, { flowRunId: 'fleeting', parameters: {} });
  const before = linesOf(path).length;

  const state = await resume(path, flow, { flowRunId: 'fleeting', parameters: {} });

  assert.deepEqual({ ...state.output }, { gone: 'gone with its run', kept: 8 });
  assert.deepEqual(linesOf(path).slice(before), ['fleeting']);
  assert.equal(readFileSync(journalOf(path, 'fleeting')).includes('gone with its run'), false);
});

test('what is done in a branch that is taken again need not be done again', async () => {
  using diary = newDiary();
  const { path } = diary;
  const flow = new Flow('branching', () =>
    ifElse(
      twice(1, path),
      () => ({ kept: twice(4, path), broken: half(3, path) }),
      () => twice(5, path),
    ),
  );
  const first = await resume(path, flow, { flowRunId: 'branching', parameters: {} });
  const before = linesOf(path);
  writeFileSync(`${path}.mended`, '');

  const second = await resume(path, flow, { flowRunId: 'branching', parameters: {} });

  assert.deepEqual([first.type, second.type], ['Failed', 'Success']);
  assert.deepEqual(before.toSorted(), ['half 3', 'twice 1', 'twice 4']);
  assert.deepEqual(linesOf(path).slice(before.length), ['half 3']);
});

test('with checkpointing in the configuration every run can be resumed by its id', async () => {
  using diary = newDiary();
  const { path } = diary;
  const overrides = { results: { directory: dirname(path) }, flows: { checkpointing: true } };
  const parameters = { diary: path };
  const first = await withConfig(overrides, () => halves.run({ parameters, onLog: () => {} }));
  writeFileSync(`${path}.mended`, '');

  const state = await resume(path, halves, { flowRunId: first.flowRunId });

  assert.equal(first.type, 'Failed');
  assert.equal(state.output.total, 15);
  assert.ok(state.statistics.keptTaskRuns > 0);
});

test('an id that nobody can read in a log is refused at once', async () => {
  for (const flowRunId of ['', ' ', '\n', 'a\0']) {
    await assert.rejects(new Flow('x', () => {}).run({ flowRunId }), { code: 'INVALID_OPTION' });
  }
});

test('an id that cannot be the name of a file is refused at once', async () => {
  const tooLong = new Flow('x', () => {}).run({ flowRunId: 'ü'.repeat(60) });

  await assert.rejects(tooLong, { code: 'INVALID_OPTION', message: /'flowRunId' .* a text of 1 to 100 characters/ });
});

test('what is done again because the flow gives it something else is told', async () => {
  using diary = newDiary();
  const said: string[] = [];
  const onLog = ({ level, message }: LogRecord) => void (level === 'warn' && said.push(message));
  const over = (numbers: number[], notes: string) => {
    const flow = new Flow('told', () => twice.map(numbers, unmapped(notes)));
    return resume(diary.path, flow, { flowRunId: 'told', parameters: {}, onLog });
  };

  await over([1, 2, 3], diary.path);
  await over([1, 2, 3, 4], diary.path);
  await over([1, 2, 3, 4], `${diary.path}.other`);
  await over([], diary.path);
  await over([1, 2, 3, 4], `${diary.path}.other`);
  const last = await over([1, 2, 3, 4], `${diary.path}.other`);

  assert.equal(last.statistics.keptTaskRuns, 4);
  assert.deepEqual(said, [
    "3 runs of 'twice' that had ended take place again: it is mapped over 4 elements, and was over 3",
    "4 runs of 'twice' that had ended take place again: what the flow gives it is not what it was " +
      '(a value that the builder makes anew each time, like a date, or a task under another name?)',
    "4 runs of 'twice' that had ended take place again: it is mapped over 0 elements, and was over 4",
  ]);
});

function journalOf(diary: string, flowRunId: string): string {
  return join(dirname(diary), 'runs', `${flowRunId}.journal`);
}

/** Runs a flow under an id that is kept beside the diary. */
async function resume<Plan>(diary: string, flow: Flow<Plan>, options: FlowRunOptions) {
  const parameters = { diary };
  return await withConfig({ results: { directory: dirname(diary) } }, () =>
    flow.run({ parameters, onLog: () => {}, ...options }),
  );
}
