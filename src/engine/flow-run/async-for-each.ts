// Tasks that hand an async function to `forEach`, which waits for none: the task seems to be through before it is, on a
// worker's thread what goes on may be cut off, and its errors are nobody's. So there is a warning before it runs.

import { isNative, placesIn, textOf, type Code } from '../../code/function-place.ts';
import type { AsyncForEach } from '../../code/syntax/async-for-each.ts';
import type { Graph } from '../../flow/graph.ts';
import { codeOf } from '../../flow/task.ts';
import type { Logger } from '../logger.ts';
import { distinctTasks } from './stateful-tasks.ts';

const code = 'ASYNC_FOR_EACH';
const why = {
  forEach: 'which waits for none, unless it is that of a stream',
  map: 'and awaits none of the promises that it gives',
};

export async function warnOfAsyncForEach(graph: Graph, logger: Logger): Promise<void> {
  for (const [task, slug] of distinctTasks(graph)) {
    for (const body of codeOf(task)) {
      const found = await asyncForEachIn(body);
      if (found === undefined) continue;
      const { method, offset } = found;
      const [placeIn] = placesIn([body]);
      const place = placeIn === undefined ? '' : ` (${placeIn(offset)})`;
      logger.warn(
        `task '${slug}' hands an async function to ${method}${place}, ${why[method]}: the task ends before they do, ` +
          `so that what they do may come too late or be cut off. Write await Promise.all(items.map(async …)), or ` +
          `for (const item of items) with await. (${code})`,
      );
    }
  }
}

/** Many functions are told at a glance, without reading them. */
async function asyncForEachIn(body: Code): Promise<AsyncForEach | undefined> {
  const text = textOf(body);
  if (isNative(body) || !/\.(?:forEach|map)\(\s*async\b/.test(text)) return undefined;
  const found = await import('../../code/syntax/async-for-each.ts');
  try {
    return found.asyncForEachIn(text);
  } catch {
    return undefined;
  }
}
