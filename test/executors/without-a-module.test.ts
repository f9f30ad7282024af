// Programs that are no module: `node -e`, standard input, the REPL. Workers have nothing to import, so all that a task
// uses is sent.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';

const bounded = { timeout: 60_000 };

const body = `
  const factor = 3;
  globalThis.offset = 5;
  let table = new Map([['a', 1]]);
  function scale(x) { return x * factor; }
  class Scale { by(x) { return scale(x); } }
  const helper = (x) => new Scale().by(x) + table.get('a');
  const measure = task('measure', (x) => [helper(x), typeof readFileSync, ms('2s') + offset, path.join('a', 'b')]);
  const flow = new Flow('f', () => ({ measured: measure.map([1, 2]) }));
  const executor = new DistributedExecutor(() => new LocalCluster({ workers: 1 }));
  const running = flow.run({ executor, onLog: ({ level, message }) => { if (level !== 'info') console.log(message); } });
  running.then((state) => console.log(JSON.stringify(state.output.measured)), (error) => console.log(error.message));
`;
const asModule = `
  import { readFileSync } from 'node:fs';
  import * as path from 'node:path';
  import ms from 'ms';
  import { Flow, task } from 'heddle';
  import { DistributedExecutor, LocalCluster } from 'heddle/executors';
  ${body}`;
const asScript = `
  const { readFileSync } = require('node:fs');
  const path = require('node:path');
  const ms = require('ms');
  const { Flow, task } = require('heddle');
  const { DistributedExecutor, LocalCluster } = require('heddle/executors');
  ${body}`;
const measured = '[[4,"function",2005,"a/b"],[7,"function",2005,"a/b"]]\n';

const onProcesses = (program: string) => program.replace('workers: 1', '$&, processes: true');

for (const [name, { args, input }] of Object.entries({
  'node -e': { args: ['-e', asScript], input: '' },
  'node --input-type=module -e': { args: ['--input-type=module', '-e', asModule], input: '' },
  'node --input-type=module-typescript -e': { args: ['--input-type=module-typescript', '-e', asModule], input: '' },
  'standard input': { args: ['-'], input: asScript },
  'standard input as a module': { args: ['--input-type=module', '-'], input: asModule },
  'node -e, on processes': { args: ['-e', onProcesses(asScript)], input: '' },
  'standard input as a module, on processes': { args: ['--input-type', 'module', '-'], input: onProcesses(asModule) },
})) {
  test(`a task of ${name} runs in a worker with all that it uses`, bounded, async () => {
    assert.deepEqual(await run(args, input), { stdout: measured, stderr: '' });
  });
}

test('a task of the REPL runs on a thread with all that it uses', bounded, async () => {
  const child = spawn(process.execPath, ['-i'], { env: { ...process.env, NODE_TEST_CONTEXT: '' } });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const say = async (line: string) => {
    child.stdin.write(`${line}; console.log('said')\n`);
    const lines: string[] = [];
    for (let next = await answers.next(); !next.done; next = await answers.next()) {
      if (next.value.endsWith('said')) return lines;
      lines.push(next.value);
    }
    throw new Error(`the REPL ended: ${lines.join('\n')}`);
  };

  await say(`const { Flow, task } = await import('heddle')`);
  await say(`const { DistributedExecutor, LocalCluster } = await import('heddle/executors')`);
  await say(`let factor = 3; globalThis.offset = 1`);
  await say(`function twice(x) { return 2 * x }`);
  await say(`const scale = task('scale', (x) => [twice(x) * factor + offset, fs.existsSync('/')])`);
  await say(`const executor = new DistributedExecutor(() => new LocalCluster({ workers: 1 }))`);
  await say(`const flow = new Flow('f', () => ({ scaled: scale.map([1, 2]) }))`);
  await say(`const state = await flow.run({ executor, onLog: () => {} })`);
  const lines = await say(`console.log(JSON.stringify(state.output.scaled))`);
  child.stdin.end('.exit\n');
  await once(child, 'close');

  assert.match(lines.join('\n'), /\[\[7,true\],\[13,true\]\]/);
});

test('what cannot be taken along from there is refused with the reason', bounded, async () => {
  const script = asScript.replace('helper(x), ', `require('node:os'), `);

  const { stdout } = await run(['-e', script], '');
  assert.match(
    stdout,
    /^task 'measure' .*its function \(\[eval\]:\d+:\d+\) uses `require`, which belongs to the place/,
  );
});

test('without an inspector, a task made inside a function is refused as before, with the reason', bounded, async () => {
  const flags = ['--permission', '--allow-fs-read=*', '--allow-worker', '--allow-addons'];

  const refused = await run([...flags, '-e', asScript], '');
  assert.match(
    refused.stdout,
    /^task 'measure' was made outside of any file .*nobody here can tell what that is: .*--allow-inspector/,
  );
  const allowed = await run([...flags, '--allow-inspector', '-e', asScript], '');
  assert.equal(allowed.stdout, measured);
});

async function run(args: readonly string[], input: string): Promise<{ stdout: string; stderr: string }> {
  const child = spawn(process.execPath, args, { env: { ...process.env, NODE_TEST_CONTEXT: '' } });
  child.stdin.end(input);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { stdout, stderr };
}
