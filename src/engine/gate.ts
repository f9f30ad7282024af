import { State } from '../flow/state.ts';

/** The state in which a run behind this gate ends; nothing if the gate is open. No state means success. */
export function behindGate(gate: State | undefined): State | undefined {
  if (gate === undefined || gate.type === 'Success') return undefined;
  const { message } = gate;
  if (gate.isSkipped()) return new State('Skipped', `Its branch was not taken: ${message}.`);
  if (!gate.isFinished()) return new State('Pending', 'Waits for what decides whether its branch is taken.');
  const text = `Whether its branch is taken could not be told: ${message}`;
  return new State('TriggerFailed', text, { error: new Error(text, { cause: gate.error }) });
}
