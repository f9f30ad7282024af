// Nodes, runs and records to begin with.

import type { Node } from '../../src/flow/node.ts';
import { Graph } from '../../src/flow/graph.ts';
import { State } from '../../src/flow/state.ts';
import { task } from '../../src/flow/task.ts';
import { NodeRun, type Submitted } from '../../src/engine/flow-run/node-run.ts';
import { encodeOutcomes } from '../../src/engine/outcomes.ts';
import type { Block } from '../../src/lib/chunk.ts';
import type { LogRecord } from '../../src/lib/log-record.ts';

const identity = task('identity', (value: unknown) => value);

/** A node of a flow of its own; mapped, if that is asked for. */
export function nodeOf(slug: string, { isMapped = false } = {}): Node {
  const named = identity.with({ slug });
  return new Graph('f').build(() => (isMapped ? named.map([1]) : named(1)));
}

/** A run that was submitted as an array of this length. */
export function runOf(slug: string, facts: Partial<Submitted> = {}): NodeRun {
  const { length = 1, isList = facts.length !== undefined, kept = [] } = facts;
  const run = new NodeRun(nodeOf(slug, { isMapped: isList }));
  run.submittedAs(1, { length, isList, kept });
  return run;
}

/** Outcomes from `start` on; a state among them stands for itself, anything else for a success with that value. */
export function block(start: number, outcomes: readonly unknown[]): Block {
  const states = new Map(
    outcomes.flatMap((outcome, position) => (outcome instanceof State ? [[position, outcome] as const] : [])),
  );
  const values = outcomes.map((outcome) => (outcome instanceof State ? undefined : outcome));
  return { start, count: outcomes.length, bytes: encodeOutcomes(values, states) };
}

export function failed(message = 'Error: no rows'): State {
  return new State('Failed', message, { error: new Error('no rows') });
}

export function notRun(): State {
  return new State('TriggerFailed', 'Trigger was "allSuccessful" but some of the upstream tasks failed.');
}

export function skipped(): State {
  return new State('Skipped', 'SKIP signal raised.');
}

/** For runs whose log nobody shall see. */
export const quietly = { onLog: () => {} };

/** Collects the log of a run. */
export function recording(): { records: LogRecord[]; onLog: (record: LogRecord) => void } {
  const records: LogRecord[] = [];
  return { records, onLog: (record) => records.push(record) };
}
