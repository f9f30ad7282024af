import assert from 'node:assert/strict';
import { Flow, triggers, unmapped, type Trigger } from 'heddle';
import {
  add,
  countFor,
  doneBefore,
  end,
  inc,
  ran,
  range,
  ranIfBroken,
  ranIfLate,
  ranIfOneFailed,
  skipOdd,
  sum,
  type Outcome,
} from '../../fixtures/tasks.ts';
import { pauses } from '../../fixtures/loops.ts';
import type { Rule } from '../contract.ts';

const { allFailed, allFinished, allSuccessful, alwaysRun, anyFailed, anySuccessful, manualOnly } = triggers;
const { notAllSkipped, someFailed, someSuccessful } = triggers;

const outcomes: Record<string, Outcome> = { s: 'success', f: 'fail', k: 'skip' };

/** Per trigger: upstream runs that let it start, and upstream runs that do not, with what becomes of it then. */
const table: readonly [string, Trigger, readonly string[], Readonly<Record<string, string>>][] = [
  ['allSuccessful', allSuccessful, ['', 'ss', 'sk', 'kk'], { sf: 'some of the upstream tasks failed', ff: 'some of' }],
  ['allFailed', allFailed, ['', 'ff'], { sf: 'some of the upstream tasks succeeded', kf: 'succeeded', ss: 'some of' }],
  ['anySuccessful', anySuccessful, ['', 'sf', 'ss', 'kf'], { ff: 'none of the upstream tasks succeeded' }],
  ['anyFailed', anyFailed, ['', 'sf', 'ff'], { ss: 'none of the upstream tasks failed', kk: 'none of' }],
  ['allFinished', allFinished, ['', 'ss', 'ff', 'skf'], {}],
  ['alwaysRun', alwaysRun, ['', 'ss', 'ff', 'skf'], {}],
  ['notAllSkipped', notAllSkipped, ['', 'ss', 'sk'], { sf: 'some of the upstream tasks failed' }],
  ['someFailed', someFailed({ atLeast: 1, atMost: 0.5 }), ['', 'sf', 'ssff'], { ss: 'thresholds', sff: 'not met' }],
  ['someSuccessful', someSuccessful({ atLeast: 2 }), ['', 'ss', 'skf'], { sf: '1 of 2 upstream runs succeeded' }],
];

export function triggerRules(rule: Rule): void {
  rule(
    'each trigger starts its task for some mixes of upstream runs, and refuses others in words [P211] [P212] [P218]',
    async (run) => {
      const flow = new Flow('triggers', () => {
        for (const [name, trigger, starting, refusing] of table) {
          for (const mix of [...starting, ...Object.keys(refusing)]) after(mix, `${name} ${mix}`, trigger);
        }
      });

      const { state } = await run(flow);

      for (const [name, , starting, refusing] of table) {
        for (const mix of starting) assert.equal(state.of(`${name} ${mix}`).result, 'ran', `${name} after '${mix}'`);
        for (const [mix, why] of Object.entries(refusing)) {
          const { type, message } = state.of(`${name} ${mix}`);
          assert.equal(type, 'TriggerFailed', `${name} after '${mix}'`);
          assert.ok(message.startsWith(`Trigger was "${name}" but `) && message.includes(why), message);
        }
      }
    },
  );

  rule('a trigger sees upstream runs that are not mapped one by one', async (run) => {
    const flow = new Flow('upstream-tasks', () => {
      const upstreamTasks = [end('success'), end('fail'), inc(1)];
      ran.with({ slug: 'any', trigger: anyFailed, upstreamTasks })();
      ran.with({ slug: 'all', trigger: allFailed, upstreamTasks })();
    });

    const { state } = await run(flow);

    assert.deepEqual([state.of('any').type, state.of('all').type], ['Success', 'TriggerFailed']);
    assert.equal((state.of('all').error?.cause as Error).message, 'told to fail');
  });

  rule('a trigger sees each upstream run once, in however many ways a run waits for it', async (run) => {
    const flow = new Flow('twice', () => {
      const [mapped, numbers] = [end.map(['fail', 'success']), range(2)];
      return {
        childAndWhole: countFor.with({ trigger: someFailed({ atMost: 1 }) }).map(mapped as never, unmapped(mapped)),
        oneListTwice: add.with({ trigger: someSuccessful({ atMost: 1 }) }).map(numbers, numbers),
        listAndWhole: countFor.with({ trigger: someSuccessful({ atMost: 1 }) }).map(numbers, unmapped(numbers)),
      };
    });

    const { state } = await run(flow);

    assert.deepEqual({ ...state.output }, { childAndWhole: [2, 2], oneListTwice: [0, 2], listAndWhole: [2, 2] });
  });

  rule('notAllSkipped skips when all upstream runs were skipped [P213]', async (run) => {
    const { state } = await run(new Flow('all-skipped', () => after('kk', 'last', notAllSkipped)));

    assert.deepEqual([state.of('last').type, state.of('last').message], ['Skipped', 'All upstreams were skipped']);
  });

  rule('manualOnly leaves its task Paused, what follows Pending, and the run unfinished [P143] [P259]', async (run) => {
    const flow = new Flow('manual', () => {
      const paused = inc.with({ slug: 'paused', trigger: manualOnly })(1);
      const mapped = inc.with({ slug: 'mapped' }).map([paused].map(() => 1));
      return { paused, after: inc.with({ slug: 'after' })(paused), mapped };
    });

    const { state } = await run(flow);

    const { type, message } = state.of('paused');
    assert.deepEqual([type, message], ['Paused', 'Trigger function is "manualOnly"']);
    assert.deepEqual([state.of('after').type, state.of('mapped').result], ['Pending', [2]]);
    assert.deepEqual([state.type, state.isFinished()], ['Paused', false]);
  });

  rule('PAUSE leaves its task Paused, mapped or not, and what follows Pending [P149]', async (run) => {
    const flow = new Flow('paused', () => {
      inc.with({ slug: 'after' })(pauses(1));
      inc.with({ slug: 'after each' }).map(pauses.map([1, 2]));
    });

    const { state } = await run(flow);

    assert.deepEqual([state.of('pauses').type, state.of('pauses').message], ['Paused', 'ask the boss']);
    assert.deepEqual([state.of('after').type, state.type], ['Pending', 'Paused']);
    const types = ['pauses-2', 'after each'].map((slug) => state.of(slug).children.map(({ type }) => type));
    assert.deepEqual(types, [['Paused', 'Paused'], ['Pending', 'Pending']]); // prettier-ignore
  });

  rule('what waits for a paused run is Pending, though it would be skipped or fail for another one', async (run) => {
    const flow = new Flow('paused-and-more', () => {
      const paused = pauses(1) as never;
      for (const outcome of ['skip', 'fail'] as const) {
        const other = end(outcome) as never;
        add.with({ slug: `one ${outcome}` })(other, paused);
        add.with({ slug: `each ${outcome}` }).map(other, paused);
      }
    });

    const { state } = await run(flow);

    for (const slug of ['one skip', 'each skip', 'one fail', 'each fail']) {
      assert.equal(state.of(slug).type, 'Pending', slug);
    }
  });

  rule('a run in which something is paused is Paused, whatever its reference tasks have come to', async (run) => {
    const flow = new Flow('paused-beside', () => ({ done: inc(1), waits: pauses(1) }));
    flow.setReferenceTasks([flow.plan.done]);

    const { state } = await run(flow);

    assert.equal(state.type, 'Paused');
    assert.match(state.message, /^Not finished: pauses\. To let it go on, .* approve: \['pauses'\]/);
  });

  rule('what is paused has no output, mapped or not', async (run) => {
    const flow = new Flow('no-output', () => ({ one: pauses(1), each: inc.map(pauses.map([1, 2])) }));

    const { state } = await run(flow);

    assert.throws(() => state.output.one, { code: 'OUTPUT_UNAVAILABLE', message: /'pauses' did not succeed: ask/ });
    assert.throws(() => state.output.each, { code: 'OUTPUT_UNAVAILABLE', message: /2 of 2 runs of 'inc' did not/ });
  });

  rule('what was paused goes on in a run that approves it, and what follows it [P148]', async (run) => {
    const flow = new Flow('approved', () => ({
      trigger: inc.with({ slug: 'deploy', trigger: manualOnly })(1),
      signal: sum(inc.map(pauses.map([1, 2]))),
      other: pauses.with({ slug: 'other' })(7),
    }));

    const { state } = await run(flow, { approve: ['deploy', 'pauses'] });

    assert.equal(state.type, 'Paused');
    assert.equal(state.message, `Not finished: other. To let it go on, run the flow again with approve: ['other'].`);
    assert.deepEqual([state.of('deploy').result, state.of('sum').result], [2, 5]);
    const all = await run(flow, { approve: ['deploy', 'pauses', 'other'] });
    assert.deepEqual({ ...all.state.output }, { trigger: 2, signal: 5, other: 7 });
  });

  rule(
    'a function of the author can be a trigger, and one that throws is told apart from one that refuses [P146]',
    async (run) => {
      const flow = new Flow('custom', () => {
        ranIfOneFailed.with({ slug: 'yes', upstreamTasks: [upstream('sf')] })();
        ranIfOneFailed.with({ slug: 'no', upstreamTasks: [upstream('ff')] })();
        ranIfBroken.with({ slug: 'broken', upstreamTasks: [upstream('s')] })();
      });

      const { state } = await run(flow);

      assert.equal(state.of('yes').result, 'ran');
      assert.deepEqual(
        [state.of('no').type, state.of('no').message],
        ['TriggerFailed', 'Trigger failed: it returned false.'],
      );
      assert.equal(state.of('broken').type, 'TriggerFailed');
      assert.match(state.of('broken').message, /TypeError: a trigger with a bug/);
      assert.equal((state.of('broken').error?.cause as Error).name, 'TypeError');
    },
  );

  rule('a signal of a trigger ends the run in its state, with what else it carries', async (run) => {
    const flow = new Flow('signals-of-triggers', () => inc(doneBefore() as never));

    const { state } = await run(flow);

    assert.deepEqual([state.of('done-before').message, state.of('done-before').error], ['it was done', undefined]);
    assert.equal(state.of('inc').result, 'done before1');
  });

  rule('a trigger that gives a promise is no yes', async (run) => {
    const flow = new Flow('late', () => ranIfLate());

    const { state } = await run(flow);

    assert.equal(state.of('ran-if-late').type, 'TriggerFailed');
    assert.match(
      state.of('ran-if-late').message,
      /trigger: TypeError: it gave a promise: .* must give its answer at once/,
    );
  });

  rule('a failed child fails its index downstream and the reduce; its neighbours go on [P022] [P024]', async (run) => {
    const flow = new Flow('one-bad', () => {
      const mapped = inc.map(inc.map(end.map(['success', 'fail', 'success']).setUpstream(inc(1)) as never));
      return { mapped, total: sum(mapped) };
    });

    const { state } = await run(flow);

    const types = (slug: string) => state.of(slug).children.map(({ type }) => type);
    assert.deepEqual(types('end'), ['Success', 'Failed', 'Success']);
    assert.deepEqual(types('inc-2'), ['Success', 'TriggerFailed', 'Success']);
    assert.deepEqual(types('inc-3'), ['Success', 'TriggerFailed', 'Success']);
    assert.deepEqual(state.of('inc-3').result, ['success11', undefined, 'success11']);
    assert.deepEqual([state.of('sum').type, state.type], ['TriggerFailed', 'Failed']);
    assert.match(state.message, /^Some reference tasks failed: sum: Trigger was "allSuccessful"/);
    const { cause } = state.error!;
    assert.equal((cause as Error).message, 'told to fail');
    assert.throws(() => state.output.total, { code: 'OUTPUT_UNAVAILABLE', cause, message: /state\.message says why/ });
  });

  rule(
    'a skipped child skips its index downstream and the reduce; that is a success [P009] [P136] [P145]',
    async (run) => {
      const flow = new Flow('skips', () => {
        const mapped = inc.map(skipOdd.map([0, 1, 2]));
        const tolerant = sum.with({ slug: 'tolerant', skipOnUpstreamSkip: false })(mapped);
        return { mapped, total: sum(mapped), tolerant };
      });

      const { state } = await run(flow);

      const [, odd] = state.of('skip-odd').children;
      assert.deepEqual([odd?.type, odd?.message, odd?.error], ['Skipped', '1 is odd', undefined]);
      const [, after] = state.of('inc').children;
      assert.deepEqual([after?.type, state.of('inc').result], ['Skipped', [1, undefined, 3]]);
      assert.match(after?.message ?? '', /set skipOnUpstreamSkip: false on task 'inc'/);
      assert.deepEqual([state.of('sum').type, state.type, state.isSuccessful()], ['Skipped', 'Success', true]);
      assert.deepEqual([state.of('tolerant').type, state.of('tolerant').result], ['Success', Number.NaN]);
    },
  );
}

function upstream(mix: string) {
  return end.map(mix.split('').map((letter) => outcomes[letter]!)) as never;
}

function after(mix: string, slug: string, trigger: Trigger): void {
  ran.with({ slug, trigger, ...(mix !== '' && { upstreamTasks: [upstream(mix)] }) })();
}
