// The examples of docs/handlers.md, run as they stand there.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Program } from './cli/process.ts';
import { startWebhook } from './fixtures/webhook.ts';

const text = readFileSync('docs/handlers.md', 'utf8');
const [names, handlers, notifier, ...others] = [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, block]) => block!);
const folder = mkdtempSync('test/.handlers-');
after(() => rmSync(folder, { recursive: true, force: true }));

test('the example of names calls its runs what it says', async () => {
  await using program = example(names!);

  await program.line(/nightly of monday.* load\[0\] 'load a\.csv of monday'.* \| reading/);
  await program.line(/nightly\/2 files of monday.* total '2 files'.* \| finished in/);
  assert.equal(await program.status(), 0);
  assert.deepEqual(program.stdout, ['2 files of monday']);
});

test('the example of state handlers puts a failure in the place of a success', async () => {
  await using program = example(handlers!);

  await program.line(/count\[1\] went from Running to Success/);
  await program.line(/call somebody: there were no rows/);
  assert.equal(await program.status(), 0);
  assert.deepEqual(program.stdout, ["[ 'Success', 'Failed' ]"]);
});

test('the example of a notifier posts failures, and how the flow ended', async () => {
  await using hook = await startWebhook();
  await using program = example(notifier!, { SLACK_WEBHOOK_URL: hook.url });

  assert.equal(await program.status(), 0);
  assert.deepEqual(
    hook.posts.map((post) => post.text),
    ['divide[1] of flow nightly: Failed', 'flow nightly: Failed'],
  );
});

test('there is no example that is not run here', () => {
  assert.deepEqual(others, []);
});

function example(code: string, env: Readonly<Record<string, string>> = {}): Program {
  const file = join(folder, `example-${code.length}.ts`);
  writeFileSync(file, code);
  return new Program(process.execPath, [file], env);
}
