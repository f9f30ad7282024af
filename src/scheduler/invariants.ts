// What must hold between any two calls of `SchedulerCore.handle`. Tests and the simulation call this; production may,
// behind a flag: it walks everything.

import assert from 'node:assert/strict';
import { lengthOf, type Range } from '../lib/range.ts';
import { Ranges } from '../lib/ranges.ts';
import type { ArrayRecord } from './array-record.ts';
import type { SchedulerCore } from './core.ts';
import type { WorkerRecord } from './fleet.ts';

export function checkInvariants(core: SchedulerCore): void {
  for (const array of core.arrays.values()) {
    checkPhases(array);
    checkUpstreams(array, core);
    checkLosses(array);
    assert(array.isNeeded, `array ${array.id} is needed by nobody and not forgotten`);
  }
  for (const worker of core.fleet.workers.values()) checkWorker(worker, core);
  checkQueue(core);
  checkDelays(core);
}

/** Every index is in exactly one phase. */
function checkPhases(array: ArrayRecord): void {
  const phases: (readonly [string, Range])[] = [];
  const note = (phase: string, ranges: Iterable<Range>) => {
    for (const range of ranges) phases.push([phase, range]);
  };
  note('waiting', array.waiting);
  note('queued', array.queued);
  note('suspected', array.suspects);
  for (const index of array.delayed.keys()) note('delayed', [{ start: index, end: index + 1 }]);
  for (const { outstanding } of array.chunks) note('assigned', outstanding);
  note('settled', array.settled);

  let next = 0;
  for (const [phase, { start, end }] of phases.sort(([, a], [, b]) => a.start - b.start)) {
    if (start !== next) assert.fail(`array ${array.id} has indices in no phase, or in two, before ${start}, ${phase}`);
    if (end <= start) assert.fail(`${start} to ${end} of array ${array.id}, ${phase}, is no range`);
    next = end;
  }
  assert.equal(next, array.length, `array ${array.id} has indices in no phase`);
}

/** What waits has a reason to, and nothing else was let past its upstreams. */
function checkUpstreams(array: ArrayRecord, core: SchedulerCore): void {
  const upstreams = array.upstreams();
  for (const dependent of [...array.elementwiseDependents, ...array.wholeDependents]) {
    assert(dependent.upstreams().has(array), `array ${array.id} is kept for array ${dependent.id}, which is done`);
    assert.equal(core.arrays.get(dependent.id), dependent, `array ${array.id} is kept for one that is forgotten`);
  }
  for (const upstream of upstreams) {
    assert(!array.isComplete, `array ${array.id} is complete and still holds on to array ${upstream.id}`);
    assert.equal(core.arrays.get(upstream.id), upstream, `array ${array.id} needs array ${upstream.id}: forgotten`);
  }
  for (const upstream of array.elementwise) assert(upstream.elementwiseDependents.has(array));
  for (const upstream of array.whole) assert(upstream.wholeDependents.has(array));
  const incomplete = [...array.whole].filter((upstream) => !upstream.isComplete);
  assert.equal(array.missingWhole, incomplete.length, `array ${array.id} miscounts what it waits for`);
  if (!array.isComplete) checkReadiness(array, incomplete.length > 0);
}

function checkReadiness(array: ArrayRecord, isHeldUp: boolean): void {
  let ready: readonly Range[] = isHeldUp ? [] : [array.all];
  for (const { settled } of array.elementwise) ready = ready.flatMap((range) => settled.overlap(range));
  const given = new Ranges();
  for (const range of array.given) given.add(range);
  let free = 0;
  for (const range of ready) {
    if (array.waiting.overlap(range).length > 0) assert.fail(`array ${array.id} waits for nothing`);
    free += lengthOf(range);
    for (const part of given.overlap(range)) free -= lengthOf(part);
  }
  const held = array.waiting.size + given.size;
  assert.equal(free + held, array.length, `array ${array.id} went on before its upstreams`);
}

function checkLosses(array: ArrayRecord): void {
  for (const index of array.crashed) assert(array.settled.has(index), `index ${index} crashed and is not settled`);
  for (const [index, losses] of array.losses) assert(losses > 0, `index ${index} of array ${array.id} has no losses`);
}

function checkWorker(worker: WorkerRecord, core: SchedulerCore): void {
  const { id, chunks, threads, isDraining } = worker;
  assert(chunks.size <= threads, `${id} has more chunks than slots`);
  const isOpen = !isDraining && chunks.size < threads;
  assert.equal(core.fleet.open.has(worker), isOpen, `${id} is misfiled as ${isOpen ? 'full' : 'open'}`);
  for (const [attempt, chunk] of chunks) {
    assert.equal(chunk.attempt, attempt);
    assert.equal(chunk.worker, worker, `${id} holds a slot for attempt ${attempt} of another worker`);
    const isLiving = core.arrays.get(chunk.array.id) === chunk.array;
    assert(isLiving || chunk.outstanding.isEmpty, `attempt ${attempt} runs for an array that is forgotten`);
    assert(chunk.array.chunks.has(chunk), `array ${chunk.array.id} does not know of attempt ${attempt}`);
  }
}

function checkQueue(core: SchedulerCore): void {
  const listed = [...core.listed()];
  const isListed = new Set(listed);
  assert.equal(isListed.size, listed.length, 'an array is listed twice');
  for (const array of core.arrays.values()) {
    assert.equal(array.isListed, isListed.has(array), `array ${array.id} is misfiled`);
    assert(array.isListed || array.queuedCount === 0, `array ${array.id} is queued and never looked at`);
    const isIdle = array.queuedCount > 0 && core.fleet.open.size > 0;
    assert(!isIdle, `array ${array.id} is queued while a worker is open`);
    for (const { worker, attempt } of array.chunks) {
      assert.equal(core.fleet.workers.get(worker.id), worker, `attempt ${attempt} runs on a worker that left`);
      assert(worker.chunks.has(attempt), `${worker.id} does not know that it runs attempt ${attempt}`);
    }
  }

  const workers = [...core.fleet.workers.values()];
  const slots = workers.reduce((sum, { isDraining, threads }) => sum + (isDraining ? 0 : threads), 0);
  assert.equal(core.fleet.slots, slots, 'slots are miscounted');
  assert(core.fleet.open.size <= workers.length, 'a worker that left is open');
}

function checkDelays(core: SchedulerCore): void {
  let living = 0;
  for (const { array, index, until } of core.delays()) {
    if (core.arrays.get(array.id) !== array) continue;
    living += 1;
    assert.equal(array.delayed.get(index), until, `index ${index} of array ${array.id} is delayed by mistake`);
  }
  let delayed = 0;
  for (const array of core.arrays.values()) delayed += array.delayed.size;
  assert.equal(living, delayed, 'a delayed index never wakes');
  assert.equal(core.delayedCount, delayed, 'delayed indices are miscounted');
}
