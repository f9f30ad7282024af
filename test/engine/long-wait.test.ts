import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tellOfLongWait } from '../../src/engine/long-wait.ts';

const longestTimerMs = 2 ** 31 - 1;

test('a wait of weeks is told of no more often than Node can wait', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const told: string[] = [];
  using _ = tellOfLongWait((elapsed) => void told.push(elapsed));

  for (let delayMs = 10_000; delayMs < longestTimerMs; delayMs *= 6) t.mock.timers.tick(delayMs);
  const { length } = told;
  t.mock.timers.tick(longestTimerMs - 1);
  assert.equal(told.length, length);

  t.mock.timers.tick(1);
  assert.equal(told.length, length + 1);
});
