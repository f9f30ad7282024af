import assert from 'node:assert/strict';
import { Flow, unmapped } from 'heddle';
import { withConfig } from '../../with-config.ts';
import { clearAndFail, countUp, giveUp, giveUpBuffer, sumAndClear } from '../../fixtures/memory.ts';
import { newRoom } from '../../fixtures/room.ts';
import type { Means, Rule } from '../contract.ts';

export function memoryRules(rule: Rule, { sharesMemory }: Means): void {
  rule('memory that is given up arrives, each with its own, and is gone where it came from', async (run) => {
    const xs = Array.from({ length: 40 }, (_, x) => x);
    const flow = new Flow('given-up', () => {
      const given = giveUp.map(xs);
      return { given, sums: [sumAndClear.map(given), sumAndClear.map(given)], buffer: giveUpBuffer() };
    });

    const { state } = await run(flow);

    const { given, sums, buffer } = state.output;
    const seen = given.map(({ bytes, end }) => [bytes.length, bytes[50_000], end[0]]);
    assert.deepEqual(seen, xs.map((x) => [100_000, x, x])); // prettier-ignore
    for (const each of sums) assert.deepEqual(each, xs.map((x) => x * 100_000)); // prettier-ignore
    assert.equal(buffer.toString(), 'a small one, of a pool');
    assert.ok(given.some(({ left }) => left === 0) && !given.some(({ left = 0 }) => left > 0));
  });

  rule(
    'what a task writes to large bytes is seen by no other attempt, no other task, and not by the flow',
    async (run) => {
      const given = [1, 2, 3].map((x) => new Uint8Array(100_000).fill(x));
      const flow = new Flow('written-to', () => {
        const cleared = clearAndFail.map(given);
        return { cleared, sums: [sumAndClear.map(cleared), sumAndClear.map(cleared)] };
      });

      const { state } = await run(flow);

      const { cleared, sums } = state.output;
      assert.deepEqual(cleared.map(({ sum }) => sum), [100_000, 200_000, 300_000]); // prettier-ignore
      for (const each of sums) assert.deepEqual(each, [1, 1, 1]);
      for (const { bytes } of cleared) assert.deepEqual([bytes.length, bytes[0], bytes[1]], [100_000, 1, 0]);
      assert.deepEqual(given.map((bytes) => bytes[0]), [1, 2, 3]); // prettier-ignore
    },
  );

  const sentence = sharesMemory
    ? 'shared memory is the same for the flow and its tasks, given and returned'
    : 'shared memory is refused, with what to do, since it cannot leave its process';
  rule(sentence, async (run) => {
    const memory = new SharedArrayBuffer(8);
    const flow = new Flow('shared-memory', () => countUp.map([1, 1, 1, 1, 1], unmapped(memory)));

    const { state } = await run(flow);

    if (!sharesMemory) {
      assert.equal((state.of('count-up').error as { code?: string } | undefined)?.code, 'VALUE_NOT_SERIALIZABLE');
      assert.match(state.of('count-up').message, /shared memory cannot leave its process/);
      assert.match(state.of('count-up').message, /send a copy: new Uint8Array\(memory\)\.slice\(\)/);
      return;
    }
    assert.equal(new Int32Array(memory)[0], 5);
    new Int32Array(memory)[1] = 7;
    assert.deepEqual(
      state.output.map((view) => view[0]),
      [7, 7, 7, 7, 7],
    );
  });

  rule('shared memory is refused in a run with an id, since it cannot be noted in a journal', async (run) => {
    using room = newRoom();
    const memory = new SharedArrayBuffer(8);
    const flow = new Flow('shared-memory-noted', () => countUp(1, memory));

    const { state } = await withConfig({ results: { directory: room.path } }, () => run(flow, { flowRunId: 'noted' }));

    const { message } = state.of('count-up');
    assert.match(
      message,
      /Why: shared memory cannot leave its process, nor be noted on disk, as a run with a flowRunId/,
    );
    assert.match(message, /- send a copy: .*\n.*- or run the flow on .* with LocalCluster, without a flowRunId/);
  });
}
