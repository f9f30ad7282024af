import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { mock, test } from 'node:test';
import { soon } from '../../src/comm/soon.ts';

test('what is to be soon comes in this turn, and after what goes on with the promises of whoever asks', async () => {
  await nextTurn();
  const order: string[] = [];

  setImmediate(() => order.push('next turn'));
  soon(() => order.push('soon'));
  const promises = (async () => {
    await Promise.resolve();
    await Promise.resolve();
    order.push('promises');
  })();
  order.push('now');
  await promises;
  await nextTurn();

  assert.deepEqual(order, ['now', 'promises', 'soon', 'next turn']);
});

for (const [clock, now] of [
  ['goes on', performance.now.bind(performance)],
  ['was stopped by a test', () => 5],
] as const) {
  test(`what asks for it again and again does not keep the next turn from coming, where the clock ${clock}`, async () => {
    let left = 1_000_000;
    let isOver = false;
    const again = () => {
      left -= 1;
      if (left > 0 && !isOver) soon(again);
    };
    mock.method(performance, 'now', now);

    again();
    await nextTurn();
    isOver = true;
    mock.restoreAll();

    assert.ok(left > 0);
  });
}
