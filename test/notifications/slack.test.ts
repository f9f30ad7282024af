import assert from 'node:assert/strict';
import { test } from 'node:test';
import { context, Flow, signals, slackNotifier, task, type LogRecord, type SlackOptions } from 'heddle';
import { startWebhook } from '../fixtures/webhook.ts';

const ok = task('ok', () => 1);
const fail = task('fail', () => {
  throw new RangeError('fewer than <3> rows & no more');
});

test('each change of a flow is posted, with its names, its state and the colour of it', async () => {
  await using hook = await startWebhook();
  const flow = flowWith(ok, { webhookUrl: hook.url });

  await run(flow);

  assert.deepEqual(
    hook.posts.map(({ text }) => text),
    ['flow nightly: Running', 'flow nightly: Success'],
  );
  const [attachment] = hook.posts[1]!.attachments;
  assert.equal(attachment?.color, '#28a745');
  assert.equal(attachment?.text, 'All reference tasks succeeded.');
  assert.deepEqual(
    attachment?.fields.map(({ title, value }) => [title, value]),
    [
      ['Flow run', 'monday'],
      ['Before', 'Running'],
    ],
  );
});

test('a message is no markup to the chat, and holds no secret', async () => {
  await using hook = await startWebhook();
  const tellSecret = task('tell', () => {
    throw new Error(`cannot log in with ${String(context.secrets['DOOR'])}`);
  });
  const onlyStates = ['Failed'] as const;

  await run(flowWith(fail, { webhookUrl: hook.url, onlyStates }));
  await run(flowWith(tellSecret, { webhookUrl: hook.url, onlyStates }), { DOOR: 'sesame-open' });

  const [first, second] = hook.posts.map(({ attachments }) => attachments[0]!);
  assert.match(first!.text, /fewer than &lt;3&gt; rows &amp; no more/);
  assert.match(second!.text, /cannot log in with \*\*\*/);
});

const choices: [what: string, options: SlackOptions, posted: string[]][] = [
  ['only failures', { onlyStates: ['Failed'] }, ['TimedOut']],
  ['only failures of another kind', { onlyStates: ['Crashed'] }, []],
  ['what is not ignored', { ignoreStates: ['Failed'] }, ['Running']],
  ['what is wanted and not ignored', { onlyStates: ['Running', 'Failed'], ignoreStates: ['TimedOut'] }, ['Running']],
];

for (const [what, options, posted] of choices) {
  test(`of a task that times out, ${what}: ${posted.join(', ') || 'nothing'} is posted [P194]`, async () => {
    await using hook = await startWebhook();
    const stateHandlers = [slackNotifier({ webhookUrl: hook.url, ...options })];
    const late = task('late', { timeout: 1, stateHandlers }, async () => {
      await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
    });

    await run(new Flow('nightly', () => late()));

    assert.deepEqual(
      hook.posts.map(({ text }) => text),
      posted.map((type) => `late of flow nightly: ${type}`),
    );
  });
}

test('the address is that of a secret, by its usual name or another [P194]', async () => {
  await using hook = await startWebhook();
  const onlyStates = ['Success'] as const;

  await run(flowWith(ok, { onlyStates }), { SLACK_WEBHOOK_URL: hook.url });
  await run(flowWith(ok, { onlyStates, secret: 'CHAT' }), { CHAT: hook.url });

  assert.equal(hook.posts.length, 2);
});

test('a secret that is not there, or is no address, is a warning that says so', async () => {
  const missing = await run(flowWith(ok, { secret: 'CHAT' }));
  const wrong = await run(flowWith(ok, { secret: 'CHAT' }), { CHAT: 'sesame-open' });

  assert.deepEqual([missing.state.type, wrong.state.type], ['Success', 'Success']);
  assert.match(missing.warnings[0]!, /slackNotifier could not tell of Running.*secret 'CHAT' was not found/);
  assert.match(wrong.warnings[0]!, /the secret 'CHAT' is no address that begins with https/);
});

test('an answer that is not OK is a warning with its status, and the state is what it was', async () => {
  await using hook = await startWebhook((response) => response.writeHead(404).end(`no team at ${hook.url}`));

  const { state, warnings } = await run(flowWith(ok, { webhookUrl: hook.url }));

  assert.equal(state.type, 'Success');
  const message = /could not tell of Running, which changes nothing.*HTTP 404: no team at \*\*\* .*for the next 10 s/;
  assert.match(warnings[0]!, message, 'the address is a secret');
});

test('after something went wrong nothing more is posted for a while, so that a thousand failures are no storm', async () => {
  await using hook = await startWebhook((response) => response.writeHead(429, { 'retry-after': '3600' }).end());
  const stateHandlers = [slackNotifier({ webhookUrl: hook.url, onlyStates: ['Failed'] })];
  const failing = task('failing', { stateHandlers }, (row: number) => {
    throw new signals.FAIL(`no row ${row}`);
  });

  const { warnings } = await run(new Flow('storm', () => failing.map(Array.from({ length: 50 }, (_, index) => index))));

  assert.equal(hook.posts.length, 1);
  const own = warnings.filter((message) => message.startsWith('slackNotifier'));
  assert.equal(own.length, 1);
  assert.match(own[0]!, /HTTP 429.*nothing is posted there for the next 3600 s/);
});

test('a webhook that never answers holds the run for its timeout at most', async () => {
  await using hook = await startWebhook(() => {});

  const { state, warnings } = await run(flowWith(ok, { webhookUrl: hook.url, timeout: 20 }));

  assert.equal(state.type, 'Success');
  assert.match(warnings[0]!, /the webhook did not answer within 0\.02 s/);
});

test('a webhook that nobody listens at is a warning that says why', async () => {
  const { warnings } = await run(flowWith(ok, { webhookUrl: 'http://127.0.0.1:1/services' }));

  assert.match(warnings[0]!, /fetch failed: (?:bad port|connect ECONNREFUSED)/);
});

const wrong: [options: object, message: RegExp][] = [
  [{ webhokUrl: 'http://x' }, /slackNotifier\(\) has no option 'webhokUrl'\. Did you mean 'webhookUrl'/],
  [{ webhookUrl: 'hooks.slack.com' }, /'webhookUrl' of slackNotifier\(\) should be an address like/],
  [{ onlyStates: ['failed'] }, /'onlyStates' of slackNotifier\(\) should be an array of states, of Pending,.*Failed/],
  [{ onlyStates: ['Success', 'failed'] }, /Failed.*; got 'failed' in it\. Did you mean 'Failed'\?$/],
  [{ ignoreStates: 'Failed' }, /'ignoreStates' of slackNotifier\(\) should be an array of states,.*; got 'Failed'$/],
  [{ webhookUrl: 'http://x', secret: 'CHAT' }, /it was given both/],
  [{ timeout: 'soon' }, /'timeout' of slackNotifier\(\)/],
];

for (const [options, message] of wrong) {
  test(`slackNotifier(${JSON.stringify(options)}) is wrong usage`, () => {
    assert.throws(() => slackNotifier(options), { name: 'TypeError', message });
  });
}

function flowWith(body: () => unknown, options: SlackOptions) {
  return new Flow('nightly', { stateHandlers: [slackNotifier(options)] }, () => body());
}

async function run(flow: Flow, secrets: Record<string, string> = {}) {
  const records: LogRecord[] = [];
  const state = await flow.run({ secrets, flowRunName: 'monday', onLog: (record) => records.push(record) });
  const warnings = records.filter(({ level }) => level === 'warn').map(({ message }) => message);
  return { state, warnings };
}
