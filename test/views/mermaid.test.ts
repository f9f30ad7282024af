import assert from 'node:assert/strict';
import { test } from 'node:test';
import { State, type StateType } from '../../src/flow/state.ts';
import { toMermaid } from '../../src/views/mermaid.ts';
import { hostile, mapped, named, nightly, states } from './fixtures.ts';

test('a flow is drawn with its mapped tasks as boxes, mapped edges broken, ordering edges dotted', () => {
  assert.equal(
    toMermaid(nightly()),
    `flowchart TB
  n0(["path"])
  n1("load")
  n2["score #60;map#62;"]
  n3["clean #60;map#62;"]
  n4("total")
  n5("notify")
  n0 --> n1
  n1 -.->|"1"| n2
  n2 -.-> n3
  n3 --> n4
  n4 -.-> n5
  linkStyle 4 stroke-dasharray:1 4
`,
  );
});

test('with states, shapes have their colours, and children their own shapes', () => {
  const stateOf = states({
    load: new State('Success', 'Done.'),
    score: mapped('Success', 'Failed'),
    clean: mapped('Success', 'Skipped'),
    total: new State('Cancelled', 'Stopped.'),
  });

  assert.equal(
    toMermaid(nightly(), { stateOf, horizontal: true }),
    `flowchart LR
  n0(["path"])
  n1("load<br/>Success"):::Success
  subgraph n2["score #60;map#62;<br/>1 Success, 1 Failed"]
    n3["0"]:::Success
    n4["1<br/>Failed"]:::Failed
  end
  subgraph n5["clean #60;map#62;<br/>1 Success, 1 Skipped"]
    n6["0"]:::Success
    n7["1<br/>Skipped"]:::Skipped
  end
  n8("total<br/>Cancelled"):::Cancelled
  n9("notify")
  n0 --> n1
  n1 -.->|"1"| n2
  n3 -.-> n6
  n4 -.-> n7
  n5 --> n8
  n8 -.-> n9
  linkStyle 5 stroke-dasharray:1 4
  classDef Success fill:#28a74580,stroke:#28a745
  classDef Failed fill:#eb000080,stroke:#eb0000
  classDef Skipped fill:#62757f80,stroke:#62757f
  classDef Cancelled fill:#bdbdbd80,stroke:#bdbdbd
`,
  );
});

test('many children have the colour of those that failed, else of those on their way, else of most', () => {
  const classOf = (...types: readonly StateType[]) => {
    const many: StateType[] = Array.from({ length: 30 }, () => 'Success');
    return /:::(\w+)/.exec(toMermaid(nightly(), { stateOf: states({ score: mapped(...many, ...types) }) }))![1];
  };

  assert.equal(classOf('Skipped', 'Running', 'TimedOut'), 'TimedOut');
  assert.equal(classOf('Skipped', 'Running'), 'Running');
  assert.equal(classOf('Skipped'), 'Success');
});

test('names may be any text', () => {
  const label = (name: string) => /n0\((.*)\)$/m.exec(toMermaid(named(name)))![1];

  assert.equal(label('load_rows [1] 日本'), '"load_rows [1] 日本"');
  assert.equal(label('a "b" <c> & #1;\nd'), '"a #34;b#34; #60;c#62; #38; #35;1#59;<br/>d"');
  assert.equal(label('`*a*` $$x$$ \\n'), '"#96;#42;a#42;#96; #36;#36;x#36;#36; #92;n"');
  assert.doesNotMatch(toMermaid(named(hostile)), /[`%\\]|<(?!br\/>)|init:/);
});
