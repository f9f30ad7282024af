import type { Measurement } from '../lib/measurement.ts';
import { busy } from './busy.ts';
import { bytes } from './bytes.ts';
import { core } from './core.ts';
import { flights } from './flights.ts';
import { idle } from './idle.ts';
import { mappedNoop } from './mapped-noop.ts';
import { mappedPromises } from './mapped-promises.ts';
import { million } from './million.ts';
import { pipeline } from './pipeline.ts';
import { roundTrip } from './round-trip.ts';
import { rows } from './rows.ts';
import { start } from './start.ts';
import { tenMillion } from './ten-million.ts';
import { values } from './values.ts';
import { waiting } from './waiting.ts';
import { webSocket } from './web-socket.ts';
import { webSocketRoundTrip } from './web-socket-round-trip.ts';

export const measurements: readonly Measurement[] = [
  mappedNoop,
  webSocket,
  pipeline,
  mappedPromises,
  roundTrip,
  webSocketRoundTrip,
  million,
  tenMillion,
  busy,
  waiting,
  rows,
  bytes,
  start,
  flights,
  idle,
  core,
  values,
];
