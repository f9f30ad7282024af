import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import {
  inspectSerializable,
  isSerializable,
  type SerializationReport,
} from '../../src/engine/inspect-serializable.ts';
import { ifElse } from '../../src/index.ts';
import { render } from '../fixtures/fails-in-workers.ts';
import { heldFor } from '../fixtures/held.ts';
import { neverLoaded } from '../fixtures/exits-in-workers.ts';
import { madeInside, openedInside } from '../fixtures/made-inside.ts';
import { flaky, read, useFlaky } from '../fixtures/resources.ts';
import { unreached } from '../fixtures/never-loads-in-workers.ts';
import { tally } from '../fixtures/stateful.ts';
import { inc, sum } from '../fixtures/tasks.ts';
import type { Task } from '../../src/index.ts';
import { LocalCluster } from '../../src/executors/local-cluster.ts';
import { LocalExecutor } from '../../src/executors/local-executor.ts';
import { unmapped } from '../../src/flow/node.ts';
import { Flow, Parameter, task } from './house.ts';

const bounded = { timeout: 60_000 };
const folder = mkdtempSync('test/.inspect-');
after(() => rmSync(folder, { recursive: true, force: true }));

class Money {
  readonly cents: number;

  constructor(cents: number) {
    this.cents = cents;
  }

  format(): string {
    return `${this.cents / 100} €`;
  }
}

test('a value of plain data can be sent, and has a size', async () => {
  const report = await inspectSerializable({ rows: [1, 2, 3] });

  assert.equal(report.isSerializable, true);
  assert.deepEqual([report.problems, report.changes], [[], []]);
  assert.ok(report.bytes > 10 && report.bytes < 100);
  assert.equal(String(report), `the value can be sent to workers (${report.bytes} bytes of values).`);
  assert.equal(await isSerializable({ rows: [1, 2, 3] }), true);
});

test('a value that cannot be sent is told with its path, why, and what to do [S04]', async () => {
  const value = { rows: [{ owner: Promise.resolve('ann') }] };

  const report = await inspectSerializable(value);

  assert.equal(report.isSerializable, false);
  assert.equal(report.bytes, 0);
  assert.deepEqual(report.problems, [
    {
      path: 'value.rows[0].owner',
      what: 'is a Promise',
      why: 'a Promise is a wait, not a value',
      remedies: ['await it before you return or pass it on', 'for several: await Promise.all(promises)'],
      kind: 'promise',
    },
  ]);
  assert.equal(
    String(report),
    [
      'the value cannot be sent to workers, for one reason:',
      '',
      '  value.rows[0].owner',
      '    is a Promise',
      '    Why: a Promise is a wait, not a value.',
      '    Fix:',
      '      - await it before you return or pass it on',
      '      - for several: await Promise.all(promises)',
    ].join('\n'),
  );
  assert.equal(inspect(report), String(report));
  assert.equal(await isSerializable(value), false);
});

test('what would arrive changed is no problem, and is told', async () => {
  const report = await inspectSerializable([new Money(5)]);

  assert.equal(report.isSerializable, true);
  assert.deepEqual(
    report.changes.map(({ path, kind }) => [path, kind]),
    [['value[0]', 'class']],
  );
  assert.match(
    String(report),
    /can be sent to workers .*\n\nWhat would arrive changed:\n\n {2}value\[0\]\n {4}is a Money/,
  );
});

test('the constants, lists, templates and defaults of a flow are looked through', async () => {
  const inside = anyTask();

  const report = await inspectSerializable(
    new Flow('f', () => {
      const day = new Parameter('day', { default: () => Promise.resolve('monday') });
      const rows = new Parameter('rows', { default: [1, 2] });
      new Parameter('required');
      return [
        inside.any({ log: String }),
        inside.any.map([1, Symbol('s')]),
        inside.any({ day, rows, wait: setImmediate }),
      ];
    }),
  );

  assert.deepEqual(
    pathsOf(report).filter(([, kind]) => kind !== 'TASK_NOT_ADDRESSABLE'),
    [
      ["default of parameter 'day'", 'promise'],
      ["argument 1 of task 'any'.log", 'function'],
      ["argument 1 of task 'any-2'[1]", 'symbol'],
      ["argument 1 of task 'any-3'.wait", 'function'],
    ],
  );
  assert.ok(report.bytes > 0);
});

test('a default that throws is told', async () => {
  const flow = new Flow('f', () => {
    return new Parameter('x', {
      default: () => {
        throw new RangeError('no date');
      },
    });
  });

  const { problems } = await inspectSerializable(flow);

  assert.deepEqual(
    problems.map(({ path, what }) => [path, what]),
    [["default of parameter 'x'", 'threw RangeError: no date']],
  );
});

test('the tasks of a flow are found by a fresh process', bounded, async () => {
  const report = await inspectSerializable(new Flow('f', () => sum(inc.map([1, 2, 3]))));

  assert.deepEqual(report.problems, []);
  assert.equal(String(report), `flow 'f' can be sent to workers (${report.bytes} bytes of values).`);
});

test('variables that a task keeps something in are told, and do not keep it from being sent', bounded, async () => {
  const report = await inspectSerializable(new Flow('f', () => [tally(1), tally(2), inc(3)]));

  assert.equal(report.isSerializable, true);
  assert.deepEqual(
    report.kept.map(({ path, kind }) => [path, kind]),
    [["task 'tally'", 'TASK_WRITES_VARIABLE']],
  );
  assert.match(
    String(report),
    /What each thread would keep for itself:\n\n {2}task 'tally'\n {4}changes 'count' \(test\/fixtures\/stateful\.ts:/,
  );
  assert.deepEqual((await inspectSerializable(tally)).kept, report.kept);
});

test('each task that a worker would not find is told, whatever the others do [P300] [S06]', bounded, async () => {
  const inside = madeInside(Promise.resolve(1));

  const report = await inspectSerializable(
    new Flow('f', () => [inc(1), inside(2), render(3), neverLoaded(4), unreached(5)]),
  );

  assert.deepEqual(pathsOf(report), [
    ["task 'render'", 'TASK_MODULE_FAILED'],
    ["task 'never-loaded'", 'TASK_MODULE_FAILED'],
    ["task 'unreached'", 'TASK_MODULE_FAILED'],
    ["variable offset of task 'made-inside'", 'promise'],
  ]);
  assert.deepEqual(whatsOf(report), [
    'is made by test/fixtures/fails-in-workers.ts, which cannot be imported: RangeError: there is no graphics card here',
    'is made by test/fixtures/exits-in-workers.ts, which cannot be imported: it exits with status 5',
    'is made by test/fixtures/never-loads-in-workers.ts, which cannot be imported: it waits for what never comes',
    'is a Promise',
  ]);
  assert.match(String(report), /^flow 'f' cannot be sent to workers, for these reasons:\n\n {2}task 'render'\n/);
});

test('parts of Heddle are refused wherever they are in a value, each with what to do with it', async () => {
  const parts: Record<string, unknown> = { executor: new LocalExecutor(), cluster: new LocalCluster() };
  parts['flow'] = new Flow('f', () => {
    Object.assign(parts, { mark: unmapped([1]), task: inc, of: new Map([[1, inc(1)]]), parameter: new Parameter('p') });
    parts['resource'] = flaky('a', 1);
  });

  const reports = await Promise.all(Object.values(parts).map((part) => inspectSerializable({ part })));

  const given = 'give it to a task where the flow is made';
  assert.deepEqual(
    Object.fromEntries(
      Object.keys(parts).map((name, at) => [name, reports[at]!.problems.map(({ kind, remedies }) => [kind, remedies])]),
    ),
    {
      executor: [['own', ['give it to a flow: new Flow(name, { executor }, …), or flow.run({ executor })']]],
      cluster: [['own', ['give it to an executor: new DistributedExecutor(() => cluster)']]],
      mark: [['own', [`${given}, as an argument of its own`]]],
      task: [['own', ['call it where the flow is made; or import it in the task that uses it, and call its run()']]],
      of: [['own', [`${given}, as an argument or in a plain object or list: the task gets its value`]]],
      parameter: [['own', [`${given}, as an argument or in a plain object or list: the task gets its value`]]],
      resource: [['own', [`${given}, as an argument of its own`]]],
      flow: [
        [
          'own',
          ["start it in a task: import it there, and call its run() (docs/tasks.md, 'A flow that a task starts')"],
        ],
      ],
    },
  );
});

test('who asks about a function is told how to make a task of it', async () => {
  function weave(thread: string): string {
    return thread;
  }
  const [fault] = (await inspectSerializable(weave)).problems;

  assert.equal(fault?.remedies[0], "if it is to run there, make it a task: task('weave', weave)");
  const [inside] = (await inspectSerializable({ weave })).problems;
  assert.equal(inside?.remedies[0], 'send the data that the function needs');
});

test('the resources of a flow are looked for as well', bounded, async () => {
  const inside = openedInside('b');
  const flow = new Flow('opens', () => void [useFlaky(1, flaky('a', 1)), read(inside())]);

  const report = await inspectSerializable(flow);

  assert.deepEqual(pathsOf(report), [["resource 'opened-inside'", 'TASK_NOT_ADDRESSABLE']]);
});

test('a task can be looked for by itself', bounded, async () => {
  assert.equal(await isSerializable(inc), true);
  assert.match(String(await inspectSerializable(neverLoaded)), /^task 'never-loaded' cannot be sent/);
});

test('the tasks that come with Heddle are found', bounded, async () => {
  const flow = new Flow('f', () => ifElse(inc(1), () => inc(2)));

  assert.deepEqual(whatsOf(await inspectSerializable(flow)), []);
});

test('a file that was changed since it was imported is told, and one that is gone', bounded, async () => {
  const changed = await moduleOf('changed', `export const made = task('changed', () => 1);`);
  const gone = await moduleOf('gone', `export const made = task('gone', () => 1);`);
  writeFileSync(changed.path, readFileSync(changed.path, 'utf8').replace('=> 1', '=> 2'));
  rmSync(gone.path);

  const report = await inspectSerializable(new Flow('f', () => [changed.made(), gone.made()]));

  assert.deepEqual(whatsOf(report), [
    `is made by ${changed.path}, which was changed since this process read it`,
    `is made by ${gone.path}, which is not there any more`,
  ]);
});

test('a task that is only made under some condition is told', bounded, async () => {
  const { made } = await moduleOf(
    'conditional',
    `import { isMainThread } from 'node:worker_threads'; export const made = isMainThread && task('sometimes', () => 1);`,
  );

  const [problem] = (await inspectSerializable(made)).problems;

  assert.equal(problem!.kind, 'TASK_NOT_FOUND');
  assert.match(
    problem!.what,
    /^was not made when its module was imported again \(it was made at .*conditional\.ts:2\)$/,
  );
});

test(
  'a module that never stops loading ends the search in time, and what it started ends with it',
  bounded,
  async () => {
    const diary = join(folder, 'started');
    const { made } = await moduleOf(
      'endless',
      `import { isMainThread } from 'node:worker_threads';
     import { spawn } from 'node:child_process';
     import { writeFileSync } from 'node:fs';
     if (!isMainThread) {
       const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
       writeFileSync(${JSON.stringify(diary)}, String(child.pid));
       for (;;);
     }
     export const made = task('endless', () => 1);`,
    );

    const report = await inspectSerializable(new Flow('f', () => [made(), inc(1)]), { timeout: '10s' });

    assert.deepEqual(pathsOf(report), [["task 'endless'", 'TASK_NOT_LOADED']]);
    assert.match(whatsOf(report)[0]!, /endless\.ts, which could not be imported: it was still loading after 10\.0 s$/);
    assert.ok(existsSync(diary));
    const started = Number(readFileSync(diary, 'utf8'));
    while (!isGone(started)) await new Promise((resolve) => setImmediate(resolve));
  },
);

test('a flow that is inspected while a worker imports its file is not', async () => {
  const flow = new Flow('f', () => inc(1));

  assert.equal(await heldFor(() => isSerializable(flow)), 'call of inspectSerializable()');
  assert.equal(await heldFor(() => isSerializable(1)), undefined);
});

test('wrong options are refused', async () => {
  await assert.rejects(inspectSerializable(1, { timeout: 'soon' as '1s' }), { code: 'INVALID_DURATION' });
  await assert.rejects(inspectSerializable(1, { timeuot: 1 } as object), { code: 'UNKNOWN_OPTION' });
});

/** A task of any argument, made where no worker finds it, so that no process is started to look for it. */
function anyTask() {
  return { any: task('any', (value: unknown) => value) };
}

/** A module of its own, imported, with a task in it. */
async function moduleOf(name: string, body: string): Promise<{ path: string; made: Task<[], number> }> {
  const path = join(folder, `${name}.ts`);
  writeFileSync(path, `import { task } from 'heddle';\n${body}\n`);
  const { made } = (await import(pathToFileURL(path).href)) as { made: Task<[], number> };
  return { path, made };
}

function pathsOf({ problems }: SerializationReport): [path: string, kind: string][] {
  return problems.map(({ path, kind }) => [path, kind]);
}

function whatsOf({ problems }: SerializationReport): string[] {
  return problems.map(({ what }) => what);
}

/** A process that was killed is there until its parent, or who takes its place, looks at how it ended. */
function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return /^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
}
