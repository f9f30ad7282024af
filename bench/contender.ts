// The other end of a ContenderProcess: opens one contender, says so, and does a round whenever it is asked to.

import { collectGarbage } from './lib/memory.ts';
import { measurements } from './measurements/all.ts';

const [what, name] = process.argv.slice(2);
const measurement = measurements.find((candidate) => candidate.name === what);
const contender = measurement?.contenders.find((candidate) => candidate.name === name);
if (contender === undefined) throw new Error(`no contender '${name}' of '${what}'`);

const resources = new AsyncDisposableStack();
process.once('disconnect', () => void resources.disposeAsync());
const round = await contender.open(resources);

process.on('message', () => void answer());
process.send?.('ready');

async function answer(): Promise<void> {
  if (measurement?.startsClean !== false) collectGarbage();
  process.send?.(await round());
}
