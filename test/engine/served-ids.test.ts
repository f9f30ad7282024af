import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { withConfig } from '../with-config.ts';
import type { ScheduledRun } from '../../src/engine/flow-run/flow-options.ts';
import { DatesClock } from '../../src/schedules/dates-clock.ts';
import { Schedule } from '../../src/schedules/schedule.ts';
import { linesOf, newDiary } from '../fixtures/diary.ts';
import { half } from '../fixtures/resuming.ts';
import { quietly } from './fixtures.ts';
import { context, Flow, task, unmapped } from './house.ts';
import { outputsOf, serving } from './serving.ts';
import { at } from './still-clock.ts';

const threeDates = new Schedule({ clocks: [new DatesClock([at('10:00'), at('11:00'), at('12:00')])] });
const sayId = task('say-id', () => context.flowRunId);

test('each run has the id that its author gives it, by which one that was not finished is resumed [F145]', async () => {
  using diary = newDiary();
  const flow = new Flow('f', () => [half.map([2, 3], unmapped(diary.path)), sayId()]);
  const idOf = ({ scheduledStartTime }: Pick<ScheduledRun, 'scheduledStartTime'>) => scheduledStartTime.toJSON();
  const { runs, ...loop } = serving(flow, { schedule: threeDates, maxRuns: 1, idOf });
  await withConfig({ results: { directory: dirname(diary.path) } }, async () => {
    await loop.follow();
    writeFileSync(`${diary.path}.mended`, '');

    const resumed = await flow.run({ ...quietly, flowRunId: at('10:00').toJSON() });

    const [served] = runs;
    assert.deepEqual([served!.state!.type, served!.state!.of('say-id').result], ['Failed', at('10:00').toJSON()]);
    assert.deepEqual(resumed.output[0], [1, 1.5]);
    assert.deepEqual(linesOf(diary.path), ['half 2', 'half 3', 'half 3']);
  });
});

test('an id that is none fails its run, and none of the later ones', async () => {
  const idOf = ({ scheduledStartTime }: Pick<ScheduledRun, 'scheduledStartTime'>) =>
    scheduledStartTime.getTime() === at('10:00').getTime() ? ' ' : scheduledStartTime.toJSON();
  using diary = newDiary();
  const { runs, ...loop } = serving(new Flow('f', () => sayId()), { schedule: threeDates, idOf });

  await withConfig({ results: { directory: dirname(diary.path) } }, () => loop.follow());

  const [first, ...later] = runs;
  assert.match(
    String(first!.error),
    /option 'flowRunId' of f\.serve\(\) should give a text of 1 to 100.*; it gave ' '/,
  );
  assert.deepEqual(
    outputsOf(later),
    ['11:00', '12:00'].map((time) => at(time).toJSON()),
  );
});
