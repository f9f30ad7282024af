// What the clocks of a schedule propose, and which of it passes. A clock that fires every second may propose millions
// of times in a row that do not; so where filters are known, what cannot pass is left out.

import { once } from '../lib/once.ts';
import type { Clock, ScheduledEvent } from './clock.ts';
import { isKnownFilter } from './filters.ts';
import type { Axis, Filter } from './filters.ts';
import { Zone } from './zone.ts';
import { ZonedTime } from './zoned-time.ts';

export interface Proposal {
  readonly event: ScheduledEvent;
  readonly zone: Zone;
  /** The filters are asked once, and not before somebody wants to know. */
  readonly passes: () => boolean;
}

/** Where the answers of filters change, besides at midnight: moments, and times of day in milliseconds. */
export type Edges = Readonly<Record<'moment' | 'time', readonly number[]>>;

const dayMs = 86_400_000;

/** Nothing if a filter may change its answer at any time. */
export function edgesOf(filters: readonly Filter[]): Edges | undefined {
  if (!filters.every(isKnownFilter)) return undefined;
  // Both ends of what passes are included in it.
  const on = (wanted: Axis) => filters.filter(({ axis }) => axis === wanted).flatMap(({ edges }) => edges);
  const around = (edges: readonly number[]) => edges.flatMap((edge) => [edge, edge + 1]);
  return { moment: around(on('moment')), time: around(on('time')) };
}

/** What the clock proposes after `after`. Of times in a row that do not pass, by these edges, only the first. */
export function* proposalsOf(
  clock: Clock,
  after: Date,
  { passes, edges }: { readonly passes: (time: ZonedTime) => boolean; readonly edges: Edges | undefined },
): Generator<Proposal> {
  const zone = new Zone(clock.timeZone);
  for (let from: Date | undefined = after; from !== undefined;) {
    const events: Iterable<ScheduledEvent> = clock.events(from);
    from = undefined;
    let change = -Infinity;
    for (const event of events) {
      const moment = event.startTime.getTime();
      if (moment < change) {
        from = new Date(change - 1);
        break;
      }
      const proposal = { event, zone, passes: once(() => passes(new ZonedTime(moment, zone))) };
      yield proposal;
      if (edges !== undefined && !proposal.passes()) change = nextChange(moment, edges, zone);
    }
  }
}

/** A moment before which no filter answers otherwise than at this one. */
function nextChange(moment: number, edges: Edges, zone: Zone): number {
  const wall = zone.wallOf(moment);
  const timeOfDay = ((wall % dayMs) + dayMs) % dayMs;
  const changes = [...edges.moment.map((each) => each - moment), ...edges.time.map((each) => each - timeOfDay)];
  let step = Math.min(dayMs - timeOfDay, ...changes.filter((each) => each > 0));
  // Where clocks are set meanwhile, some times come earlier, or twice.
  while (step > 1 && zone.wallOf(moment + step) !== wall + step) step = Math.floor(step / 2);
  return moment + step;
}
