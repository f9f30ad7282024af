// An array that nobody asked for, as core and shell know it, on a worker that is not there. The first half of it is
// done, after a time that is no whole number: to V8, an object with a fraction in the same place looks otherwise.

import { noDefinition } from '../lib/chunk.ts';
import { noTraits } from '../lib/placing.ts';
import { keepSpecimen } from '../lib/specimens.ts';
import { SchedulerCore } from './core.ts';
import { HeldArray, type ClientPeer } from './peers.ts';

const array = { array: 1, name: '', length: 2, elementwise: [], whole: [], priority: 0 };

const core = new SchedulerCore({ heartbeatTimeoutMs: Infinity, allowedFailures: 0 });
core.handle({ type: 'worker-joined', worker: '', threads: 1, has: noTraits }, 0);
core.handle({ type: 'arrays-submitted', arrays: [{ ...array, client: '', given: [] }] }, 0);
const half = { attempt: 1, range: { start: 0, end: 1 }, busyMs: 0.5, isLast: true };
core.handle({ type: 'indices-settled', worker: '', ...half }, 0.5);
keepSpecimen(core);

keepSpecimen(new HeldArray(1, {} as ClientPeer, { ...array, definition: noDefinition }));
