// Makes a result again from its description, in a thread of its own, and says what is stored.

import { parentPort, workerData } from 'node:worker_threads';
import type { ResultDescription } from '../../src/results/result.ts';
import { resultOf } from '../../src/results/result-kinds.ts';

const { description, location } = workerData as { description: ResultDescription; location: string };
parentPort!.postMessage(await resultOf(description).read(location));
