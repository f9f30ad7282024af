import { isKnownFilter, nameOfFilter } from './filters.ts';
import type { Axis, Filter, KnownFilter } from './filters.ts';
import { Zone } from './zone.ts';
import { ZonedTime } from './zoned-time.ts';

/** Which filters a time must pass, of which it must pass one, and which it must not pass. */
interface FilterSet {
  readonly filters: readonly Filter[];
  readonly orFilters: readonly Filter[];
  readonly notFilters: readonly Filter[];
}

/**
 * Names the filters that no time passes together, or gives nothing if there may be such a time. Every known filter
 * looks at one axis, and whatever the date, the day of the week and the time of day may be, some time has them all: so
 * a few points on each axis decide. What another function lets pass, nobody can know.
 */
export function contradictionOf({ filters, orFilters, notFilters }: FilterSet): string | undefined {
  const conflicts = (orFilters.length === 0 ? [[]] : orFilters.map((filter) => [filter])).map((choice) =>
    conflictOf([...filters, ...choice].filter(isKnownFilter), notFilters.filter(isKnownFilter)),
  );
  return conflicts.includes(undefined) ? undefined : [...new Set(conflicts)].join('; ');
}

function conflictOf(filters: readonly KnownFilter[], notFilters: readonly KnownFilter[]): string | undefined {
  for (const axis of axes) {
    const wanted = filters.filter((filter) => filter.axis === axis);
    const unwanted = notFilters.filter((filter) => filter.axis === axis);
    if (wanted.length + unwanted.length === 0) continue;
    const passes = (time: ZonedTime) =>
      wanted.every((filter) => filter(time)) && !unwanted.some((filter) => filter(time));
    if (pointsOn(axis, [...wanted, ...unwanted]).some(passes)) continue;
    const words = [...wanted.map(nameOfFilter), ...unwanted.map((filter) => `not ${nameOfFilter(filter)}`)];
    return words.join(' and ');
  }
  return undefined;
}

const axes: readonly Axis[] = ['moment', 'date', 'weekday', 'time'];
const dayMs = 86_400_000;
const utc = new Zone('UTC');

/** So many points that a set of filters lets some time of the axis pass only if it lets one of these. */
function pointsOn(axis: Axis, filters: readonly KnownFilter[]): ZonedTime[] {
  const edges = filters.flatMap((filter) => filter.edges).flatMap((edge) => [edge - 1, edge, edge + 1]);
  if (axis === 'moment') return [0, ...edges].map((moment) => new ZonedTime(moment, utc));
  if (axis === 'time') {
    const times = [0, ...edges].map((edge) => (edge + dayMs) % dayMs);
    return times.map((time) => new ZonedTime(time, utc));
  }
  return axis === 'weekday' ? daysFrom(Date.UTC(2024, 0, 1), 7) : daysFrom(Date.UTC(2023, 0, 1), 365 + 366);
}

function daysFrom(first: number, count: number): ZonedTime[] {
  return Array.from({ length: count }, (_, day) => new ZonedTime(first + day * dayMs, utc));
}
