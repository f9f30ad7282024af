import type { StateType } from '../flow/state.ts';

/** One colour for each state, wherever states are shown. */
export const stateColors: Readonly<Record<StateType, string>> = {
  Pending: '#7ebdff',
  Scheduled: '#ffab00',
  Paused: '#99a8e8',
  Resume: '#f58c0c',
  Retrying: '#f66a0a',
  Submitted: '#ffdf5d',
  Queued: '#ffea7f',
  Running: '#3d67ff',
  Success: '#28a745',
  Mapped: '#003ccb',
  Cached: '#34d058',
  Skipped: '#62757f',
  Looped: '#003ccb',
  Failed: '#eb0000',
  TimedOut: '#ff4e33',
  TriggerFailed: '#ff5131',
  ValidationFailed: '#ff5131',
  Crashed: '#a3003f',
  Cancelled: '#bdbdbd',
};

/** The colour to fill a shape with: half transparent, so that its text can be read. */
export function fillColor(type: StateType): string {
  return `${stateColors[type]}80`;
}
