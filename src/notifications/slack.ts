// Tells a chat of what becomes of runs, by a webhook that takes what Slack's takes (Mattermost and others do).
//
// It only tells. Whatever goes wrong on the way is a warning in the run's log: a run does not fail because a chat did
// not answer. Nothing is tried again, and after something went wrong the webhook is left alone for a while: a thousand
// failing children would wait for a dead one a thousand times.

import { toMilliseconds, type Duration } from '../lib/duration.ts';
import { UsageError } from '../lib/heddle-error.ts';
import { didYouMean } from '../lib/nearest.ts';
import { checkOptions, describe, rules } from '../lib/options.ts';
import { timerMs } from '../lib/timer.ts';
import { messageIn } from '../lib/thrown-text.ts';
import type { State, StateType } from '../flow/state.ts';
import { stateColors } from '../views/state-colors.ts';
import { context } from '../engine/context.ts';
import { hideSecret, withoutSecrets } from '../engine/secrets.ts';

export interface SlackOptions {
  /** The address that the chat gave you. It is a secret: better to name one with `secret`. */
  readonly webhookUrl?: string;
  /** The name of the secret that holds the address; `'SLACK_WEBHOOK_URL'` by default. */
  readonly secret?: string;
  /**
   * The states to tell of; all by default. `Failed` stands for `TimedOut` and all other failures too, `Success` for
   * `Cached`, `Skipped` and `Mapped`, `Pending` for `Retrying`, `Paused` and all else that waits.
   */
  readonly onlyStates?: readonly StateType[];
  /** The states not to tell of, likewise. */
  readonly ignoreStates?: readonly StateType[];
  /** How long the chat may take to answer; `'5s'` by default. The run waits for it. */
  readonly timeout?: Duration;
}

/** A state handler for tasks and for flows. */
export type Notifier = (change: {
  readonly task?: { readonly name: string };
  readonly flow?: { readonly name: string };
  readonly mapIndex?: number | undefined;
  readonly from: State;
  readonly to: State;
}) => Promise<void>;

/** How long a webhook is left alone after something went wrong, unless it says so itself. */
const pauseMs = 10_000;
/** More of a message than this nobody reads in a chat. */
const mostCharacters = 2_000;

const stateTypes = Object.keys(stateColors);
const isListOfStates = (value: unknown) => Array.isArray(value) && value.every((each) => stateTypes.includes(each));
const states = {
  expected: `an array of states, of ${stateTypes.join(', ')}`,
  holds: isListOfStates,
  got: (value: unknown) => {
    const wrong: unknown = Array.isArray(value) ? value.find((each) => !stateTypes.includes(each)) : undefined;
    if (typeof wrong !== 'string') return describe(value);
    return `${describe(wrong)} in it.${didYouMean(wrong, stateTypes)}`;
  },
};
const isAddress = (value: unknown) => typeof value === 'string' && /^https?:/.test(value) && URL.canParse(value);
const slackRules = {
  webhookUrl: { expected: "an address like 'https://hooks.slack.com/services/…'", holds: isAddress },
  secret: rules.text,
  onlyStates: states,
  ignoreStates: states,
  timeout: rules.anything,
};

/** Of each webhook that went wrong: until when it is left alone, in milliseconds since 1970. */
const quietUntil = new Map<string, number>();

/**
 * Posts each new state of a run to a chat. Put it into the `stateHandlers` of a flow, or of a task:
 * `slackNotifier({ onlyStates: ['Failed'] })`.
 */
export function slackNotifier(options: SlackOptions = {}): Notifier {
  checkOptions('slackNotifier()', options, slackRules);
  const { webhookUrl, secret = 'SLACK_WEBHOOK_URL', onlyStates, ignoreStates = [], timeout = '5s' } = options;
  if (webhookUrl !== undefined && options.secret !== undefined) {
    const message = 'slackNotifier() takes its address from webhookUrl or from a secret; it was given both';
    throw new UsageError('INVALID_OPTION', message, { option: 'secret' });
  }
  const timeoutMs = toMilliseconds(timeout, "option 'timeout' of slackNotifier()");
  return async (change) => {
    const { to } = change;
    if (onlyStates !== undefined && !onlyStates.some((type) => isOfKind(to, type))) return;
    if (ignoreStates.some((type) => isOfKind(to, type))) return;
    try {
      const address = webhookUrl ?? addressIn(secret);
      hideSecret(address);
      await post(address, { body: JSON.stringify(messageOf(change)), timeoutMs });
    } catch (error) {
      const why = messageIn(error);
      context.logger.warn(`slackNotifier could not tell of ${to.type}, which changes nothing for the run: ${why}`);
    }
  };
}

function isOfKind(state: State, type: StateType): boolean {
  if (type === 'Failed') return state.isFailed();
  if (type === 'Success') return state.isSuccessful();
  return state.type === type || (type === 'Pending' && state.isPending());
}

function addressIn(secret: string): string {
  const address: unknown = context.secrets[secret];
  if (isAddress(address)) return address as string;
  // Not the value, which may be a secret all the same.
  throw new Error(`the secret '${secret}' is no address that begins with https://`);
}

async function post(address: string, { body, timeoutMs }: { body: string; timeoutMs: number }): Promise<void> {
  if ((quietUntil.get(address) ?? 0) > Date.now()) return;
  let waitMs = pauseMs;
  try {
    const signal = AbortSignal.timeout(timerMs(timeoutMs));
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(address, { method: 'POST', headers, body, signal, redirect: 'error' });
    const answer = await response.text();
    if (response.ok) return;
    waitMs = 1_000 * (Number(response.headers.get('retry-after')) || 0) || pauseMs;
    throw new Error(`the webhook answered with HTTP ${response.status}: ${answer.slice(0, 200)}`);
  } catch (error) {
    quietUntil.set(address, Date.now() + waitMs);
    const message = `${reasonOf(error, timeoutMs)} (nothing is posted there for the next ${waitMs / 1_000} s)`;
    throw new Error(message, { cause: error });
  }
}

function reasonOf(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return describe(error);
  if (error.name === 'TimeoutError') return `the webhook did not answer within ${timeoutMs / 1_000} s`;
  // What fetch throws says 'fetch failed', and its cause says why.
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}

/** In the form that is understood wherever webhooks like Slack's are: a text, and an attachment with a colour. */
function messageOf({ task, flow, mapIndex, from, to }: Parameters<Notifier>[0]): object {
  const { flowName, flowRunName } = context;
  const index = mapIndex === undefined ? '' : `[${mapIndex}]`;
  const who = task === undefined ? `flow ${flow?.name ?? flowName}` : `${context.taskName}${index} of flow ${flowName}`;
  const text = `${who}: ${to.type}`;
  const own = task !== undefined && context.taskRunName !== `${context.taskName}${index}`;
  const fields = [
    { title: 'Flow run', value: flowRunName, short: true },
    ...(own ? [{ title: 'Task run', value: context.taskRunName, short: true }] : []),
    { title: 'Before', value: from.type, short: true },
  ];
  return {
    text: readable(text),
    attachments: [
      {
        fallback: readable(`${text}: ${to.message}`),
        color: stateColors[to.type],
        text: readable(to.message),
        fields: fields.map((field) => ({ ...field, value: readable(field.value) })),
        ts: Math.floor(Date.now() / 1_000),
      },
    ],
  };
}

/** A text without secrets, in which nothing is a command to the chat. */
function readable(text: string): string {
  const masked = withoutSecrets(text);
  const cut = masked.length > mostCharacters ? `${masked.slice(0, mostCharacters)} …` : masked;
  return cut.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
