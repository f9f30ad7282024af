import { aggregate, type Aggregate } from '../../examples/flights/aggregate.ts';
import { flightsPath, readRowGroup, type RowGroup } from '../../examples/flights/read-row-group.ts';

export default async function countFlights(group: RowGroup): Promise<Aggregate> {
  return aggregate(await readRowGroup(flightsPath(), group));
}
