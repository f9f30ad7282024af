// A thread that sends back what it gets, without a copy: the least that a thread can do with bytes.

import { parentPort } from 'node:worker_threads';

parentPort!.on('message', (bytes: Uint8Array<ArrayBuffer>) => parentPort!.postMessage(bytes, [bytes.buffer]));
