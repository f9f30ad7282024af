import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Vigil } from '../../src/lib/vigil.ts';

test('a thread stays awake while it waits, once what it waited for came soon', async () => {
  const { wait, isAwake } = vigil();

  assert.equal(await wait(0.1), false);
  assert.equal(await wait(0.1), true);
  assert.equal(isAwake(), false);
});

test('it does not after a long wait, until there was a short one again', async () => {
  const { wait } = vigil();
  await wait(0.1);

  assert.deepEqual([await wait(20), await wait(0.1), await wait(0.1)], [true, false, true]);
});

test('it goes to sleep when what it waits for takes longer than that', async () => {
  const { wait, begin, later, isAwake } = vigil();
  await wait(0.1);
  begin();

  await later(1);

  assert.equal(isAwake(), false);
});

test('after some times in vain it rests, longer each time, until it was not in vain', async () => {
  const { wait } = vigil();
  await wait(0.1);
  const tried = async (ms: number) => {
    let times = 0;
    while (await wait(ms)) times += 1;
    let rests = 1;
    while (!(await wait(ms))) rests += 1;
    return [times, rests];
  };

  assert.deepEqual([await tried(0.4), await tried(0.4), await tried(0.4)], [[4, 8], [3, 16], [3, 32]]); // prettier-ignore
  await wait(0.1);
  assert.deepEqual(await tried(0.4), [4, 8]);
});

test('on one core it would only be in the way', async () => {
  const { wait } = vigil({ cores: 1 });

  assert.deepEqual([await wait(0.1), await wait(0.1)], [false, false]);
});

test('it ends though the clock of its thread was stopped', { timeout: 10_000 }, async (t) => {
  const watch = new Vigil({ cores: 2 });
  watch.begin();
  watch.end();
  t.mock.method(performance, 'now', () => 1);

  watch.begin();
  const isAwake = () => process.getActiveResourcesInfo().includes('Immediate');
  assert.equal(isAwake(), true);
  while (isAwake()) await new Promise((resolve) => setTimeout(resolve));
});

/** With a clock that goes on when it is told. */
function vigil({ cores = 2 } = {}) {
  let now = 0;
  const watch = new Vigil({ cores, now: () => now });
  const isAwake = () => process.getActiveResourcesInfo().includes('Immediate');
  const later = async (ms: number) => {
    now += ms;
    await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    begin: () => watch.begin(),
    later,
    isAwake,
    /** Waits for so long, and gives whether the thread was awake at first. */
    wait: async (ms: number) => {
      watch.begin();
      await later(0);
      const wasAwake = isAwake();
      now += ms;
      watch.end();
      await later(0);
      return wasAwake;
    },
  };
}
