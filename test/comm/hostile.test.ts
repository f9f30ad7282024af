// Each end reads 100,000 hostile frames. More, or others, with HEDDLE_FUZZ_FRAMES and HEDDLE_FUZZ_SEED.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { Assembly, readFrame } from '../../src/comm/assembly.ts';
import {
  decodeFromClient,
  decodeFromPeer,
  decodeFromWorker,
  decodeToClient,
  decodeToWorker,
  encodeMessages,
} from '../../src/protocol/codec.ts';
import type { Decode } from '../../src/protocol/codec.ts';
import type { Message } from '../../src/protocol/messages.ts';
import { ProtocolError } from '../../src/protocol/protocol-error.ts';
import { fromClient, fromWorker, toClient, toWorker } from '../protocol/arbitraries.ts';
import { hostileFrame } from './hostile-frames.ts';

const frames = Number(process.env['HEDDLE_FUZZ_FRAMES'] ?? 100_000);
const seed = Number(process.env['HEDDLE_FUZZ_SEED'] ?? 1);
const framesInRow = 10;
const maxBytes = 4_000_000;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

for (const [end, messages, decoders] of [
  ['a scheduler', fc.oneof(fromWorker(), fromClient()), [decodeFromPeer, decodeFromWorker, decodeFromClient]],
  ['a worker or client', fc.oneof(toWorker(), toClient()), [decodeToWorker, decodeToClient]],
] as const) {
  test(`${frames} hostile frames at ${end}: each is messages or a ProtocolError, and no memory is left behind`, async () => {
    const row = fc.array(hostileFrame(messages, seed), { minLength: framesInRow, maxLength: framesInRow });
    const outcomes = { messages: 0, parts: 0, violations: 0 };
    let turn = 0;
    // Most of the time would go into the stacks of errors that nobody reads.
    Error.stackTraceLimit = 0;
    const half = (number: number) => {
      const rows = fc.property(row, (sent) => {
        const decode = decoders[turn++ % decoders.length]! as Decode<Message>;
        let assembly = new Assembly(maxBytes);
        for (const frame of sent) {
          const outcome = read(frame, assembly, decode);
          outcomes[outcome] += 1;
          // The connection would be closed, and another one be made.
          if (outcome === 'violations') assembly = new Assembly(maxBytes);
        }
      });
      fc.assert(rows, { numRuns: frames / framesInRow / 2, seed: seed + number });
    };

    half(0);
    const before = await usedBytes();
    half(1);
    const grown = (await usedBytes()) - before;

    assert.ok(grown < 5_000_000, `the second half left ${grown} bytes behind`);
    for (const [outcome, count] of Object.entries(outcomes)) assert.ok(count > frames / 100, `${outcome}: ${count}`);
  });
}

function read(frame: Uint8Array, assembly: Assembly, decode: Decode<Message>): 'messages' | 'parts' | 'violations' {
  try {
    const messages = readFrame([frame], assembly, decode);
    if (messages.length === 0) return 'parts';
    // What was let in would be let in again by the next end.
    assert.equal(decode(encodeMessages(messages)).length, messages.length);
    return 'messages';
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return 'violations';
  }
}

/** Once nothing is held any more that is not needed: the memory of buffers is let go on another thread. */
async function usedBytes(): Promise<number> {
  for (let round = 0; round < 4; round += 1) {
    collectGarbage();
    await new Promise(setImmediate);
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
