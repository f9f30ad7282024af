// What the compiler makes of the options for stored results. It is the test: nothing here is run.

import { cacheValidators, Flow, LocalResult, serializers, task } from 'heddle';
import type { CacheValidator, LocationFacts } from 'heddle';
import { exactly } from './exactly.ts';

const result = new LocalResult({ serializer: serializers.json });
const load = task('load', { target: '{inputs.0}.json', result }, (path: string) => path.length);

export function options(): void {
  load.with({
    target: (run) => {
      exactly<LocationFacts>()(run);
      return run.taskName;
    },
  });
  load.with({ target: ({ taskName, inputs, mapIndex = 0 }) => `${taskName}/${inputs[0]}-${mapIndex}` });
  load.with({ cacheFor: '1h', cacheValidator: (cached, now) => (cached.expiresAt ?? 0) > now.time });
  exactly<CacheValidator>()(cacheValidators.partialInputsOnly(['0']));
  new Flow('f', { result }, () => load('a'));
}

export function mistakes(): void {
  // @ts-expect-error -- a factory of validators, which was not called
  load.with({ cacheFor: '1h', cacheValidator: cacheValidators.partialInputsOnly });
  // @ts-expect-error -- a validator cannot be asynchronous
  load.with({ cacheFor: '1h', cacheValidator: async () => await Promise.resolve(true) });
  // @ts-expect-error -- a location is a text
  load.with({ target: () => 1 });
  // @ts-expect-error -- no duration
  load.with({ cacheFor: 'soon' });
  // @ts-expect-error -- not a place for results
  load.with({ result: '/tmp' });
}
