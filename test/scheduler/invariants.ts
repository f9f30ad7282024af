// What must hold between any two calls of `SchedulerCore.handle`: it walks everything.

import assert from 'node:assert/strict';
import { lengthOf, type Range } from '../../src/lib/range.ts';
import { Ranges } from '../../src/lib/ranges.ts';
import { runsBefore, type ArrayRecord, type Chunk } from '../../src/scheduler/array-record.ts';
import type { SchedulerCore } from '../../src/scheduler/core.ts';
import { isUnable } from '../../src/scheduler/exclusion.ts';
import type { WorkerRecord } from '../../src/scheduler/fleet.ts';
import { patience } from '../../src/scheduler/keeping.ts';
import type { Limit } from '../../src/scheduler/limits.ts';
import { unitsOf } from '../../src/scheduler/queue.ts';
import { mostLooks, wantsPlace } from '../../src/scheduler/recalls.ts';
import { alone } from '../../src/scheduler/suspects.ts';

export function checkInvariants(core: SchedulerCore): void {
  for (const array of core.arrays.values()) {
    checkPhases(array);
    checkUpstreams(array, core);
    checkLosses(array);
    assert(array.isNeeded, `array ${array.id} is needed by nobody and not forgotten`);
  }
  for (const worker of core.fleet.workers.values()) checkWorker(worker, core);
  checkAhead(core);
  checkGivingWay(core);
  checkQueues(core);
  checkKeeping(core);
  checkExclusion(core);
  checkLimits(core);
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
    assert(dependent.upstreams().includes(array), `array ${array.id} is kept for array ${dependent.id}, which is done`);
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
  const { id, chunks, threads, units } = worker;
  assert(chunks.size <= threads, `${id} has more chunks than slots`);
  checkLone(worker, core);
  for (const queue of core.fleet.queues.values()) {
    const isOpen = queue.roomOn(worker) > 0;
    assert.equal(queue.open.has(worker), isOpen, `${id} is misfiled as ${isOpen ? 'full' : 'open'}`);
  }
  const free = new Map(units);
  for (const chunk of chunks) {
    const { attempt, array, outstanding, lanes, size } = chunk;
    assert.equal(chunk.worker, worker, `${id} holds a slot for attempt ${attempt} of another worker`);
    const isLiving = core.arrays.get(array.id) === array;
    assert(isLiving || outstanding.isEmpty, `attempt ${attempt} runs for an array that is forgotten`);
    assert(array.chunks.has(chunk), `array ${array.id} does not know of attempt ${attempt}`);
    assert(lanes >= 1 && lanes <= Math.min(size, array.concurrency), `attempt ${attempt} has ${lanes} lanes`);
    for (const { name, amount } of array.queue.needs.resources) {
      free.set(name, free.get(name)! - lanes * unitsOf(amount));
    }
  }
  for (const [name, rest] of free) {
    assert(rest >= 0, `${id} has given more ${name} than it has`);
    assert.equal(worker.free.get(name), rest, `what ${id} has of ${name} is miscounted`);
  }
}

/** What waits behind something else holds nothing itself, and nobody is made to wait for it. */
function checkAhead(core: SchedulerCore): void {
  const { fleet, lineup } = core;
  const { waiting, asked } = lineup.recalls;
  const unheard = new Set(waiting);
  for (const { id, chunks } of fleet.workers.values()) {
    for (const before of chunks) {
      assert(before.behind === undefined, `attempt ${before.attempt} has a slot and waits for one`);
      const chunk = before.next;
      if (chunk === undefined) continue;
      const { attempt, array } = chunk;
      assert.equal(chunk.behind, before, `attempt ${attempt} does not know what it waits for`);
      assert(chunk.next === undefined, `attempt ${attempt} waits, and another one waits for it`);
      assert.equal(before.array, array, `attempt ${attempt} waits on ${id} behind another array`);
      assert(array.isSentAhead && chunk.limit !== alone, `attempt ${attempt} waits on ${id}, and must not`);
      assert(array.chunks.has(chunk), `array ${array.id} does not know of attempt ${attempt}`);
      assert(
        !chunk.outstanding.isEmpty || !unheard.has(chunk),
        `attempt ${attempt} can be called back: nothing is left`,
      );
      unheard.delete(chunk);
    }
  }
  assert.equal(unheard.size, 0, 'something can be called back that waits nowhere');
  const isWaste = [...waiting]
    .slice(0, mostLooks)
    .some(({ array }) => Math.min(array.queue.open.size, array.room) > asked);
  assert(!isWaste, 'something waits for a thread while another one is free');
}

/** While no thread is free for it, what is first has asked for as much as it needs of what it is to run before. */
function checkGivingWay({ fleet, lineup }: SchedulerCore): void {
  const { waiting, running, asked, nextDue } = lineup.recalls;
  const isReady = ({ client, queuedCount }: ArrayRecord) => queuedCount > 0 && !lineup.pausedClients.has(client);
  const looks = (line: Iterable<Chunk>) => [...line].slice(0, mostLooks);
  const firstOf = (arrays: Iterable<ArrayRecord>) =>
    [...arrays].filter(isReady).toSorted((a, b) => (runsBefore(a, b) ? -1 : 1))[0];
  const closed = [...fleet.queues.values()].filter(({ open }) => open.size === 0);
  const lines = closed.map(({ listed }) => [...listed].filter(({ room }) => room > 0));
  const blocked = [...lineup.limits].flatMap((limit) => (limit.room > 0 ? [] : [...limit.blocked.values()]));
  for (const first of [...lines, ...blocked].map(firstOf)) {
    if (first === undefined) continue;
    const isAfter = (chunk: Chunk) => {
      const { queue, room } = chunk.array;
      return asked < first.queuedCount + Math.min(queue.open.size, room) && wantsPlace(first, chunk);
    };
    assert(!looks(waiting).some(isAfter), `array ${first.id} waits behind something that could be called back`);
    const isWoken = nextDue < Infinity;
    assert(
      isWoken || !looks(running).some(isAfter),
      `array ${first.id} waits, and nobody will ask for what is not begun`,
    );
  }
}

/** What a worker was lost with shares its next one with nothing, once its losses are used up. */
function checkLone(worker: WorkerRecord, { fleet }: SchedulerCore): void {
  const { id, chunks, lone, isDraining, isPaused } = worker;
  const lonely = [...chunks].filter(({ limit }) => limit === alone);
  assert.deepEqual(lonely, lone === undefined ? [] : [lone], `${id} does not know what must run alone there`);
  if (lone === undefined) return;
  const isHeld = fleet.held.has(lone);
  assert.equal(isHeld, chunks.size > 1, `attempt ${lone.attempt} is ${isHeld ? 'held for nothing' : 'not alone'}`);
  assert(!isHeld || !(isDraining || isPaused), `attempt ${lone.attempt} waits for ${id}, which gets nothing`);
  const hasEmpty = [...lone.array.queue.open].some((other) => other.chunks.size === 0);
  assert(!isHeld || !hasEmpty, `attempt ${lone.attempt} is held while a worker is empty`);
}

function checkQueues(core: SchedulerCore): void {
  const { workers, queues } = core.fleet;
  const serving = [...workers.values()].filter(({ isDraining }) => !isDraining);
  for (const queue of queues.values()) {
    const listed = [...queue.listed];
    const isListed = new Set(listed);
    assert.equal(isListed.size, listed.length, 'an array is listed twice');
    assert(queue.open.size <= serving.length, 'a worker that left is open');
    const all = sumOf(serving, (worker) => queue.slotsOf(worker));
    assert.equal(queue.slots, all, 'the slots of a queue are miscounted');
    for (const array of core.arrays.values()) {
      if (array.queue === queue) assert.equal(array.isListed, isListed.has(array), `array ${array.id} is misfiled`);
    }
  }
  for (const array of core.arrays.values()) checkStanding(array, core);
}

function checkStanding(array: ArrayRecord, core: SchedulerCore): void {
  const { id, client, queue, queuedCount, isListed, blockedBy } = array;
  const isPaused = core.lineup.pausedClients.has(client);
  assert.equal(core.fleet.queues.get(queue.key), queue, `array ${id} stands in a queue that nobody looks at`);
  const isSeen = isListed || blockedBy !== undefined || isPaused;
  assert(isSeen || queuedCount === 0, `array ${id} is queued and never looked at`);
  assert(!isListed || blockedBy === undefined, `array ${id} is listed and stands aside`);
  if (blockedBy !== undefined) {
    const blocked = [...(blockedBy.blocked.get(queue) ?? [])];
    assert(blocked.includes(array), `array ${id} is not let in when there is room for it`);
  }
  const isStranded = queuedCount > 0 && isListed && queue.isStranded && !queue.isPlain;
  const isKnown = !isStranded || array.isStrandedTold || core.fleet.workers.size === 0;
  assert(isKnown, `array ${id} cannot run here, and nobody was told`);
  const isIdle = queuedCount > 0 && !isPaused && queue.open.size > 0 && array.room > 0;
  assert(!isIdle, `array ${id} is queued while a worker is open`);
  for (const { worker, attempt } of array.chunks) {
    assert.equal(core.fleet.workers.get(worker.id), worker, `attempt ${attempt} runs on a worker that left`);
    assert(worker.chunks.get(attempt) !== undefined, `${worker.id} does not know that it runs attempt ${attempt}`);
  }
}

/** Nothing is kept for nobody, and nobody is passed for ever. */
function checkKeeping({ fleet }: SchedulerCore): void {
  const { workers, queues, keepers } = fleet;
  for (const { id, keptFor, isDraining, isPaused } of workers.values()) {
    if (keptFor === undefined) continue;
    assert.equal(queues.get(keptFor.key), keptFor, `${id} keeps what it has for a queue that is no more`);
    assert.equal(keepers.get(keptFor)?.id, id, `${id} keeps what it has for a queue that does not know of it`);
    assert(!isDraining && !isPaused, `${id} keeps what it has, and gets nothing`);
  }
  for (const [queue, keeper] of keepers) {
    assert.equal(keeper.keptFor, queue, `${keeper.id} does not know what it keeps free`);
    assert(queue.passes > patience && queue.slotsOf(keeper) > 0, `${keeper.id} keeps what it has too soon, or in vain`);
    assert(queue.listed.size > 0, `${keeper.id} keeps what it has for nobody`);
  }
}

/** Nobody is kept from what it may be able to run, and what is known of arrays is forgotten with the last of them. */
function checkExclusion({ arrays, fleet, lineup }: SchedulerCore): void {
  for (const array of arrays.values()) {
    for (const id of array.queue.excluded) {
      const worker = fleet.workers.get(id);
      if (worker !== undefined) assert(isUnable(array, worker), `array ${array.id} is kept from ${id} for no reason`);
    }
  }
  const kin = new Set(lineup.exclusion);
  for (const { id, kin: own } of arrays.values()) assert(kin.has(own), `array ${id} is of a kin that is forgotten`);
  for (const { key, arrays: alike } of kin) {
    assert(alike.size > 0, `the kin ${key} is kept for nobody`);
    for (const array of alike)
      assert.equal(arrays.get(array.id), array, `the kin ${key} has an array that is forgotten`);
  }
}

function checkLimits(core: SchedulerCore): void {
  const used = new Map<Limit, number>();
  for (const { chunks } of core.fleet.workers.values()) {
    for (const { array, lanes } of chunks) {
      for (const limit of array.limits) used.set(limit, (used.get(limit) ?? 0) + lanes);
    }
  }
  const limits = new Set(core.lineup.limits);
  for (const limit of [...used.keys(), ...limits]) {
    assert(limits.has(limit), `the limit of ${limit.tag} is forgotten while something runs of it`);
    assert.equal(limit.used, used.get(limit) ?? 0, `what runs of ${limit.tag} is miscounted`);
    assert(limit.used <= limit.most, `more runs of ${limit.tag} than may`);
  }
}

function checkDelays({ arrays, delays }: SchedulerCore): void {
  let living = 0;
  for (const { array, index, until } of delays) {
    if (arrays.get(array.id) !== array) continue;
    living += 1;
    assert.equal(array.delayed.get(index), until, `index ${index} of array ${array.id} is delayed by mistake`);
  }
  const delayed = sumOf([...arrays.values()], (array) => array.delayed.size);
  assert.equal(living, delayed, 'a delayed index never wakes');
  assert.equal(delays.count, delayed, 'delayed indices are miscounted');
}

function sumOf<T>(items: readonly T[], valueOf: (item: T) => number): number {
  return items.reduce((sum, item) => sum + valueOf(item), 0);
}
