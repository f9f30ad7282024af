import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  areParametersApart,
  decodePlan,
  encodeParameters,
  encodePlan,
  forgetPlans,
  openPlan,
  sizeOf,
  type PlanParts,
  type RunPlan,
} from '../../src/engine/plan.ts';
import { decodeOutcomes } from '../../src/engine/outcomes.ts';
import { nameOf, someFailed } from '../../src/flow/triggers.ts';
import { attachmentsOf } from '../../src/lib/attachments.ts';

const plan: RunPlan = {
  flow: 'nightly',
  secrets: {},
  logLevel: 'info',
  logStdout: false,
  flowRunId: 'a1',
  flowRunName: 'run-a1',
  startedAt: 1_767_323_045_678,
  parameters: { path: 'a.csv', since: new Date(0) },
  name: 'score',
  reference: {
    name: 'score',
    ordinal: 0,
    module: 'file:///srv/flows/nightly.ts',
    path: 'nightly.ts',
    fingerprint: 'abcdefghijkl',
    definedAt: 'nightly.ts:3',
  },
  isMapped: true,
  retries: 3,
  retryDelayMs: 10_000,
  timeoutMs: null,
  check: 'warn',
  valueLimitBytes: 1_024,
  skipOnUpstreamSkip: true,
  trigger: nameOf(someFailed({ atLeast: 0.5 }))!,
  args: [
    { type: 'element', input: 0 },
    { type: 'whole', input: 0, isFlattened: true },
    { type: 'constant', constant: 0 },
  ],
  constants: [new Map([['a', new Set([1n])]])],
  wholeIsList: [true],
  gates: [],
  literals: [0],
};

test('a plan arrives as it was', () => {
  assert.deepEqual(arrived(plan), plan);
});

test('a plan whose trigger is code says that it is, and has no address for what was made inside a function', () => {
  const { module: _, path: __, fingerprint: ___, ...reference } = plan.reference;
  const inside = { ...plan, trigger: null, reference, timeoutMs: 500 };

  assert.deepEqual(arrived(inside), inside);
});

test('what a worker changes in its plan, it changes for itself', () => {
  const decoded = arrived(plan);

  (decoded.constants[0] as Map<string, unknown>).clear();

  assert.deepEqual(plan.constants, [new Map([['a', new Set([1n])]])]);
});

test('numbers that JSON does not know arrive as they were, wherever in a plan they are', () => {
  const odd = { parameters: { least: -Infinity }, secrets: { none: NaN }, constants: [-0] };
  const trigger = nameOf(someFailed({ atMost: Infinity }))!;

  assert.deepEqual(arrived({ ...plan, ...odd, trigger }), { ...plan, ...odd, trigger });
  for (const [key, value] of Object.entries({ ...odd, trigger })) {
    const plain = { ...plan, parameters: {}, constants: [], [key]: value };
    assert.deepEqual(arrived(plain), plain);
  }
});

test('a plan of plain values arrives as it was, and so does a parameter with the name of the prototype', () => {
  const parameters = JSON.parse('{ "__proto__": "here", "text": "\\ud800", "none": null, "flag": true }') as object;
  const plain = { ...plan, parameters: { ...parameters }, constants: ['a', 1.5, false] };

  assert.deepEqual(arrived(plain), plain);
  const odd = arrived({ ...plan, parameters: parameters as Record<string, unknown> });
  assert.deepEqual(Object.keys(odd.parameters), Object.keys(parameters));
});

test('what is long goes as bytes, which threads share: each text, and all of them together', () => {
  const [short, long] = ['a'.repeat(1_000), 'a'.repeat(2_000)];
  const plain = { ...plan, parameters: {}, secrets: {}, constants: [] };
  const many = Array.from({ length: 20 }, () => short);
  const named = Object.fromEntries(many.entries());
  const gaps = Array.from({ length: 1_000 }, (_, input) => ({ path: [input], input, isFlattened: false }));
  const args = [{ type: 'filled', constant: 0, gaps, isFlattened: false }] as const;

  assert.equal(encodePlan(partsOf({ ...plain, constants: [short] })).values, undefined);
  const others = [{ constants: [long] }, { constants: many }, { parameters: named }, { secrets: named }, { args }];
  for (const other of others) {
    const sent = { ...plain, ...other };
    const { parts, values } = encodePlan(partsOf(sent));
    assert.ok(parts.join('').length < 2_000 && values !== undefined);
    assert.deepEqual(arrived(sent), sent);
  }
});

test('what plans of a flow run have in common is read once, and nobody can change it for the others', () => {
  const plain = partsOf({ ...plan, parameters: { path: 'a.csv' }, tags: ['nightly'], constants: ['a'] });
  const [one, other] = ['score', 'score-2'].map((name) => {
    return openPlan(decodePlan(encodePlan({ ...plain, node: { ...plain.node, name } })));
  }) as [RunPlan, RunPlan];

  assert.deepEqual([one.name, other.name], ['score', 'score-2']);
  assert.equal(one.parameters, other.parameters);
  assert.notEqual(one.constants, other.constants);
  assert.throws(() => (one.tags as string[]).push('changed'), TypeError);
});

test('a large view among the constants is copied once for all plans of a flow run, which threads share', () => {
  const photo = new Uint8Array(100_000).fill(7);
  const { flowRun, ...others } = partsOf({ ...plan, constants: [photo] });
  const sent: PlanParts = { ...others, flowRun: { ...flowRun, sharesMemory: true } };
  const memoryOf = (parts: PlanParts) => [...attachmentsOf(encodePlan(parts).values!)!.attachments.values()];

  const [copy] = memoryOf(sent);
  assert.ok(copy instanceof SharedArrayBuffer);
  assert.equal(memoryOf({ ...sent, node: { ...sent.node, name: 'score-2' } })[0], copy);
  assert.ok(sizeOf(encodePlan(sent)) > 100_000);
  assert.notEqual(memoryOf({ ...sent, flowRun: { ...sent.flowRun } })[0], copy);
});

test('parameters that are long, or that no text keeps, are in no plan, and are read when they are asked for', () => {
  for (const parameters of [{ report: 'weft '.repeat(40_000) }, { since: new Date(0) }]) {
    const parts = partsOf({ ...plan, parameters });
    let count = 0;
    const readParameters = () => {
      count += 1;
      return parametersIn(parts.flowRun);
    };

    assert.ok(sizeOf(encodePlan(parts)) < 5_000);
    const read = openPlan(decodePlan(encodePlan(parts)), { readParameters });
    assert.equal(count, 0);
    assert.deepEqual([read.parameters, read.parameters], [parameters, parameters]);
    assert.equal(count, 1);
    assert.ok(Object.isFrozen(read.parameters));
  }
});

test('what is long is not kept to be read once', () => {
  const long = { ...plan, tags: ['a'.repeat(20_000)] };
  const [one, other] = [arrived(long), arrived(long)];

  assert.deepEqual(one, other);
  assert.notEqual(one.tags, other.tags);
});

test('what plans have in common is let go of when it is old, and when nothing more is to come', () => {
  const plain = partsOf({ ...plan, parameters: { path: 'a.csv' }, constants: [] });
  const read = (flowRunId = plan.flowRunId) => {
    return openPlan(decodePlan(encodePlan({ ...plain, flowRun: { ...plain.flowRun, flowRunId } }))).parameters;
  };
  const first = read();

  for (let other = 1; other < 32; other += 1) read(`run-${other}`);
  assert.equal(read(), first);
  read('run-32');
  const again = read();
  assert.notEqual(again, first);

  forgetPlans();
  assert.notEqual(read(), again);
});

function arrived(sent: RunPlan): RunPlan {
  const parts = partsOf(sent);
  const readParameters = areParametersApart(parts.flowRun) ? () => parametersIn(parts.flowRun) : undefined;
  return openPlan(decodePlan(encodePlan(parts)), { readParameters });
}

/** As they come, apart from plans. */
function parametersIn(flowRun: PlanParts['flowRun']): RunPlan['parameters'] {
  return decodeOutcomes(encodeParameters(flowRun).bytes).values[0] as RunPlan['parameters'];
}

function partsOf(sent: RunPlan): PlanParts {
  const { flow, flowRunId, flowRunName, startedAt, parameters, secrets, logLevel, ...others } = sent;
  const { name, isMapped, args, constants, wholeIsList, literals, gates, ...task } = others;
  const node = { name, isMapped, args, constants, wholeIsList, literals, ...(gates && { gates }) };
  return { flowRun: { flow, flowRunId, flowRunName, startedAt, parameters, secrets, logLevel }, task, node };
}
