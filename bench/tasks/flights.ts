import { task } from 'heddle';
import { aggregate, mergeAggregates, type Aggregate } from '../../examples/flights/aggregate.ts';
import { flightsPath, listRowGroups, readRowGroup, type RowGroup } from '../../examples/flights/read-row-group.ts';

// As in the example, apart from its log lines; that file would print its report while being measured.
export const rowGroups = task('row-groups', () => listRowGroups(flightsPath()));

export const countFlights = task('count-flights', { retries: 2, retryDelay: '1s' }, async (group: RowGroup) => {
  return aggregate(await readRowGroup(flightsPath(), group));
});

export const addUp = task('add-up', (aggregates: Aggregate[]) => mergeAggregates(aggregates));
