import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isGrowthGiven, MemoryWatch } from '../../src/worker/memory-watch.ts';

test('a worker is paused from 80 % of its memory on, until it takes less than 70 %', () => {
  const watch = new MemoryWatch(1_000);

  const paused = [799, 800, 701, 949, 700, 699, 799].map((bytes) => {
    assert.equal(watch.look({ bytes, isBusy: true }), 'go-on');
    return watch.isPaused;
  });

  assert.deepEqual(paused, [false, true, true, true, true, false, false]);
});

test('there is room as long as with four times as much it would not be paused', () => {
  const watch = new MemoryWatch(1_000);

  const hasRoom = [199, 200, 950, 100].map((bytes) => {
    watch.look({ bytes, isBusy: false });
    return watch.hasRoom;
  });

  assert.deepEqual(hasRoom, [true, false, false, true]);
});

test('who starts Node with a growth of its heaps has said it, in either way of writing', () => {
  const given = [
    '--heap-growing-percent=50',
    '--heap_growing_percent',
    '--no-heap-growing',
    '-r',
    'heap-growing-percent',
  ];

  assert.deepEqual(
    given.map((argument) => isGrowthGiven(['--max-old-space-size=90', argument])),
    [true, true, false, false, false],
  );
});

test('from 95 % on what was begun last is ended, and then the next when that did not help', () => {
  const watch = new MemoryWatch(1_000);

  const verdicts = [950, 990, 990, 990, 990, 990, 949].map((bytes) => watch.look({ bytes, isBusy: true }));

  const [ended, waits] = ['end-newest', 'go-on'];
  assert.deepEqual(verdicts, [ended, waits, waits, waits, waits, ended, waits]);
});

test('the scheduler is told of changes, and now and then that there was none', () => {
  const watch = new MemoryWatch(1_000);

  const told = [500, 540, 550, 840, 840, ...Array.from({ length: 9 }, () => 840)].map((bytes) => {
    watch.look({ bytes, isBusy: true });
    return watch.isToTell();
  });

  const none = Array.from({ length: 9 }, () => false);
  assert.deepEqual(told, [true, false, true, true, ...none, true]);
});

test('when nothing runs and memory is not given back, threads are started anew, once', () => {
  const watch = new MemoryWatch(1_000);

  assert.equal(watch.look({ bytes: 900, isBusy: false }), 'go-on');
  assert.equal(watch.look({ bytes: 900, isBusy: true }), 'go-on');
  assert.equal(watch.isPaused, true);
  assert.equal(watch.look({ bytes: 900, isBusy: false }), 'start-anew');
  assert.equal(watch.isPaused, false);
  assert.equal(new MemoryWatch(1_000).look({ bytes: 900, isBusy: false }), 'go-on');
});
