import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Flow } from 'heddle';
import { register, square, tally } from '../../fixtures/stateful.ts';
import type { Rule } from '../contract.ts';

export function stateRules(rule: Rule): void {
  rule('a task that assigns a variable of its module is told so before it runs, with the line [S01]', async (run) => {
    const { state, logs } = await run(new Flow('stateful', () => tally.map([1, 2, 3])));

    assert.deepEqual(state.output, [1, 2, 3]);
    const first = logs.find(({ level }) => level === 'warn');
    assert.ok(logs.indexOf(first!) < logs.findIndex(({ task }) => task === 'tally'), 'told before it runs');
    const [count, seen] = [`'count' (${placeOf('count')}:3)`, `'seen' (test/fixtures/stateful.ts:`];
    assert.ok(first?.message.startsWith(`task 'tally' changes ${count}, ${seen}`), first?.message);
    assert.match(
      first?.message ?? '',
      /each thread .* its own copy .* return the value, .* signals\.LOOP.* resourceManager.* \?\?=/,
    );
  });

  rule('so is a task that is a class, for each run of a flow once [S01]', async (run) => {
    const flow = new Flow('stateful', () => [register.map([1, 2, 3]), register.with({ slug: 'again' })(4)]);

    const runs = [await run(flow), await run(flow)];

    for (const { logs } of runs) {
      const warnings = logs.filter(({ level }) => level === 'warn').map(({ message }) => message);
      assert.equal(warnings.length, 1);
      assert.ok(warnings[0]?.startsWith(`task 'register' changes 'Register.entries' (${placeOf('entries')}:5) `));
    }
  });

  rule('a task that keeps what saves work is told nothing', async (run) => {
    const { state, logs } = await run(new Flow('quiet', () => square.map([2, 2, 3])));

    assert.deepEqual(state.output, [4, 4, 9]);
    assert.deepEqual(
      logs.filter(({ level }) => level === 'warn'),
      [],
    );
  });
}

function placeOf(mark: string): string {
  const file = 'test/fixtures/stateful.ts';
  const lines = readFileSync(file, 'utf8').split('\n');
  return `${file}:${lines.findIndex((line) => line.endsWith(`// mark: ${mark}`)) + 1}`;
}
