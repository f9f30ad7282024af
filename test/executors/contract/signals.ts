import assert from 'node:assert/strict';
import { Flow } from 'heddle';
import {
  giveBack,
  giveBackLater,
  signalling,
  swallow,
  untilLater,
  untilThere,
  type SignalName,
} from '../../fixtures/signals.ts';
import type { Rule } from '../contract.ts';

/** What becomes of a task run that throws it. */
const ends: Readonly<Record<SignalName, string>> = {
  FAIL: 'Failed',
  SUCCESS: 'Success',
  SKIP: 'Skipped',
  VALIDATIONFAIL: 'ValidationFailed',
  TRIGGERFAIL: 'TriggerFailed',
  PAUSE: 'Paused',
};

export function signalRules(rule: Rule): void {
  rule(
    'each signal ends its task run in the state that it names, within a time limit or without [P201] [P356]',
    async (run) => {
      const names = Object.keys(ends) as SignalName[];
      const flow = new Flow('signals', () => [
        signalling.map(names),
        signalling.with({ name: 'limited', timeout: '1m' }).map(names),
      ]);

      const { state } = await run(flow);

      for (const slug of ['signalling', 'limited']) {
        const { children } = state.of(slug);
        assert.deepEqual(
          children.map(({ type }) => type),
          Object.values(ends),
        );
        assert.deepEqual(
          children.map(({ message }) => message),
          names.map(() => 'told to'),
        );
        assert.deepEqual(children[1]?.result, new Set([1]));
        assert.equal(children[0]?.error?.message, 'told to');
      }
    },
  );

  rule(
    'RETRY asks again as often as it is thrown, though there are no retries, and counts the runs [P203] [S16]',
    async (run) => {
      const { state, logs } = await run(new Flow('sensor', () => untilThere.map([4, 1], [1, 1])));

      assert.deepEqual(state.output, [4, 1]);
      const asked = logs
        .filter(({ mapIndex, level }) => mapIndex === 0 && level === 'info')
        .map(({ message }) => message);
      assert.deepEqual(asked, ['asked 1', 'asked 2', 'asked 3', 'asked 4']);
    },
  );

  rule('what is tried a thousand times at once is told of, since it may go on for ever', async (run) => {
    const { state, logs } = await run(new Flow('poll', () => [untilThere(1_002, 0), untilLater(1_002)]));

    assert.deepEqual(state.output, [1_002, 1_002]);
    const told = logs.filter(({ message }) => message.startsWith('1000 tries so far, each at once: a RETRY signal'));
    assert.deepEqual(
      told.map(({ task, level }) => [task, level]),
      [['until-there', 'warn']],
    );
  });

  rule('a signal that is returned ends the run as one that is thrown', async (run) => {
    const { state, logs } = await run(new Flow('returned', () => [giveBack('SKIP'), giveBackLater('SKIP')]));

    assert.deepEqual(
      ['give-back', 'give-back-later'].map((slug) => state.of(slug)).map(({ type, message }) => `${type}: ${message}`),
      ['Skipped: told to', 'Skipped: told to'],
    );
    assert.deepEqual(logs.filter(({ level }) => level === 'warn').map(({ message }) => message), []); // prettier-ignore
  });

  rule('a signal that a catch swallowed ends nothing, and the log says how to let it through', async (run) => {
    const { state, logs } = await run(new Flow('swallowed', () => swallow()));

    assert.equal(state.output, 'done');
    const warning = logs.find(({ task, level }) => task === 'swallow' && level === 'warn');
    assert.match(
      warning?.message ?? '',
      /SKIP\('no rows today'\) was made but never left the task.*if \(error instanceof signals\.Signal\) throw error/,
    );
  });
}
