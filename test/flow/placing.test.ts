import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Flow, task, UsageError, type TaskOptions } from 'heddle';
import { LocalCluster } from 'heddle/executors';

const placed = (options: object) => () => task('placed', options as TaskOptions, () => 1);

test('what a task asks for is checked when it is defined', () => {
  const amounts = 'an object of amounts by name, like { gpu: 1 }, each more than 0';
  const wrong: [object, string][] = [
    [{ priority: Number.NaN }, 'a number; got NaN'],
    [{ priority: '1' }, "a number; got '1'"],
    [{ resources: { gpu: 0 } }, `${amounts}; got gpu: 0`],
    [{ resources: { gpu: -1, disk: 1 } }, `${amounts}; got gpu: -1`],
    [{ resources: { gpu: Number.NaN } }, `${amounts}; got gpu: NaN`],
    [{ resources: { gpu: Infinity, disk: '1' } }, `${amounts}; got gpu: Infinity, disk: '1'`],
    [{ resources: { '': 1 } }, `${amounts}; got '': 1`],
    [{ resources: ['gpu'] }, `${amounts}; got an array of 1`],
    [{ labels: 'eu' }, "an array of texts that are not empty; got 'eu'"],
    [{ labels: [''] }, "an array of texts that are not empty; got '' in it"],
    [{ concurrency: 0 }, 'a whole number from 1 to 1000; got 0'],
    [{ concurrency: 1_001 }, 'a whole number from 1 to 1000; got 1001'],
    [{ onWorkerLost: 'retry' }, "'rerun' or 'crash'; got 'retry'"],
    [{ allowedFailures: -1 }, 'a whole number, 0 or more; got -1'],
  ];
  for (const [options, story] of wrong) {
    const [name] = Object.keys(options);
    assert.throws(placed(options), usageError(`option '${name}' of task 'placed' should be ${story}`));
  }
  assert.throws(placed({ resource: { gpu: 1 } }), usageError(/task 'placed' has no option 'resource'.*'resources'/));
});

test('a cluster is checked likewise', () => {
  assert.throws(() => new LocalCluster({ concurrency: 0 }), usageError(/concurrency' of LocalCluster should be/));
  assert.throws(() => new LocalCluster({ resources: { gpu: -1 } }), usageError(/resources' of LocalCluster should be/));
  assert.throws(() => new LocalCluster({ labels: [1 as never] }), usageError(/labels' of LocalCluster should be/));
});

test('a limit is a whole number from 1, of a tag that some task has', async () => {
  const tagged = task('tagged', { tags: ['db', 'slow'] }, () => 1);
  const limited = (limits: Record<string, number>) => new Flow('limited', { limits }, () => tagged());

  for (const most of [0, -1, 1.5, Number.NaN]) {
    const story =
      "option 'limits' of flow 'limited' should be an object of whole numbers by tag, like { db: 4 }, each 1 or more; got db: ";
    assert.throws(() => limited({ db: most }), usageError(new RegExp(`^${story.replaceAll('.', '\\.')}${most}$`)));
  }
  const unknown = (owner: string) =>
    `option 'limits' of ${owner} names tag 'bd', which no task of the flow has. Did you mean 'db'? The tags are db, slow.`;
  await assert.rejects(limited({ bd: 1 }).run({ onLog: () => {} }), usageError(unknown("flow 'limited'")));
  const run = limited({ db: 1 }).run({ limits: { bd: 1 }, onLog: () => {} });
  await assert.rejects(run, usageError(unknown('limited.run()')));
  const bare = new Flow('bare', { limits: { db: 1 } }, () => task('untagged', () => 1)());
  await assert.rejects(bare.run({ onLog: () => {} }), usageError(/Give it to one: task\(name, \{ tags \}, …\)\.$/));
});

function usageError(message: string | RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof UsageError);
    if (typeof message === 'string') assert.equal(error.message, message);
    else assert.match(error.message, message);
    return true;
  };
}
