// A thread that adds one to what it is sent, when its event loop comes to it.

import { parentPort } from 'node:worker_threads';

parentPort!.on('message', (value: number) => parentPort!.postMessage(value + 1));
