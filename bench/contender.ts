// The other end of a ContenderProcess: opens one contender, says so, and does a round whenever it is asked to.

import { collectGarbage } from './lib/memory.ts';
import { measurements } from './measurements/all.ts';

const [measurement, name] = process.argv.slice(2);
const contender = measurements
  .find((candidate) => candidate.name === measurement)
  ?.contenders.find((candidate) => candidate.name === name);
if (contender === undefined) throw new Error(`no contender '${name}' of '${measurement}'`);

const resources = new AsyncDisposableStack();
process.once('disconnect', () => void resources.disposeAsync());
const round = await contender.open(resources);

process.on('message', () => void answer());
process.send?.('ready');

async function answer(): Promise<void> {
  // No round pays for what the one before left behind.
  collectGarbage();
  process.send?.(await round());
}
