import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ifElse } from '../../src/flow/control.ts';
import { Graph } from '../../src/flow/graph.ts';
import { flatten } from '../../src/flow/node.ts';
import { State, type StateType } from '../../src/flow/state.ts';
import { toDot } from '../../src/views/dot.ts';
import { anyTask } from '../flow/fixtures.ts';
import { hostile, mapped, named, nightly, states } from './fixtures.ts';

const head = (direction = 'TB') => `  graph [rankdir="${direction}" bgcolor="white" compound="true"]
  node [shape="box" fontname="Helvetica,Arial,sans-serif" fontsize="12" margin="0.2,0.08"]
  edge [fontname="Helvetica,Arial,sans-serif" fontsize="10"]`;

test('a flow is drawn with its mapped tasks as boxes, mapped edges dashed, ordering edges dotted', () => {
  assert.equal(
    toDot(nightly()),
    `digraph "nightly" {
${head()}
  "path" [label="path" shape="ellipse"]
  "load" [label="load" style="rounded"]
  "score" [label="score <map>"]
  "clean" [label="clean <map>"]
  "total" [label="total" style="rounded"]
  "notify" [label="notify" style="rounded"]
  "path" -> "load"
  "load" -> "score" [style="dashed" label=" 1 "]
  "score" -> "clean" [style="dashed"]
  "clean" -> "total"
  "total" -> "notify" [style="dotted"]
}
`,
  );
});

test('from left to right, when asked', () => {
  assert.ok(toDot(nightly(), { horizontal: true }).includes(head('LR')));
});

test('with states, shapes have their colours, and children their own shapes', () => {
  const success = 'style="filled" fillcolor="#28a74580" color="#28a745"';
  const failed = 'style="filled" fillcolor="#eb000080" color="#eb0000"';
  const size = 'width="0.4" height="0.3" margin="0.08,0.04" fontsize="10"';
  const stateOf = states({
    load: new State('Success', 'Done.'),
    score: mapped('Success', 'Failed'),
    clean: mapped('Success', 'TriggerFailed'),
    total: new State('TriggerFailed', 'Some "failed".'),
  });

  assert.equal(
    toDot(nightly(), { stateOf }),
    `digraph "nightly" {
${head()}
  "path" [label="path" shape="ellipse"]
  "load" [label="load\\nSuccess" style="rounded,filled" fillcolor="#28a74580" color="#28a745" tooltip="Success: Done."]
  subgraph "cluster_score" {
    graph [style="rounded" color="#808080"]
    subgraph {
      graph [rank="same"]
      "score" [label="score <map>\\n1 Success, 1 Failed" shape="plaintext"]
      "score[0]" [label="0" ${size} ${success} tooltip="Success: Success!"]
      "score[1]" [label="1\\nFailed" ${size} ${failed} tooltip="Failed: Failed!"]
    }
  }
  subgraph "cluster_clean" {
    graph [style="rounded" color="#808080"]
    subgraph {
      graph [rank="same"]
      "clean" [label="clean <map>\\n1 Success, 1 TriggerFailed" shape="plaintext"]
      "clean[0]" [label="0" ${size} ${success} tooltip="Success: Success!"]
      "clean[1]" [label="1\\nTriggerFailed" ${size} ${failed.replaceAll('#eb0000', '#ff5131')} tooltip="TriggerFailed: TriggerFailed!"]
    }
  }
  "total" [label="total\\nTriggerFailed" style="rounded,filled" fillcolor="#ff513180" color="#ff5131" tooltip="TriggerFailed: Some \\"failed\\"."]
  "notify" [label="notify" style="rounded"]
  "path" -> "load"
  "load" -> "score" [style="dashed" label=" 1 " lhead="cluster_score"]
  "score[0]" -> "clean[0]" [style="dashed"]
  "score[1]" -> "clean[1]" [style="dashed"]
  "clean" -> "total" [ltail="cluster_clean"]
  "total" -> "notify" [style="dotted"]
}
`,
  );
});

test('of more than 20 children only the counts are drawn, in stripes as wide as their shares', () => {
  const types: StateType[] = Array.from({ length: 98 }, () => 'Success');
  const dot = toDot(nightly(), { stateOf: states({ score: mapped(...types, 'Failed', 'Failed') }) });

  assert.match(dot, /^ {2}"score" \[label="score <map>\\n98 Success, 2 Failed" style="striped" fillcolor="#28a7/m);
  assert.match(dot, /fillcolor="#28a74580;0\.96:#eb000080"/);
  assert.doesNotMatch(dot, /score\[/);
});

test('20 children are drawn, 21 are counted', () => {
  const drawn = (count: number) => {
    const types: StateType[] = Array.from({ length: count }, () => 'Success');
    return toDot(nightly(), { stateOf: states({ score: mapped(...types) }) }).match(/^ +"score\[/gm)?.length;
  };

  assert.equal(drawn(20), 20);
  assert.equal(drawn(21), undefined);
});

test('a mapped task that found nothing to map over says so', () => {
  const dot = toDot(nightly(), { stateOf: states({ score: mapped() }) });

  assert.match(dot, /"score" \[label="score <map>\\nnothing to map over" style="filled" fillcolor="#003ccb80"/);
});

test('children of flattened lists are not joined one to one', () => {
  const graph = new Graph('f');
  graph.build(() => anyTask('clean').map(flatten(anyTask('load').map([1, 2]))));
  const dot = toDot(graph, { stateOf: states({ load: mapped('Success'), clean: mapped('Success', 'Success') }) });

  assert.match(dot, /"load" -> "clean" \[style="dashed" ltail="cluster_load" lhead="cluster_clean"\]/);
  assert.doesNotMatch(dot, /"load\[0\]" ->/);
});

test('an arrow leads from a gate to where its branch begins, not to all that is in it', () => {
  const graph = new Graph('f');
  graph.build(() =>
    ifElse(anyTask('load')(), () => {
      return anyTask('third')(anyTask('second')(anyTask('first')()), anyTask('other')());
    }),
  );

  const behindGate = toDot(graph)
    .split('\n')
    .filter((line) => line.includes('"if" ->'));
  assert.deepEqual(behindGate, ['  "if" -> "first" [style="dotted"]', '  "if" -> "other" [style="dotted"]']);
});

test('a child is not taken for a task of the same name', () => {
  const graph = new Graph('f');
  graph.build(() => [anyTask('load').map([1]), anyTask('load[0]')()]);

  assert.match(toDot(graph, { stateOf: states({ load: mapped('Success') }) }), /^ +"load\[0\]'" /m);
});

test('names may be any text', () => {
  const label = (name: string) => /^ {2}"(.*)" \[label=(.*) style=/m.exec(toDot(named(name)))![2];

  assert.equal(label('a "b" <c> & \\n'), String.raw`"a \"b\" <c> &amp; \\n"`);
  assert.equal(label('two\r\nlines\u0000\ud800'), String.raw`"two\nlines${'\ufffd\ufffd'}"`);
  assert.equal(label('Prüfung 日本 🧵\\'), String.raw`"Prüfung 日本 🧵\\"`);
  assert.equal(toDot(named(hostile)).split('\n').length, toDot(named('a')).split('\n').length);
});

test('names that look the same in print stay two tasks', () => {
  const graph = new Graph('f');
  graph.build(() => [anyTask('a\u0000')(), anyTask('a\u0001')()]);

  assert.match(toDot(graph), /^ {2}"a\ufffd" \[label="a\ufffd" .*\n {2}"a\ufffd'" \[label="a\ufffd"/m);
});
