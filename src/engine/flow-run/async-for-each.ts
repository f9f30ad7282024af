// Tasks that hand an async function to `forEach`, which waits for none: the task seems to be through before it is, on a
// worker's thread what goes on may be cut off, and its errors are nobody's. So there is a warning before it runs.

import { isNative, placesIn, textOf } from '../../code/function-place.ts';
import type { Graph } from '../../flow/graph.ts';
import { codeOf } from '../../flow/task.ts';
import type { Logger } from '../logger.ts';
import { distinctTasks } from './stateful-tasks.ts';

const code = 'ASYNC_FOR_EACH';
const asyncForEach = /\.forEach\(\s*async\b/;

export function warnOfAsyncForEach(graph: Graph, logger: Logger): void {
  for (const [task, slug] of distinctTasks(graph)) {
    for (const body of codeOf(task)) {
      const offset = isNative(body) ? -1 : textOf(body).search(asyncForEach);
      if (offset === -1) continue;
      const [placeIn] = placesIn([body]);
      const place = placeIn === undefined ? '' : ` (${placeIn(offset)})`;
      logger.warn(
        `task '${slug}' hands an async function to forEach${place}, which waits for none: the task ends before they ` +
          `do, so that what they do may come too late or be cut off. Write await Promise.all(items.map(async …)), or ` +
          `for (const item of items) with await. (${code})`,
      );
    }
  }
}
