// What `heddle run` says of a file that Node cannot load: what Node says, and then what to do.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { heddle } from './process.ts';

const folder = mkdtempSync(join(tmpdir(), 'heddle-advice-'));
after(() => rmSync(folder, { recursive: true }));
write('package.json', '{ "type": "module" }');
write('rows.ts', 'export interface Row { id: number }');
write('tasks/index.ts', 'export const one = 1;');
write('node_modules/acme/package.json', '{ "type": "module", "exports": "./index.ts" }');
write('node_modules/acme/index.ts', 'export const one: number = 1;');
symlinkSync(process.cwd(), join(folder, 'node_modules/heddle'));

const loader = `npm install tsx, and then NODE_OPTIONS='--import tsx' npx heddle run`;

for (const [mistake, { text, node, advice, file = 'flow.ts' }] of Object.entries({
  'an enum': {
    text: 'enum Kind { A }',
    node: /strip-only mode/,
    advice: `Node only strips types.*${loader} .*flow\\.ts`,
  },
  JSX: {
    file: 'page.tsx',
    text: '',
    node: /file extension ".tsx"/,
    advice: `Node only strips types.*${loader} .*page\\.tsx`,
  },
  'types in a package': {
    text: `import 'acme'`,
    node: /under node_modules/,
    advice: `Node only strips types.*${loader}`,
  },
  'an import without an ending': {
    text: `import './rows'`,
    node: /Cannot find module/,
    advice: `Node wants the whole name .*rows\\.ts, not .*rows\\..*${loader}`,
  },
  'an import of a folder': {
    text: `import './tasks'`,
    node: /directory import/i,
    advice: `Node wants the whole name .*tasks/index\\.ts, not .*tasks\\.`,
  },
  'an import by the ending that tsc makes': {
    text: `import './rows.js'`,
    node: /Cannot find module/,
    advice: `Node wants the whole name .*rows\\.ts, not .*rows\\.js\\.`,
  },
  'an import of a type': {
    text: `import { Row } from './rows.ts'`,
    node: /named 'Row'/,
    advice: `If 'Row' is a type, write: import type { Row } from './rows.ts'`,
  },
  'an import of a type of ours': {
    text: `import { Flow, LogRecord } from 'heddle'`,
    node: /named 'LogRecord'/,
    advice: `If 'LogRecord' is a type, write: import type { LogRecord } from 'heddle'`,
  },
  'an import from the wrong entry': {
    text: `import { Flow, LocalCluster } from 'heddle'`,
    node: /named 'LocalCluster'/,
    advice: `Write: import { LocalCluster } from 'heddle/executors'`,
  },
  'an import from the entry without schedules': {
    text: `import { CronClock } from 'heddle'`,
    node: /named 'CronClock'/,
    advice: `Write: import { CronClock } from 'heddle/schedules'`,
  },
  'an import from an entry beside the main one': {
    text: `import { LocalCluster, task } from 'heddle/executors'`,
    node: /named 'task'/,
    advice: `Write: import { task } from 'heddle'`,
  },
  'an import of ours that is misspelt': {
    text: `import { DistributedExcutor } from 'heddle/executors'`,
    node: /named 'DistributedExcutor'/,
    advice:
      `'heddle/executors' has no 'DistributedExcutor'. ` +
      `Did you mean: import { DistributedExecutor } from 'heddle/executors'\\? If`,
  },
  'an import of ours that is misspelt, from another entry': {
    text: `import { LocalClustr } from 'heddle'`,
    node: /named 'LocalClustr'/,
    advice: `'heddle' has no 'LocalClustr'. Did you mean: import { LocalCluster } from 'heddle/executors'\\? If`,
  },
  'an import of a type that is called as something of ours is': {
    text: `import { Task } from './rows.ts'`,
    node: /named 'Task'/,
    advice: `If 'Task' is a type, write: import type { Task } from './rows.ts'`,
  },
  'an import of a default': {
    text: `import heddle from 'heddle'`,
    node: /named 'default'/,
    advice: `'heddle' has no default export. Write: import { Flow, task } from 'heddle'`,
  },
})) {
  test(`${mistake} is told with what to do`, async () => {
    await using program = heddle(['run', write(file, text)]);

    assert.equal(await program.status(), 1);
    const said = program.stderr.join('\n');
    assert.match(said, node);
    assert.match(said, new RegExp(`^heddle: ${advice}`, 'm'));
  });
}

test('of what is missing altogether, or has another reason, nothing is added', async () => {
  for (const text of [`import './lines'`, `import 'no-such-package'`, `throw new Error('no')`]) {
    await using program = heddle(['run', write('flow.ts', text)]);

    assert.equal(await program.status(), 1);
    assert.doesNotMatch(program.stderr.join('\n'), /^heddle: /m);
  }
});

function write(file: string, text: string): string {
  const path = join(folder, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}
