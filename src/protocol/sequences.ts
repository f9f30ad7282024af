// Which messages must arrive in the order in which they were sent. A big message takes its time, and what is sent after
// it goes ahead of it (a cancel must not wait for 256 MB), except where this table says that the order matters: the
// messages of one sequence arrive in order. Whoever adds a message decides its sequence here.

import { unreachable } from '../lib/unreachable.ts';
import type { Message } from './messages.ts';

/** A number is an attempt or an array, whichever the messages of that direction speak of. */
export type Sequence = number | string;

/** Of messages that arrive behind all that was sent before them, in whatever sequence. */
export const behindAll = 'all';

/** The sequence of a message; none for one that may go ahead of any other. */
export function sequenceOf(message: Message): Sequence | undefined {
  switch (message.type) {
    // To the scheduler, all that is told of one attempt: logs come before the outcome of which they tell, and the end
    // last. To the client, the same of one array.
    case 'settled':
    case 'logs':
      return 'array' in message ? message.array : 'attempt' in message ? message.attempt : undefined;
    case 'delayed':
    case 'lost':
    case 'timed-out':
    case 'importing':
    case 'returned':
    case 'opened':
    case 'ended':
      return message.attempt;
    case 'started':
      return message.array;
    // To a worker: an array is defined before it is run, and forgotten after that. What waits behind an attempt comes
    // after it, and is called back after that. What is to keep its reports is there by then, or over. For what it needs
    // whole, which is of another array, the worker waits.
    case 'define':
      return message.definition.array;
    case 'whole':
    case 'run':
    case 'recall':
    case 'hold':
    case 'go-on':
    case 'forget':
      return message.array;
    case 'resource-logs':
    case 'closed':
      return message.resource;
    // From a client: an array that another one needs is submitted before it.
    case 'submit':
    case 'release':
    case 'seal':
      return 'arrays';
    // Nothing more is to be expected after them.
    case 'close':
    case 'idle':
      return behindAll;
    // The first message of each end; small, and sent before there is anything that it could overtake.
    case 'hello':
    case 'welcome':
    case 'refused':
    // An attempt that arrives after its cancel is not run, and a submission that does is not taken.
    case 'cancel':
    case 'close-resource':
    // Questions and their answers.
    case 'take':
    case 'block':
    case 'need-code':
    case 'code':
    case 'need-bundle':
    case 'bundle':
    case 'failed':
    case 'workers':
    case 'vitals':
    case 'draining':
      return undefined;
    default:
      return unreachable(message);
  }
}
