// A small flow with every kind of arrow, states for it, and a run to look at.

import { Graph } from '../../src/flow/graph.ts';
import { unmapped, type Node } from '../../src/flow/node.ts';
import { Parameter } from '../../src/flow/parameter.ts';
import { State, type StateType } from '../../src/flow/state.ts';
import type { TimelineRun, TimelineSpan } from '../../src/views/timeline-run.ts';
import { anyTask } from '../flow/fixtures.ts';

const [load, score, clean, total, notify] = ['load', 'score', 'clean', 'total', 'notify'].map(anyTask);

/** Text that tries to get out of wherever it is put. */
export const hostile = `</script><img src=x onerror="alert('1')">\`\${2}\` & \\n -->\u2028%%{init: {}}%%`;

export function nightly(): Graph {
  const graph = new Graph('nightly');
  graph.build(() => {
    const path = new Parameter<string>('path');
    const rows = load!(path);
    const scores = score!.map(rows, unmapped(2));
    const sum = total!(clean!.map(scores));
    notify!().setUpstream(sum);
  });
  return graph;
}

export function named(name: string): Graph {
  const graph = new Graph(name);
  graph.build(() => anyTask(name)());
  return graph;
}

/** States by slug. */
export function states(bySlug: Readonly<Record<string, State>>): (node: Node) => State | undefined {
  return (node) => bySlug[node.slug];
}

/** A mapped state with children of these types. */
export function mapped(...types: readonly StateType[]): State {
  return new State('Mapped', 'Mapped.', { children: types.map((type) => new State(type, `${type}!`)) });
}

export function span(facts: Partial<TimelineSpan>): TimelineSpan {
  return { task: 'score', start: 0, count: 1, worker: 'thread 1', startMs: 0, durationMs: 10, failed: 0, ...facts };
}

export function timelineRun(facts: Partial<TimelineRun> = {}): TimelineRun {
  return {
    flow: 'nightly',
    flowRun: 'brisk-heron-42',
    state: 'Success',
    startedAt: Date.UTC(2026, 1, 3, 4, 5, 6),
    durationMs: 12_345,
    taskRuns: 1_234,
    workers: 2,
    threads: 4,
    tasks: [{ name: 'score', isMapped: true, counts: { Success: 1 } }],
    spans: [span({})],
    failures: [],
    ...facts,
  };
}
