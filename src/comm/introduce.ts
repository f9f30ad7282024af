import { formatDuration } from '../lib/duration.ts';
import { HeddleError } from '../lib/heddle-error.ts';
import { version } from '../lib/version.ts';
import { protocolVersion, type Hello, type Refused, type Welcome } from '../protocol/messages.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import type { Comm, CommHandlers } from './comm.ts';
import { notHeddle } from './connection-error.ts';
import { Watch } from './watch.ts';

/**
 * How many times longer we wait for a scheduler than it does for us. It judges who is gone, and may have slept; what we
 * say too late changes nothing there. A worker joins again, so it gives up sooner; with its scheduler a flow run is
 * lost. TCP tries again less and less often, so what was sent while a network was down may come as late again.
 */
const patience = { worker: 3, client: 6 } as const;

interface Quiet {
  /** Called now and then when nothing was heard of the scheduler for a while; after `limitMs` it is given up. */
  readonly quiet?: (silence: { readonly silentMs: number; readonly limitMs: number }) => void;
}

/**
 * Says hello on a fresh comm and listens to it. Resolves when the scheduler welcomes us; what it says after that goes
 * to `handlers`. Rejects with the scheduler's own reason when it refuses, `NOT_A_HEDDLE_ADDRESS` when it says something
 * else, `CONNECTION_TIMEOUT` when it says nothing for `answerTimeoutMs`, and `CONNECTION_LOST` when the comm closes
 * first. Afterwards a scheduler that stays silent is given up: see `patience`.
 */
export async function introduce<In extends { readonly type: string }, Out>(
  comm: Comm<In | Welcome | Refused, Out | Hello>,
  self: Pick<Hello, 'role' | 'name' | 'threads' | 'has' | 'within'>,
  handlers: Pick<CommHandlers<In>, 'message' | 'closed'> & Quiet,
  { answerTimeoutMs = 10_000 } = {},
): Promise<Welcome> {
  const answer = Promise.withResolvers<Welcome | Refused>();
  let watch: Watch | undefined;
  comm.listen({
    message: (message) => {
      if (watch === undefined) {
        // At once, because what it says next may have come with it.
        if (isWelcome(message)) watch = watchOver(comm, patience[self.role] * message.heartbeatTimeoutMs, handlers);
        return answer.resolve(message as Welcome | Refused);
      }
      try {
        handlers.message(message as In);
      } catch (error) {
        // What a peer sent ends its connection, and nothing else.
        if (!(error instanceof ProtocolError)) throw error;
        void comm.close(error.message);
      }
    },
    seen: () => watch?.seen(),
    closed: (closed) => {
      watch?.stop();
      if (watch !== undefined) return handlers.closed(closed);
      const message = `${comm.peer} closed the connection before it let us in: ${closed.reason}`;
      answer.reject(new HeddleError('CONNECTION_LOST', message, { address: comm.peer }));
    },
  });
  const { node } = process.versions;
  comm.send({ type: 'hello', protocol: protocolVersion, heddle: version, node, time: Date.now(), ...self });
  return await answered(comm, answer.promise, answerTimeoutMs);
}

function watchOver<In, Out>(comm: Comm<In, Out>, limitMs: number, { quiet }: Quiet): Watch {
  return new Watch(limitMs, {
    look: () => comm.look(),
    quiet: (silentMs) => quiet?.({ silentMs, limitMs }),
    gone: (silentMs) => void comm.hangUp(`the scheduler showed no sign of life for ${formatDuration(silentMs)}`),
  });
}

function isWelcome(message: { readonly type: string }): message is Welcome {
  return message.type === 'welcome';
}

async function answered<In, Out>(
  comm: Comm<In, Out>,
  answer: Promise<Welcome | Refused>,
  timeoutMs: number,
): Promise<Welcome> {
  const { promise: nothing, resolve } = Promise.withResolvers<undefined>();
  const watch = new Watch(timeoutMs, { gone: () => resolve(undefined) });
  const message = await Promise.race([answer, nothing]).finally(() => watch.stop());
  if (message?.type === 'welcome') return message;
  const error = whyNotLetIn(message, comm.peer, timeoutMs);
  void comm.hangUp(error.message);
  throw error;
}

function whyNotLetIn(answer: Refused | undefined, address: string, timeoutMs: number): HeddleError {
  if (answer?.type === 'refused') return new HeddleError(answer.code, answer.message, { address });
  if (answer !== undefined) return notHeddle(address, 'its answer made no sense', {});
  // It has answered with our subprotocol before, so somebody of ours is there.
  const message =
    `${address} let us in, and then did not answer our hello within ${formatDuration(timeoutMs)}: see whether the ` +
    'scheduler hangs, and whether what lies between, like a VPN, loses large packets (MTU)';
  return new HeddleError('CONNECTION_TIMEOUT', message, { address, timeoutMs });
}
