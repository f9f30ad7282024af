// A whole flow file, as somebody runs it: on this thread, on threads, and on a worker that stands in an empty folder and
// gets the code sent. What it prints, results and messages, must be the same to the letter.

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Program } from '../cli/process.ts';

const root = join(import.meta.dirname, '..', '..');
const command = join(root, 'src/cli/heddle.js');
const file = join(root, 'test/fixtures/everything.ts');

test(
  'a flow file prints the same on this thread, on threads and on a worker in an empty folder',
  { timeout: 60_000 },
  async () => {
    const here = await printed(['--local']);

    assert.deepEqual(await printed(['--workers', '2']), here);
    assert.deepEqual(await printedOnEmptyWorker(), here);
    assert.deepEqual(here.slice(0, 4), [
      '[ 3, -0, NaN ]',
      '[ [ true, 150 ], [ true, 300 ] ]',
      "[ 'https://a.b/b', <Buffer 68 65 79 21> ]",
      '[ { x: 1 } ]',
    ]);
    for (const line of [
      '  result.db.pool',
      '    is a BoundPool (pg 8.23.1)',
      '  result[0]',
      '    is a Server (node:net)',
      "  input 'argument 1'.pool",
      'no answer from /x (E_HTTP, 503, HttpError) at line 59 because of TypeError: fetch failed',
    ]) {
      assert.ok(here.includes(line), `${line} is not in\n${here.join('\n')}`);
    }
    assert.match(here.at(-1)!, /^result\[0\] of task 'locate' is a Point .*without its class and so without sum/);
  },
);

async function printed(options: readonly string[]): Promise<string[]> {
  await using flow = new Program(process.execPath, [command, 'run', file, ...options], {}, root);
  assert.equal(await flow.status(), 1, flow.stderr.join('\n'));
  return flow.stdout;
}

async function printedOnEmptyWorker(): Promise<string[]> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'heddle-empty-')));
  const env = { HEDDLE_TOKEN: 'everything', HEDDLE__CODE__DIRECTORY: join(folder, 'code') };
  await using flow = new Program(process.execPath, [command, 'run', file, '--listen', '0'], env, root);
  const [, url] = /heddle worker (\S+)/.exec(await flow.line(/waiting for a worker/))!;
  await using worker = new Program(process.execPath, [command, 'worker', url!], env, folder);

  assert.equal(await flow.status(), 1, flow.stderr.join('\n'));

  await worker.line(/left ws:/);
  assert.deepEqual(readdirSync(folder), ['code']);
  rmSync(folder, { recursive: true });
  return flow.stdout;
}
