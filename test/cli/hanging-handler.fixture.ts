// A script whose flow fails, and whose handler does not end then.

import { context, Flow, task } from 'heddle';

const fail = task('fail', () => {
  throw new RangeError('no rows');
});

const onFailure = async () => {
  context.logger.info('calling somebody');
  await new Promise(() => {});
};

await new Flow('hangs', { onFailure }, () => fail()).run({ cancelGrace: 100 });
