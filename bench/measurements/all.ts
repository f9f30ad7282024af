import type { Measurement } from '../lib/measurement.ts';
import { flights } from './flights.ts';
import { mappedNoop } from './mapped-noop.ts';
import { roundTrip } from './round-trip.ts';
import { webSocket } from './web-socket.ts';

export const measurements: readonly Measurement[] = [mappedNoop, roundTrip, flights, webSocket];
