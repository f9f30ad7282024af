// What a task does when it is over: lines that it still writes, and deaths of its thread.

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Flow, type LogRecord } from 'heddle';
import { DistributedExecutor, LocalCluster } from 'heddle/executors';
import { exitsLater, runsOnce, savesAndForgets, writesLate } from '../fixtures/failing.ts';

const bounded = { timeout: 60_000 };

for (const processes of [false, true]) {
  suite(processes ? 'on a worker process' : 'on a thread', { concurrency: 1 }, () => {
    const executor = new DistributedExecutor(() => new LocalCluster({ workers: 1, processes }));

    test('a line that is written late comes behind those before it', bounded, async () => {
      const logs: LogRecord[] = [];
      await new Flow('late', () => writesLate(1)).run({ executor, onLog: (record) => void logs.push(record) });

      const lines = logs.map(({ message }) => message);
      assert.deepEqual(
        lines.filter((line) => /^(?:first|second|third)$/.test(line)),
        ['first', 'second', 'third'],
      );
    });

    test(
      'what a task wrote is in the log and in its crash, if it left a promise behind that failed',
      bounded,
      async () => {
        const logs: LogRecord[] = [];
        const flow = new Flow('forgets', () => savesAndForgets(1));
        const state = await flow.run({ executor, onLog: (record) => void logs.push(record) });

        const { type, message } = state.of('saves-and-forgets');
        assert.equal(type, 'Crashed');
        assert.match(message, /^ {2}saving 1$/m);
        const own = logs.filter(({ task }) => task === savesAndForgets.name).map((record) => record.message);
        assert.deepEqual(own.slice(0, 2), ['started', 'saving 1']);
        assert.ok(own.some((line) => line.startsWith('it left a promise behind')));
      },
    );
  });
}

test('what a thread never began is not charged with its death of something that ran before', bounded, async (t) => {
  t.mock.method(process.stderr, 'write', () => true);
  await using cluster = new LocalCluster({ workers: 1 });
  await cluster.start();
  const executor = new DistributedExecutor(() => cluster);

  const types = new Set<string>();
  for (let round = 0; round < 24; round += 1) {
    const flow = new Flow('innocent', () => runsOnce(exitsLater(round % 8)));
    const state = await flow.run({ executor, onLog: () => {} });
    // It may end its thread before it is through, and is then to blame itself.
    if (state.of('exits-later').isSuccessful()) types.add(state.of('runs-once').type);
  }

  assert.deepEqual([...types], ['Success']);
});
