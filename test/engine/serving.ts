// A flow that is served by a clock that stands still.

import type { ScheduledRun } from '../../src/engine/flow-run/flow-options.ts';
import { followSchedule, type ServeRequest } from '../../src/engine/flow-run/schedule-loop.ts';
import type { Schedule } from '../../src/schedules/schedule.ts';
import { recording } from './fixtures.ts';
import { LocalExecutorLike, type Flow } from './house.ts';
import { clockAt } from './still-clock.ts';

interface Serving extends Partial<ServeRequest<unknown>['run']> {
  readonly schedule: Schedule;
  readonly maxRuns?: number;
  readonly idOf?: ServeRequest<unknown>['idOf'];
  readonly onRun?: (run: ScheduledRun) => unknown;
  readonly clock?: ReturnType<typeof clockAt>;
}

/** A loop over a flow, at half past nine unless it has a clock of its own, and what comes of it. */
export function serving(flow: Flow, { schedule, maxRuns, idOf, onRun, clock = clockAt('09:30'), ...run }: Serving) {
  const runs: ScheduledRun<any>[] = []; // oxlint-disable-line typescript/no-explicit-any -- flows of all kinds
  const { records, onLog } = recording();
  const placing = { priority: 0, limits: new Map<string, number>() };
  const request = {
    schedule,
    maxRuns,
    idOf,
    onRun: onRun ?? ((each: ScheduledRun) => runs.push(each)),
    run: { parameters: {}, executor: new LocalExecutorLike(), cancelGraceMs: 0, placing, onLog, ...run },
  };
  return { runs, records, clock, follow: () => followSchedule(flow, request, clock) };
}

export function outputsOf(runs: readonly ScheduledRun[]): unknown[] {
  return runs.map(({ state }) => state!.output);
}
